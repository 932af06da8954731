//! When conditions on times hold.

use std::collections::BTreeMap;
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
    /// The policies that hold before the first start, then from each on, then without a time.
    rows: Vec<u64>,
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
            rows: vec![u64::MAX; (starts.len() + 2) * words],
            starts,
        };
        let missing = column.missing();
        let mut by_policy: BTreeMap<usize, Vec<&[RangeInclusive<i64>]>> = BTreeMap::new();
        for (policy, ranges) in asked {
            by_policy.entry(policy).or_default().push(ranges);
        }
        for (policy, conditions) in by_policy {
            clear(row_mut(&mut column.rows, missing, words), policy);
            // How many more of its conditions hold in a stretch than in the one before: so each
            // policy passes over the stretches once, however many conditions it has.
            let mut changes = vec![0_isize; column.starts.len() + 1];
            let mut change = |at: i64, by: isize| {
                let stretch = column.starts.partition_point(|start| *start <= at);
                if let Some(change) = changes.get_mut(stretch) {
                    *change += by;
                }
            };
            for range in conditions.iter().copied().flatten() {
                change(*range.start(), 1);
                if let Some(behind) = range.end().checked_add(1) {
                    change(behind, -1);
                }
            }
            let mut left = conditions.len().cast_signed();
            for (at, change) in changes.iter().enumerate() {
                left -= change;
                if left > 0 {
                    clear(row_mut(&mut column.rows, at, words), policy);
                }
            }
        }
        Some(column)
    }

    /// The row of records that have no such time.
    fn missing(&self) -> usize {
        self.starts.len() + 1
    }

    /// All rows, one after the other.
    pub(crate) fn rows(&self) -> &[u64] {
        &self.rows
    }

    /// The policies whose conditions hold at this time.
    #[inline(always)]
    pub(crate) fn row(&self, time: Option<i64>, words: usize) -> &[u64] {
        row(&self.rows, self.place(time), words)
    }

    /// Which row is that of this time.
    // Called for every record: as a call of its own it takes longer than what it does.
    #[inline(always)]
    pub(crate) fn place(&self, time: Option<i64>) -> usize {
        match time {
            Some(at) => {
                // Few are counted sooner than halved; and sooner still where no sum can overflow.
                if self.starts.len() <= COUNTED_MAX {
                    let starts = self.starts.iter();
                    starts.fold(0_usize, |passed, start| {
                        passed.wrapping_add(usize::from(*start <= at))
                    })
                } else {
                    self.starts.partition_point(|start| *start <= at)
                }
            }
            None => self.missing(),
        }
    }
}

/// Whether one of the ranges, which are merged, has the time.
pub(crate) fn holds(ranges: &[RangeInclusive<i64>], time: i64) -> bool {
    let at = ranges.partition_point(|range| *range.end() < time);
    ranges.get(at).is_some_and(|range| *range.start() <= time)
}

/// The same times in as few ranges as can be, in order.
pub(crate) fn merged(mut ranges: Vec<RangeInclusive<i64>>) -> Box<[RangeInclusive<i64>]> {
    ranges.sort_unstable_by_key(|range| *range.start());
    let mut merged: Vec<RangeInclusive<i64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => merged.push(range),
        }
    }
    merged.into()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::bit;
    use proptest::prelude::*;

    fn some_ranges() -> impl Strategy<Value = Vec<RangeInclusive<i64>>> {
        let edge = prop_oneof![-4..5_i64, Just(i64::MIN), Just(i64::MAX)];
        let range = (edge.clone(), edge).prop_map(|(one, other)| one.min(other)..=one.max(other));
        proptest::collection::vec(range, 0..4)
    }

    proptest! {
        #[test]
        fn a_column_holds_where_all_conditions_hold(
            asked in proptest::collection::vec((0..3_usize, some_ranges()), 0..8),
            times in proptest::collection::vec(
                prop_oneof![-6..7_i64, Just(i64::MIN), Just(i64::MAX)], 1..8
            ),
        ) {
            let merged: Vec<_> =
                asked.iter().map(|(policy, ranges)| (*policy, merged(ranges.clone()))).collect();
            let conditions = merged.iter().map(|(policy, ranges)| (*policy, &**ranges));
            let column = TimeColumn::new(Field::Created, conditions, 1, &mut 100_000).unwrap();
            for time in times {
                for policy in 0..3 {
                    let mut of_policy = asked.iter().filter(|(other, _)| *other == policy);
                    let expected =
                        of_policy.all(|(_, ranges)| ranges.iter().any(|it| it.contains(&time)));
                    prop_assert_eq!(bit(column.row(Some(time), 1), policy), expected);
                }
            }
            for policy in 0..3 {
                let is_asked = asked.iter().any(|(other, _)| *other == policy);
                prop_assert_eq!(bit(column.row(None, 1), policy), !is_asked);
            }
        }
    }
}
