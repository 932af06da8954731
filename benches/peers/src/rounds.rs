//! Contestants that take turns, so that a slow moment of the machine hits all of them.

use std::hint::black_box;
use std::time::Instant;

use crate::{Contestant, Match};

/// What the rounds say of one contestant.
#[derive(Clone, Copy, Debug)]
pub struct Measurement {
    /// The median of its times, seconds for all records and policies.
    pub seconds: f64,
    /// The median over the rounds of its time divided by the first contestant's of the same round.
    pub ratio: f64,
}

/// Lets every contestant evaluate everything once in each round.
pub fn measure(rounds: usize, contestants: &mut [Box<dyn Contestant>]) -> Vec<Measurement> {
    let mut found: Vec<Match> = Vec::new();
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    for _ in 0..rounds {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            found.clear();
            let start = Instant::now();
            contestant.evaluate(black_box(&mut found));
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let first = times.first().cloned().unwrap_or_default();
    times
        .into_iter()
        .map(|times| Measurement {
            ratio: median(times.iter().zip(&first).map(|(time, first)| time / first)),
            seconds: median(times.into_iter()),
        })
        .collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
