//! A byte string as the life of a queue: never more than the limit, nothing lost, nothing twice.
#![no_main]

use label_fuzz::governance_world;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| governance_world::play(input));
