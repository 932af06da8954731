//! When conditions on times hold.

use std::ops::RangeInclusive;

use super::{clear, row, row_mut};
use crate::field::{Field, Operator};
use crate::program::{Condition, DAY_MS, Operand};

/// So many times are all compared with one.
const COUNTED_MAX: usize = 32;

/// All conditions of all policies on one time.
#[derive(Clone, Debug)]
pub(crate) struct TimeColumn {
    pub(crate) field: Field,
    /// Where the answers of some policy change: from this time on.
    starts: Vec<i64>,
    /// The policies that hold before the first start, then from each on.
    rows: Vec<u64>,
    /// Policies that hold without a time.
    missing: Vec<u64>,
}

impl TimeColumn {
    /// Of the policies, by number, and the ranges that each asks for. `None` when that takes more
    /// than `bytes_left`, from which it is taken.
    pub(crate) fn new<'r>(
        field: Field,
        asked: impl Iterator<Item = (usize, &'r [RangeInclusive<i64>])> + Clone,
        words: usize,
        bytes_left: &mut usize,
    ) -> Option<Self> {
        let mut starts: Vec<i64> = Vec::new();
        for range in asked.clone().flat_map(|(_, ranges)| ranges) {
            starts.push(*range.start());
            starts.extend(range.end().checked_add(1));
        }
        starts.sort_unstable();
        starts.dedup();
        let bytes = (starts.len() + 2) * words * size_of::<u64>();
        *bytes_left = bytes_left.checked_sub(bytes)?;
        let mut column = Self {
            field,
            rows: vec![u64::MAX; (starts.len() + 1) * words],
            missing: vec![u64::MAX; words],
            starts,
        };
        for (policy, ranges) in asked {
            clear(&mut column.missing, policy);
            for at in 0..=column.starts.len() {
                // The whole stretch up to the next start answers as its first moment does.
                let first = at
                    .checked_sub(1)
                    .and_then(|before| column.starts.get(before).copied());
                if !holds(ranges, first.unwrap_or(i64::MIN)) {
                    clear(row_mut(&mut column.rows, at, words), policy);
                }
            }
        }
        Some(column)
    }

    /// The policies whose conditions hold at this time.
    pub(crate) fn row(&self, time: Option<i64>, words: usize) -> &[u64] {
        match time {
            Some(at) => {
                // Few are counted sooner than halved.
                let passed = if self.starts.len() <= COUNTED_MAX {
                    let passed = self.starts.iter().map(|start| usize::from(*start <= at));
                    passed.sum()
                } else {
                    self.starts.partition_point(|start| *start <= at)
                };
                row(&self.rows, passed, words)
            }
            None => &self.missing,
        }
    }
}

/// Whether one of the ranges has the time.
pub(crate) fn holds(ranges: &[RangeInclusive<i64>], time: i64) -> bool {
    ranges.iter().any(|range| range.contains(&time))
}

/// When a condition on a time holds; `None` for any other condition, and for one that is measured
/// from now where now is not known.
pub(crate) fn ranges(
    condition: &Condition,
    now_ms: Option<i64>,
) -> Option<Vec<RangeInclusive<i64>>> {
    let days_ago = |days: i64| Some(now_ms?.saturating_sub(days.saturating_mul(DAY_MS)));
    Some(match (&condition.operand, condition.operator) {
        (Operand::Instant(at), Operator::Gte) => vec![*at..=i64::MAX],
        (Operand::Instant(at), Operator::Lte) => vec![i64::MIN..=*at],
        (Operand::Instant(at), Operator::Gt) => at
            .checked_add(1)
            .map(|at| at..=i64::MAX)
            .into_iter()
            .collect(),
        (Operand::Instant(at), Operator::Lt) => at
            .checked_sub(1)
            .map(|at| i64::MIN..=at)
            .into_iter()
            .collect(),
        (Operand::Days(days), Operator::GteNdays) => vec![days_ago(*days)?..=i64::MAX],
        (Operand::Days(days), Operator::LteNdays) => vec![i64::MIN..=days_ago(*days)?],
        (Operand::Ranges(ranges), _) => ranges.to_vec(),
        _ => return None,
    })
}
