//! The time that each engine takes for the same policies on the same records, beside ours.
//!
//! Fair: all must find the same matches first. Policies are compiled and records prepared outside
//! the timed part: our plain record, or its values as numbers in an inventory; parsed JSON
//! (`datalogic-rs`, `regorus`), a context of variables (`cel`, `wirefilter-engine`), an entity and a
//! request (`cedar-policy`). Conditions stand in the order in which ours are evaluated, cheapest
//! first. One thread, one process, taking turns; CPU time of the thread.
//! Not fair to the others: they know any rule, ours only files; label ids are texts to them and
//! numbers to us; Cedar gives reasons; an inventory's conditions were asked once for each value that
//! occurs when the sweep was made, which takes what the second line says. Not fair to ours: it ignores
//! letter case, keeps unknown apart from false, finds the extension in the name and the label in a
//! list. "All policies", Cedar and Rego take all policies of a record at once, the rest one at a
//! time. The twin by hand reads policies as data.
//!
//! Warm: the same thousand records in every round, evaluated once more just before. Cold: before each
//! record 64 MB of other memory are written. Being asked takes some of that time whoever is asked: the
//! last row.

#![forbid(unsafe_code)]

use std::env::args;

use peers::contestants::ours;
use peers::policies::Mix;
use peers::rounds::{Measurement, measure};
use peers::{Contestant, Match, WIREFILTER, cold, contestants, records};

const RECORDS: usize = 1_000;
const POLICIES: usize = 100;
const ROUNDS: usize = 101;
const ROUNDS_QUICK: usize = 21;
const COLD_RECORDS: usize = 101;
const COLD_RECORDS_QUICK: usize = 21;

fn main() {
    let is_quick = args().any(|argument| argument == "--quick");
    let (rounds, cold_records) = if is_quick {
        (ROUNDS_QUICK, COLD_RECORDS_QUICK)
    } else {
        (ROUNDS, COLD_RECORDS)
    };
    let records = records::generate(RECORDS);
    for mix in Mix::ALL {
        let policies = mix.generate(POLICIES);
        let mut contestants = contestants(&policies, &records);
        let matches = agreed_matches(&mut contestants);
        let pairs = RECORDS * POLICIES;
        println!(
            "{}: {RECORDS} records, {POLICIES} policies of 6 conditions, {matches} matches ({:.1} %)",
            mix.name(),
            matches as f64 / pairs as f64 * 100.0
        );
        let [taken_in, made] = ours::preparing(&policies, &records);
        println!(
            "ours: preparing takes {taken_in:.0} ns a record, making the sweep {:.1} ns per record and policy",
            made / pairs as f64
        );
        println!("warm, medians of {rounds} rounds");
        let warm = measure(rounds, RECORDS, &mut contestants);
        print(&contestants, &warm, pairs);
        contestants.retain(|contestant| !contestant.takes_all_records_at_once());
        contestants.push(Box::new(cold::Nothing));
        let cold = cold::measure(cold_records, &mut contestants);
        println!("cold, medians of {cold_records} records");
        print(&contestants, &cold, POLICIES);
    }
}

fn print(contestants: &[Box<dyn Contestant>], measurements: &[Measurement], pairs: usize) {
    let reference = contestants[WIREFILTER].name();
    println!(
        "{:<32}{:>24}   to {reference}",
        "", "ns per record and policy"
    );
    for (contestant, measurement) in contestants.iter().zip(measurements) {
        println!(
            "{:<32}{:>24.2}{:>10.3}",
            contestant.name(),
            measurement.seconds / pairs as f64 * 1e9,
            measurement.ratio
        );
    }
    println!();
}

/// How many matches there are; panics unless every contestant finds the same ones as the first.
fn agreed_matches(contestants: &mut [Box<dyn Contestant>]) -> usize {
    let mut expected: Option<Vec<Match>> = None;
    for contestant in contestants {
        let mut found = Vec::new();
        contestant.evaluate(0..RECORDS, &mut found);
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
