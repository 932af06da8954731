//! One record at a time, after the caches were filled with something else.

use std::hint::black_box;
use std::ops::Range;

use cpu_time::ThreadTime;

use crate::rounds::{Measurement, median, summarise};
use crate::{Contestant, Match};

/// Larger than the caches of usual machines.
const OTHER_BYTES: usize = 64 << 20;

/// Finds nothing: what it takes cold is what being asked takes, of every contestant's time.
pub struct Nothing;

impl Contestant for Nothing {
    fn name(&self) -> &'static str {
        "of each: being asked"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        black_box((records, found));
    }
}

/// Lets every contestant evaluate each of so many records alone, with cold caches. The time that
/// asking for the time takes is taken off.
pub fn measure(records: usize, contestants: &mut [Box<dyn Contestant>]) -> Vec<Measurement> {
    let mut other = vec![1_u8; OTHER_BYTES];
    let mut found: Vec<Match> = Vec::with_capacity(1 << 16);
    let mut times = vec![Vec::with_capacity(records); contestants.len()];
    let mut nothing = Vec::new();
    for record in 0..records {
        evict(&mut other);
        let start = ThreadTime::now();
        black_box(&mut found);
        nothing.push(start.elapsed().as_secs_f64());
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            found.clear();
            evict(&mut other);
            let start = ThreadTime::now();
            contestant.evaluate(record..record + 1, black_box(&mut found));
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let nothing = median(nothing.into_iter());
    for times in &mut times {
        for time in times {
            *time = (*time - nothing).max(0.0);
        }
    }
    summarise(times)
}

/// Writes to every line.
fn evict(other: &mut [u8]) {
    for byte in other.iter_mut().step_by(64) {
        *byte = byte.wrapping_add(1);
    }
    black_box(other);
}
