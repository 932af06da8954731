//! Many policies, one file: which policies are worth a look at all.
//!
//! A column holds all conditions of all policies that look at one property in one way. For each
//! value that one of them names it knows, as one bit a policy, who asks for it and who forbids it. A
//! file's values give a few such rows; what is left when all columns were asked is the policies whose
//! conditions there hold. The rest of each, if there is a rest, is evaluated one by one.

#[cfg(test)]
mod tests;
mod texts;
pub(crate) mod times;

use std::ops::RangeInclusive;

pub(crate) use texts::FoldedTexts;
pub(crate) use times::{TimeColumn, holds, ranges};

use crate::field::{Field, Kind, Operator};
use crate::file_type::FileTypeTable;
use crate::fold;
use crate::policy::Policy;
use crate::program::{self, Condition, Deleted, Operand};
use crate::record::{FileRecord, FileStatus};

use label_core::LabelKey;

/// Most memory for the rows of all columns, in bytes. Conditions of columns beyond it are evaluated
/// one by one.
const ROWS_BYTES_MAX: usize = 64 << 20;

/// Most beginnings of texts in a column: each is tried on every file.
const PREFIXES_MAX: usize = 64;

/// The columns of a set of policies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// 64 policies a word.
    words: usize,
    enabled: Box<[u64]>,
    /// Policies that may match deleted files.
    of_deleted: Box<[u64]>,
    columns: Box<[Column]>,
    times: Box<[TimeColumn]>,
    /// What is left to evaluate of each policy.
    rests: Box<[Rest]>,
}

/// What no column answers for a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    /// Places of conditions at the root of its program.
    pub(crate) conditions: Box<[usize]>,
    /// Those about labels that a column answers, unless the labels are unknown.
    pub(crate) about_labels: Box<[usize]>,
}

/// In which way a column looks at its property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    /// The whole value.
    Whole,
    /// The beginning.
    Start,
}

#[derive(Clone, Debug)]
struct Column {
    field: Field,
    look: Look,
    /// Named values in order.
    values: Values,
    /// For each value, the policies that ask for it: all words of the first value, then the next.
    wanted: Vec<u64>,
    /// For each value, the policies that forbid it.
    forbidden: Vec<u64>,
    /// Policies that ask for no value.
    open: Vec<u64>,
    /// Policies that ask for any value.
    any: Vec<u64>,
    /// Policies that forbid all values.
    none: Vec<u64>,
}

#[derive(Clone, Debug)]
enum Values {
    Codes(Vec<u32>),
    Labels(Vec<LabelKey>),
    Texts(FoldedTexts),
}

pub(crate) fn set(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

pub(crate) fn clear(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word &= !(1 << (at % 64));
    }
}

/// One bit of many.
#[inline]
pub(crate) fn bit(words: &[u64], at: usize) -> bool {
    let word = words.get(at / 64);
    word.is_some_and(|word| word >> (at % 64) & 1 == 1)
}

/// A row among rows.
pub(crate) fn row(rows: &[u64], at: usize, words: usize) -> &[u64] {
    rows.get(at * words..(at + 1) * words).unwrap_or_default()
}

pub(crate) fn row_mut(rows: &mut [u64], at: usize, words: usize) -> &mut [u64] {
    rows.get_mut(at * words..(at + 1) * words)
        .unwrap_or_default()
}

/// A condition that a column may answer.
struct Entry<'p> {
    policy: usize,
    place: usize,
    condition: &'p Condition,
}

impl Index {
    pub(crate) fn new(policies: &[Policy]) -> Self {
        let words = policies.len().div_ceil(64);
        let mut index = Self {
            words,
            enabled: vec![0; words].into(),
            of_deleted: vec![0; words].into(),
            ..Self::default()
        };
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for (at, policy) in policies.iter().enumerate() {
            if policy.is_enabled() {
                set(&mut index.enabled, at);
            }
            let program = &policy.compiled().program;
            if program.gate.deleted == Deleted::Allowed {
                set(&mut index.of_deleted, at);
            }
            let conditions = program.root.conditions.iter().enumerate();
            entries.extend(conditions.map(|(place, condition)| Entry {
                policy: at,
                place,
                condition,
            }));
        }
        let mut answered = vec![Vec::new(); policies.len()];
        let mut builder = Builder {
            words,
            bytes_left: ROWS_BYTES_MAX,
            answered: &mut answered,
        };
        index.columns = builder.columns(&entries).into();
        index.times = builder.times(&entries).into();
        index.rests = policies
            .iter()
            .zip(&answered)
            .map(|(policy, answered)| rest(policy, answered))
            .collect();
        index
    }

    pub(crate) fn rest(&self, policy: usize) -> Option<&Rest> {
        self.rests.get(policy)
    }

    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// Leaves a bit for each policy whose answered conditions hold. `gathered` is scratch of the same
    /// length. Whether the labels are unknown, so that conditions about them were not looked at.
    pub(crate) fn look(
        &self,
        record: &FileRecord,
        file_types: FileTypeTable,
        left: &mut [u64],
        gathered: &mut [u64],
    ) -> bool {
        let labels_unknown = record.labels_unknown();
        left.copy_from_slice(&self.enabled);
        if record.status == FileStatus::Deleted {
            and(left, &self.of_deleted);
        }
        for column in &self.columns {
            if left.iter().all(|word| *word == 0) {
                break;
            }
            if column.field != Field::Label || !labels_unknown {
                column.look(record, file_types, left, gathered);
            }
        }
        for column in &self.times {
            and(
                left,
                column.row(program::instant(column.field, record), self.words),
            );
        }
        labels_unknown
    }
}

fn and(left: &mut [u64], other: &[u64]) {
    for (left, other) in left.iter_mut().zip(other) {
        *left &= other;
    }
}

fn or(left: &mut [u64], other: &[u64]) {
    for (left, other) in left.iter_mut().zip(other) {
        *left |= other;
    }
}

fn without(left: &mut [u64], other: &[u64]) {
    for (left, other) in left.iter_mut().zip(other) {
        *left &= !other;
    }
}

/// What the columns leave of a policy.
fn rest(policy: &Policy, answered: &[usize]) -> Rest {
    let conditions = &policy.compiled().program.root.conditions;
    let places = |is_wanted: &dyn Fn(usize, &Condition) -> bool| {
        let all = conditions.iter().enumerate();
        all.filter(|(place, condition)| is_wanted(*place, condition))
            .map(|(place, _)| place)
            .collect()
    };
    Rest {
        conditions: places(&|place, _| !answered.contains(&place)),
        about_labels: places(&|place, condition| {
            answered.contains(&place) && condition.is_about_labels()
        }),
    }
}

struct Builder<'a> {
    words: usize,
    bytes_left: usize,
    /// For each policy the places of the conditions that columns answer.
    answered: &'a mut [Vec<usize>],
}

/// How a condition stands in a column, if one can answer it.
fn look_of(condition: &Condition) -> Option<Look> {
    let is_presence = matches!(condition.operator, Operator::IsSet | Operator::IsNotSet);
    match (&condition.operand, condition.operator) {
        // With ancestors or without: the values are others.
        (_, Operator::DescendantOf | Operator::NdescendantOf)
            if condition.field != Field::Label =>
        {
            None
        }
        (Operand::Codes(_) | Operand::Labels(_), _) => Some(Look::Whole),
        (
            Operand::Texts(_),
            Operator::StartsWith | Operator::StartsWithSingle | Operator::DoesNotStartWith,
        ) => Some(Look::Start),
        (Operand::Texts(_), Operator::Eq | Operator::Neq | Operator::MatchedRulesEqual) => {
            Some(Look::Whole)
        }
        (Operand::Nothing, _) if is_presence && condition.field.kind() != Kind::Entity => {
            Some(Look::Whole)
        }
        _ => None,
    }
}

impl Builder<'_> {
    fn columns(&mut self, entries: &[Entry<'_>]) -> Vec<Column> {
        let mut looks: Vec<(Field, Look)> = entries
            .iter()
            .filter_map(|entry| Some((entry.condition.field, look_of(entry.condition)?)))
            .collect();
        looks.sort_unstable();
        looks.dedup();
        let mut columns: Vec<Column> = looks
            .into_iter()
            .filter_map(|(field, look)| self.column(field, look, entries))
            .collect();
        // Numbers are cheaper to look at than texts.
        columns.sort_by_key(|column| match &column.values {
            Values::Codes(_) => 0,
            Values::Labels(_) => 1,
            Values::Texts(_) if column.look == Look::Whole => 2,
            Values::Texts(_) => 3,
        });
        columns
    }

    fn column(&mut self, field: Field, look: Look, entries: &[Entry<'_>]) -> Option<Column> {
        let of_column = || {
            entries.iter().filter(|entry| {
                entry.condition.field == field && look_of(entry.condition) == Some(look)
            })
        };
        let values = Values::of(of_column().map(|entry| &entry.condition.operand), field)?;
        if look == Look::Start && values.len() > PREFIXES_MAX {
            return None;
        }
        let bytes = (2 * values.len() + 3) * self.words * size_of::<u64>();
        self.bytes_left = self.bytes_left.checked_sub(bytes)?;
        let words = self.words;
        let rows = vec![0; values.len() * words];
        let mut column = Column {
            field,
            look,
            wanted: rows.clone(),
            forbidden: rows,
            values,
            open: vec![u64::MAX; words],
            any: vec![0; words],
            none: vec![0; words],
        };
        for entry in of_column() {
            if column.add(entry, words)
                && let Some(answered) = self.answered.get_mut(entry.policy)
            {
                answered.push(entry.place);
            }
        }
        Some(column)
    }

    fn times(&mut self, entries: &[Entry<'_>]) -> Vec<TimeColumn> {
        let mut fields: Vec<Field> = entries
            .iter()
            .filter(|entry| ranges(entry.condition, None).is_some())
            .map(|entry| entry.condition.field)
            .collect();
        fields.sort_unstable();
        fields.dedup();
        fields
            .into_iter()
            .filter_map(|field| self.time_column(field, entries))
            .collect()
    }

    fn time_column(&mut self, field: Field, entries: &[Entry<'_>]) -> Option<TimeColumn> {
        let asked: Vec<(&Entry<'_>, Vec<RangeInclusive<i64>>)> = entries
            .iter()
            .filter(|entry| entry.condition.field == field)
            .filter_map(|entry| Some((entry, ranges(entry.condition, None)?)))
            .collect();
        let ranges = asked
            .iter()
            .map(|(entry, ranges)| (entry.policy, &**ranges));
        let column = TimeColumn::new(field, ranges, self.words, &mut self.bytes_left)?;
        for (entry, _) in asked {
            if let Some(answered) = self.answered.get_mut(entry.policy) {
                answered.push(entry.place);
            }
        }
        Some(column)
    }
}

impl Values {
    /// All values that conditions name. A column of presences alone is one of codes without any.
    fn of<'o>(operands: impl Iterator<Item = &'o Operand>, field: Field) -> Option<Self> {
        let (mut codes, mut labels, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for operand in operands {
            match operand {
                Operand::Codes(more) => codes.extend(more.iter().copied()),
                Operand::Labels(more) => labels.extend(more.iter().copied()),
                Operand::Texts(more) => texts.extend(more.iter().map(Box::from)),
                Operand::Nothing => {}
                _ => return None,
            }
        }
        Some(match field.kind() {
            Kind::Label => {
                labels.sort_unstable();
                labels.dedup();
                Self::Labels(labels)
            }
            Kind::Text | Kind::Name | Kind::Extension => Self::Texts(FoldedTexts::new(texts)),
            _ => {
                codes.sort_unstable();
                codes.dedup();
                Self::Codes(codes)
            }
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Codes(values) => values.len(),
            Self::Labels(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// The places of the values that an operand names.
    fn places(&self, operand: &Operand) -> Vec<usize> {
        match (self, operand) {
            (Self::Codes(values), Operand::Codes(named)) => named
                .iter()
                .filter_map(|one| values.binary_search(one).ok())
                .collect(),
            (Self::Labels(values), Operand::Labels(named)) => named
                .iter()
                .filter_map(|one| values.binary_search(one).ok())
                .collect(),
            (Self::Texts(values), Operand::Texts(named)) => {
                named.iter().filter_map(|one| values.place(one)).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Column {
    /// Takes a condition in; whether it could.
    fn add(&mut self, entry: &Entry<'_>, words: usize) -> bool {
        let (policy, condition) = (entry.policy, entry.condition);
        match condition.operator {
            Operator::IsNotSet => set(&mut self.none, policy),
            operator if operator.is_negative() => {
                for place in self.values.places(&condition.operand) {
                    set(row_mut(&mut self.forbidden, place, words), policy);
                }
            }
            operator => {
                let is_open = self
                    .open
                    .get(policy / 64)
                    .is_some_and(|word| word >> (policy % 64) & 1 == 1);
                // Of two conditions that ask for values each has to be met: a row knows only one.
                if !is_open {
                    return false;
                }
                clear(&mut self.open, policy);
                if operator == Operator::IsSet {
                    set(&mut self.any, policy);
                } else {
                    for place in self.values.places(&condition.operand) {
                        set(row_mut(&mut self.wanted, place, words), policy);
                    }
                }
            }
        }
        true
    }

    fn look(
        &self,
        record: &FileRecord,
        file_types: FileTypeTable,
        left: &mut [u64],
        gathered: &mut [u64],
    ) {
        gathered.copy_from_slice(&self.open);
        let words = left.len();
        let mut has_value = false;
        let mut found = |place: usize| {
            or(gathered, row(&self.wanted, place, words));
            without(left, row(&self.forbidden, place, words));
        };
        match &self.values {
            Values::Codes(values) => {
                let mut value = |code: u32| {
                    has_value = true;
                    if let Ok(place) = values.binary_search(&code) {
                        found(place);
                    }
                };
                if self.field == Field::ScanWarning {
                    record.warnings.iter().for_each(|one| value(one.code()));
                } else {
                    let code = program::code(self.field, record, file_types);
                    code.into_iter().for_each(value);
                }
            }
            Values::Labels(values) => {
                for label in &record.labels {
                    has_value = true;
                    if let Ok(place) = values.binary_search(label) {
                        found(place);
                    }
                }
            }
            Values::Texts(values) => {
                for text in program::Texts::of(self.field, Operator::Eq, record).iter() {
                    has_value = true;
                    if self.look == Look::Start {
                        values.starts(fold::start(text), text, &mut found);
                    } else if let Some(place) = values.find(text) {
                        found(place);
                    }
                }
            }
        }
        if has_value {
            or(gathered, &self.any);
            without(left, &self.none);
        }
        and(left, gathered);
    }
}
