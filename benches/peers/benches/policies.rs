//! The time that each engine takes for the same policies on the same records, beside ours.
//!
//! Fair: all must find the same matches first. Policies are compiled and records prepared outside
//! the timed part: our record, parsed JSON (`datalogic-rs`, `regorus`), a context of variables
//! (`cel`, `wirefilter-engine`), an entity and a request (`cedar-policy`). Conditions stand in the order in which ours
//! are evaluated, cheapest first. One thread, one process, taking turns, with warm caches.
//! Not fair to the others: they know any rule, ours only files; label ids are texts to them and
//! numbers to us; Cedar gives reasons. Not fair to ours: it ignores letter case, keeps unknown apart
//! from false, finds the extension in the name and the label in a list. Our finder, Cedar and Rego take
//! all policies of a record at once, the rest one at a time; ratios are to the finder. The twin by hand
//! reads policies as data.

#![forbid(unsafe_code)]

use std::env::args;

use peers::policies::Mix;
use peers::rounds::measure;
use peers::{Contestant, Match, contestants, records};

const RECORDS: usize = 1_000;
const POLICIES: usize = 100;
const ROUNDS: usize = 101;
const ROUNDS_QUICK: usize = 21;

fn main() {
    let rounds = if args().any(|argument| argument == "--quick") {
        ROUNDS_QUICK
    } else {
        ROUNDS
    };
    let records = records::generate(RECORDS);
    for mix in Mix::ALL {
        let mut contestants = contestants(&mix.generate(POLICIES), &records);
        let matches = agreed_matches(&mut contestants);
        let pairs = (RECORDS * POLICIES) as f64;
        println!(
            "{}: {RECORDS} records, {POLICIES} policies of 5 conditions, {matches} matches \
             ({:.1} %), medians of {rounds} rounds",
            mix.name(),
            matches as f64 / pairs * 100.0
        );
        println!(
            "{:<28}{:>26}{:>10}",
            "", "ns per record and policy", "to ours"
        );
        let measurements = measure(rounds, &mut contestants);
        for (contestant, measurement) in contestants.iter().zip(measurements) {
            println!(
                "{:<28}{:>26.1}{:>10.2}",
                contestant.name(),
                measurement.seconds / pairs * 1e9,
                measurement.ratio
            );
        }
        println!();
    }
}

/// How many matches there are; panics unless every contestant finds the same ones as the first.
fn agreed_matches(contestants: &mut [Box<dyn Contestant>]) -> usize {
    let mut expected: Option<Vec<Match>> = None;
    for contestant in contestants {
        let mut found = Vec::new();
        contestant.evaluate(&mut found);
        found.sort_unstable();
        let expected = expected.get_or_insert_with(|| found.clone());
        let differs = found
            .iter()
            .zip(&*expected)
            .find(|(one, other)| one != other);
        assert!(
            found == *expected,
            "{} finds {} matches instead of {}, first otherwise: {differs:?}",
            contestant.name(),
            found.len(),
            expected.len()
        );
    }
    expected.map_or(0, |matches| matches.len())
}
