//! Contestants that take turns, so that a slow moment of the machine hits all of them.

use std::hint::black_box;

use cpu_time::ThreadTime;

use crate::{Contestant, Match, WIREFILTER};

/// What the rounds say of one contestant.
#[derive(Clone, Copy, Debug)]
pub struct Measurement {
    /// The median of its times, seconds of the thread's CPU time.
    pub seconds: f64,
    /// The median over the rounds of its time divided by that of `wirefilter-engine` in the same
    /// round.
    pub ratio: f64,
}

/// Lets every contestant evaluate all records in each round: once to warm the caches after the
/// others, and once against the time.
pub fn measure(
    rounds: usize,
    records: usize,
    contestants: &mut [Box<dyn Contestant>],
) -> Vec<Measurement> {
    let mut found: Vec<Match> = Vec::new();
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    for _ in 0..rounds {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            found.clear();
            contestant.evaluate(0..records, black_box(&mut found));
            found.clear();
            let start = ThreadTime::now();
            contestant.evaluate(0..records, black_box(&mut found));
            times.push(start.elapsed().as_secs_f64());
        }
    }
    summarise(times)
}

/// Medians of the times of each contestant.
pub(crate) fn summarise(times: Vec<Vec<f64>>) -> Vec<Measurement> {
    let first = times.get(WIREFILTER).cloned().unwrap_or_default();
    times
        .into_iter()
        .map(|times| Measurement {
            ratio: median(times.iter().zip(&first).map(|(time, first)| time / first)),
            seconds: median(times.into_iter()),
        })
        .collect()
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
