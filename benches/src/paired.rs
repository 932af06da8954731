//! Contestants that take turns, so that a slow moment of the machine hits all of them.

use std::time::Instant;

/// The median time of each contestant over `rounds` rounds, in seconds, and of each the median
/// over the rounds of its time divided by the last contestant's of the same round.
pub fn medians<const N: usize>(
    rounds: usize,
    contestants: [&mut dyn FnMut(); N],
) -> [(f64, f64); N] {
    let mut contestants = contestants;
    let mut times: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    let mut ratios: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..rounds {
        let round: [f64; N] = std::array::from_fn(|at| {
            let start = Instant::now();
            if let Some(contestant) = contestants.get_mut(at) {
                contestant();
            }
            start.elapsed().as_secs_f64()
        });
        let last = round.last().copied().unwrap_or(f64::NAN);
        for ((time, times), ratios) in round.iter().zip(&mut times).zip(&mut ratios) {
            times.push(*time);
            ratios.push(*time / last);
        }
    }
    let mut result = [(f64::NAN, f64::NAN); N];
    for ((result, times), ratios) in result.iter_mut().zip(times).zip(ratios) {
        *result = (median(times), median(ratios));
    }
    result
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
