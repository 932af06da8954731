//! What the conditions of one filter ask of one field, all together.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use label_core::LabelKey;
use label_core::id::IDENTIFIER_BYTES_MAX;

use super::Proof;
use crate::field::{Field, Kind, Operator};
use crate::index::times::{merged, ranges};
use crate::program::{Condition, Operand};

/// A value that a condition names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Code(u32),
    Label(LabelKey),
    Text(Box<str>),
}

type ValueSet = BTreeSet<Value>;

/// What is asked of the values that a file has in a field.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraint {
    /// Of each set, one at least must be there.
    needs: Vec<ValueSet>,
    /// Of each set, one at least must be there that is not in it.
    needs_other: Vec<ValueSet>,
    /// None of these may be there.
    forbids: ValueSet,
    /// Some value must be there.
    present: bool,
    /// No value may be there.
    absent: bool,
    /// Where a time must lie; any of the ranges.
    times: Option<Times>,
    /// Conditions that are not understood here.
    is_vague: bool,
}

/// Times, measured from one point.
#[derive(Clone, Debug, PartialEq)]
struct Times {
    base: Base,
    /// In order, and none of them touches the next.
    ranges: Box<[RangeInclusive<i64>]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// 1970 UTC.
    Epoch,
    /// The moment of evaluation.
    Now,
}

/// Whether a file has one value at most in this field, and which values there can be at all.
struct Shape {
    is_single: bool,
    /// All values, where they are few.
    all: Option<RangeInclusive<u32>>,
    /// Every file has one.
    is_required: bool,
}

fn shape(field: Field) -> Shape {
    let (is_single, all, is_required) = match field {
        Field::App | Field::Instance | Field::FileId => (true, None, true),
        Field::AccessLevel => (true, Some(0..=4), false),
        Field::FileType => (true, Some(0..=6), false),
        Field::Trashed | Field::Quarantined | Field::Folder | Field::CollaboratorsOrganization => {
            (true, Some(0..=1), true)
        }
        Field::OwnerOrgUnit
        | Field::OwnerUsername
        | Field::Extension
        | Field::MimeType
        | Field::Path => (true, None, false),
        Field::ScanWarning => (false, Some(0..=2), false),
        _ => (false, None, false),
    };
    Shape {
        is_single,
        all,
        is_required,
    }
}

impl Constraint {
    /// Adds what a condition asks.
    pub(super) fn add(&mut self, condition: &Condition) {
        match condition.operator {
            Operator::IsSet => {
                self.present = true;
                return;
            }
            Operator::IsNotSet => {
                self.absent = true;
                return;
            }
            _ => {}
        }
        if condition.field.kind() == Kind::Instant {
            match times(condition) {
                Some(times) => self.add_times(times),
                None => self.is_vague = true,
            }
            return;
        }
        let Some(values) = values(condition) else {
            self.is_vague = true;
            return;
        };
        match condition.operator {
            Operator::Eq | Operator::MatchedRulesEqual => self.needs.push(values),
            Operator::Deq => self.needs_other.push(values),
            Operator::Neq => self.forbids.extend(values),
            // Labels below others were found when the filter was compiled; folders were not.
            Operator::DescendantOf if condition.field == Field::Label => self.needs.push(values),
            Operator::NdescendantOf if condition.field == Field::Label => {
                self.forbids.extend(values);
            }
            _ => self.is_vague = true,
        }
    }

    /// Asks for one of these codes.
    pub(super) fn need(&mut self, codes: impl IntoIterator<Item = u32>) {
        self.needs
            .push(codes.into_iter().map(Value::Code).collect());
    }

    /// How many values it names.
    pub(super) fn len(&self) -> usize {
        let sets = self.needs.iter().chain(&self.needs_other);
        sets.chain([&self.forbids]).map(ValueSet::len).sum()
    }

    fn add_times(&mut self, more: Times) {
        match &mut self.times {
            None => self.times = Some(more),
            Some(times) if times.base == more.base => {
                times.ranges = intersection(&times.ranges, &more.ranges);
            }
            // Which of them counts depends on the day.
            Some(_) => self.is_vague = true,
        }
    }

    /// What is asked of files that both filters match.
    pub(super) fn join(&mut self, other: &Self) {
        self.needs.extend(other.needs.iter().cloned());
        self.needs_other.extend(other.needs_other.iter().cloned());
        self.forbids.extend(other.forbids.iter().cloned());
        self.present |= other.present;
        self.absent |= other.absent;
        self.is_vague |= other.is_vague;
        if let Some(times) = &other.times {
            self.add_times(times.clone());
        }
    }

    /// Whether no file can have such values.
    pub(super) fn is_impossible(&self, field: Field) -> Proof {
        let shape = shape(field);
        let is_demanded = self.present
            || !self.needs.is_empty()
            || !self.needs_other.is_empty()
            || self.times.is_some();
        if self.absent && (is_demanded || shape.is_required) {
            return Proof::Yes;
        }
        if self
            .times
            .as_ref()
            .is_some_and(|times| times.ranges.is_empty())
        {
            return Proof::Yes;
        }
        let is_impossible = if shape.is_single && is_demanded {
            self.single(&shape).is_some_and(|left| left.is_empty())
        } else {
            self.all_needs(&shape).iter().any(ValueSet::is_empty)
        };
        if is_impossible {
            return Proof::Yes;
        }
        if shape.is_required
            && shape.is_single
            && self.single(&shape).is_some_and(|left| left.is_empty())
        {
            return Proof::Yes;
        }
        if self.is_vague {
            Proof::Unknown
        } else {
            Proof::No
        }
    }

    /// Whether no value may be there: it says so, or forbids all that there are.
    fn is_absent(&self, shape: &Shape) -> bool {
        let all_forbidden = || {
            self.everything(shape)
                .is_some_and(|all| all.is_subset(&self.forbids))
        };
        self.absent || (!shape.is_required && all_forbidden())
    }

    /// Of each of these sets one value at least is there. Where a field has few values, "some value" and
    /// "some other value" are such sets, too.
    fn all_needs(&self, shape: &Shape) -> Vec<ValueSet> {
        let mut all: Vec<ValueSet> = self.needs.clone();
        if let Some(everything) = self.everything(shape) {
            for known in &self.needs_other {
                all.push(everything.difference(known).cloned().collect());
            }
            if self.present {
                all.push(everything);
            }
        }
        for needs in &mut all {
            needs.retain(|one| !self.forbids.contains(one));
        }
        all
    }

    /// All values of a field that has few.
    fn everything(&self, shape: &Shape) -> Option<ValueSet> {
        Some(shape.all.clone()?.map(Value::Code).collect())
    }

    /// The values that are left for a field that has one at most; `None` if they can't be counted.
    fn single(&self, shape: &Shape) -> Option<ValueSet> {
        let mut left = self.everything(shape);
        for needs in &self.needs {
            left = Some(match left {
                Some(left) => left.intersection(needs).cloned().collect(),
                None => needs.clone(),
            });
        }
        let mut left = left?;
        left.retain(|one| {
            !self.forbids.contains(one) && !self.needs_other.iter().any(|known| known.contains(one))
        });
        Some(left)
    }

    /// Whether values like these are always values like those, where both are understood.
    pub(super) fn implies(&self, other: &Self, field: Field) -> Proof {
        if self.is_impossible(field) == Proof::Yes {
            return Proof::Yes;
        }
        let shape = shape(field);
        let holds = self.implies_values(other, &shape) && self.implies_times(other);
        match (holds, other.is_vague, self.is_vague) {
            (true, false, _) => Proof::Yes,
            (false, _, false) if self.comparable(other) => Proof::No,
            _ => Proof::Unknown,
        }
    }

    fn comparable(&self, other: &Self) -> bool {
        match (&self.times, &other.times) {
            (Some(one), Some(other)) => one.base == other.base,
            _ => true,
        }
    }

    fn implies_times(&self, other: &Self) -> bool {
        match (&self.times, &other.times) {
            (_, None) => true,
            (Some(one), Some(other)) if one.base == other.base => {
                intersection(&one.ranges, &other.ranges) == one.ranges
            }
            _ => false,
        }
    }

    fn implies_values(&self, other: &Self, shape: &Shape) -> bool {
        let is_demanded = self.present || !self.needs.is_empty() || !self.needs_other.is_empty();
        let is_absent = self.is_absent(shape);
        if other.absent && !is_absent {
            return false;
        }
        if other.present && !is_demanded && self.times.is_none() && !shape.is_required {
            return false;
        }
        if is_absent {
            return other.needs.is_empty() && other.needs_other.is_empty() && !other.present;
        }
        let single = if shape.is_single {
            self.single(shape)
        } else {
            None
        };
        let has_value = is_demanded || shape.is_required;
        if let Some(left) = &single {
            let fits = |one: &Value| {
                !other.forbids.contains(one)
                    && other.needs.iter().all(|needs| needs.contains(one))
                    && !other.needs_other.iter().any(|known| known.contains(one))
            };
            let without = has_value || (other.needs.is_empty() && other.needs_other.is_empty());
            return without && left.iter().all(fits);
        }
        let own_needs = self.all_needs(shape);
        let forbids = other.forbids.iter().all(|one| {
            self.forbids.contains(one)
                // One value at most, and it is not this one.
                || (shape.is_single && self.needs_other.iter().any(|known| known.contains(one)))
        });
        let needs = other
            .needs
            .iter()
            .all(|wanted| own_needs.iter().any(|own| own.is_subset(wanted)));
        let needs_other = other.needs_other.iter().all(|known| {
            own_needs.iter().any(|own| own.is_disjoint(known))
                || self.needs_other.iter().any(|own| {
                    known
                        .iter()
                        .all(|one| own.contains(one) || self.forbids.contains(one))
                })
                || (self.present && known.iter().all(|one| self.forbids.contains(one)))
        });
        forbids && needs && needs_other
    }
}

/// Whether its values are identities, which are never empty.
fn is_identity(field: Field) -> bool {
    matches!(field, Field::FileId | Field::MatchedPolicy)
}

/// The values that a condition names, where it compares whole values.
fn values(condition: &Condition) -> Option<ValueSet> {
    Some(match &condition.operand {
        Operand::Codes(codes) => codes.iter().copied().map(Value::Code).collect(),
        Operand::Labels(labels) => labels.iter().copied().map(Value::Label).collect(),
        // A file on SharePoint goes by two names.
        Operand::Texts(texts) if is_identity(condition.field) => {
            let may_be = |text: &&str| !text.is_empty() && !text.chars().any(char::is_control);
            // A long text may have been short enough before it was folded.
            if texts.iter().any(|text| text.len() > IDENTIFIER_BYTES_MAX) {
                return None;
            }
            let values = texts.iter().filter(may_be);
            values.map(|text| Value::Text(text.into())).collect()
        }
        Operand::Texts(texts) if condition.field != Field::FileName => {
            texts.iter().map(|text| Value::Text(text.into())).collect()
        }
        _ => return None,
    })
}

fn times(condition: &Condition) -> Option<Times> {
    let (base, ranges) = match ranges(condition, None) {
        Some(ranges) => (Base::Epoch, ranges),
        None => (Base::Now, ranges(condition, Some(0))?),
    };
    Some(Times {
        base,
        ranges: merged(ranges),
    })
}

fn intersection(
    one: &[RangeInclusive<i64>],
    other: &[RangeInclusive<i64>],
) -> Box<[RangeInclusive<i64>]> {
    let mut both = Vec::new();
    for one in one {
        for other in other {
            let start = *one.start().max(other.start());
            let end = *one.end().min(other.end());
            if start <= end {
                both.push(start..=end);
            }
        }
    }
    merged(both)
}
