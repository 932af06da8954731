//! Conditions on numbers and times in few bytes, so that the first ones of a policy lie beside one
//! another: most policies are decided there, and most of the time goes into fetching memory.

use super::gate::Facts;
use super::{Condition, DAY_MS, Operand};
use crate::field::{Field, Operator};

/// Most numbers of a step.
const CODES_MAX: usize = 4;

/// A condition that is never unknown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The number is one of these; if negative, it is none of them or missing.
    Codes {
        field: Field,
        is_negative: bool,
        codes: [u32; CODES_MAX],
    },
    /// There is a time in this range, both ends included.
    Between { field: Field, first: i64, last: i64 },
    /// There is a time, at most so many days ago.
    DaysAtMost { field: Field, days: i64 },
    /// There is a time, at least so many days ago.
    DaysAtLeast { field: Field, days: i64 },
}

impl Step {
    /// The condition as a step, if it can be one.
    pub(super) fn of(condition: &Condition) -> Option<Self> {
        let field = condition.field;
        let between = |first, last| Self::Between { field, first, last };
        Some(match (&condition.operand, condition.operator) {
            // Of warnings there may be several.
            (Operand::Codes(wanted), Operator::Eq | Operator::Neq)
                if wanted.len() <= CODES_MAX && field != Field::ScanWarning =>
            {
                // What is left of the places repeats one that is wanted.
                let mut codes = [*wanted.first()?; CODES_MAX];
                codes
                    .iter_mut()
                    .zip(wanted)
                    .for_each(|(place, code)| *place = *code);
                Self::Codes {
                    field,
                    is_negative: condition.operator == Operator::Neq,
                    codes,
                }
            }
            (Operand::Instant(at), Operator::Gte) => between(*at, i64::MAX),
            (Operand::Instant(at), Operator::Lte) => between(i64::MIN, *at),
            (Operand::Ranges(ranges), _) => match &**ranges {
                [range] => between(*range.start(), *range.end()),
                _ => return None,
            },
            (Operand::Days(days), Operator::GteNdays) => Self::DaysAtMost { field, days: *days },
            (Operand::Days(days), Operator::LteNdays) => Self::DaysAtLeast { field, days: *days },
            _ => return None,
        })
    }

    /// The field it looks at.
    pub(super) fn field(&self) -> Field {
        match self {
            Self::Codes { field, .. }
            | Self::Between { field, .. }
            | Self::DaysAtMost { field, .. }
            | Self::DaysAtLeast { field, .. } => *field,
        }
    }

    // Called for every policy and record: as a call of its own it takes a third longer.
    #[inline(always)]
    pub(super) fn holds(&self, facts: &impl Facts, now_ms: i64) -> bool {
        let days_ago = |days: i64| now_ms.saturating_sub(days.saturating_mul(DAY_MS));
        match self {
            Self::Codes {
                field,
                is_negative,
                codes,
            } => {
                let is_wanted = facts.code(*field).is_some_and(|value| {
                    // Without a branch between the comparisons.
                    let same = |found, code: &u32| found | (*code == value);
                    codes.iter().fold(false, same)
                });
                is_wanted != *is_negative
            }
            Self::Between { field, first, last } => facts
                .instant(*field)
                .is_some_and(|time| (*first <= time) & (time <= *last)),
            Self::DaysAtMost { field, days } => facts
                .instant(*field)
                .is_some_and(|time| time >= days_ago(*days)),
            Self::DaysAtLeast { field, days } => facts
                .instant(*field)
                .is_some_and(|time| time <= days_ago(*days)),
        }
    }
}
