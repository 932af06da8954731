//! How subjects are made ready: which table answers which condition, and what it says.

use std::collections::HashMap;
use std::sync::Arc;

use label_core::{FileId, FileKey, LabelKey};

use super::codes::{Codes, Known};
use super::names::{NameTest, Names};
use super::table::{BitGate, SMALL, Table, Test};
use super::{BLOCK, Plan, Subject, Sweep, TimeTable, TimeTest, WORDS};
use crate::evaluate::Answer;
use crate::field::Field;
use crate::index::{FoldedTexts, TimeColumn, bit, clear, ranges, set};
use crate::inventory::Inventory;
use crate::inventory::columns::LabelSetId;
use crate::inventory::values::{self, Part};
use crate::program::{Condition, Operand};
use crate::record::{FileRecord, LabelScan};

/// What is looked up; everything beyond is asked of each record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes for the rows of all tables. While one is made it takes twice its part.
    pub(super) rows_bytes: usize,
    /// Beginnings of names, at most 64: each is tried on every name.
    pub(super) name_starts: usize,
    /// Bytes of a table that small ones are made: it stays near while records pass.
    pub(super) merged_bytes: usize,
    /// Bytes for where every record's rows are, and for these rows. Beyond that, each table is
    /// looked up for each record.
    pub(super) codes_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows_bytes: 64 << 20,
            name_starts: 64,
            merged_bytes: 8 << 10,
            codes_bytes: 256 << 20,
        }
    }
}

/// What has a number beside the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    App,
    Labels,
    Part(Part),
}

impl Source {
    /// Few values first: a subject that one of them rules out needs none of the others.
    fn all() -> impl Iterator<Item = Self> {
        let parts = Part::ALL.into_iter().map(Self::Part);
        [Self::App, Self::Labels].into_iter().chain(parts)
    }

    /// Where its number stands in a row.
    fn cell(self) -> usize {
        match self {
            Self::App => values::APP,
            Self::Labels => values::LABELS,
            Self::Part(part) => part as usize,
        }
    }

    fn of_field(field: Field) -> Option<Self> {
        match field {
            Field::App => Some(Self::App),
            Field::Label => Some(Self::Labels),
            field => Part::of_field(field).map(Self::Part),
        }
    }
}

/// What is asked of the values of one source.
#[derive(Clone, Copy)]
enum Question<'a> {
    /// Whether the status lets the record match.
    Status,
    /// The condition at this place of the root of its program.
    Condition(usize, &'a Condition),
}

struct Asked<'a> {
    subject: usize,
    question: Question<'a>,
}

struct Builder<'a> {
    inventory: &'a Inventory,
    subjects: Box<[Subject<'a>]>,
    now_ms: i64,
    words: usize,
    bytes_left: usize,
    enabled: Vec<u64>,
    undecided: Vec<u64>,
    /// For each subject how many records pass each of its tests.
    tests: Vec<Vec<(u64, Test<'a>)>>,
    plans: Vec<Plan<'a>>,
    /// For each subject which conditions something answers.
    answered: Vec<Vec<usize>>,
    status_answered: bool,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(
        inventory: &'a Inventory,
        subjects: Box<[Subject<'a>]>,
        now_ms: i64,
        limits: Limits,
    ) -> Self {
        let words = subjects.len().div_ceil(64).next_multiple_of(WORDS);
        let count = subjects.len();
        let mut builder = Builder {
            inventory,
            subjects,
            now_ms,
            words,
            bytes_left: limits.rows_bytes,
            enabled: vec![0; words],
            undecided: vec![0; words],
            tests: (0..count).map(|_| Vec::new()).collect(),
            plans: (0..count).map(|_| Plan::default()).collect(),
            answered: vec![Vec::new(); count],
            status_answered: false,
        };
        builder.enable();
        let mut tables = Vec::new();
        for source in Source::all() {
            if let Some(table) = builder.table(source, tables.len()) {
                tables.push(table);
            }
        }
        let times = builder.times();
        let names = builder.names(limits.name_starts.min(64));
        builder.finish(tables, times, names, limits)
    }
}

impl<'a> Builder<'a> {
    fn enable(&mut self) {
        for (at, subject) in self.subjects.iter().enumerate() {
            let is_enabled = match subject {
                Subject::Policy(policy) => policy.is_enabled(),
                Subject::Filter(_) => true,
            };
            if is_enabled {
                set(&mut self.enabled, at);
            }
        }
    }

    /// All conditions at the roots that are wanted, of subjects that may still match something.
    fn conditions(
        &self,
        is_wanted: impl Fn(&Condition) -> bool,
    ) -> Vec<(usize, usize, &'a Condition)> {
        let mut all = Vec::new();
        for (subject, of) in self.subjects.iter().enumerate() {
            if !bit(&self.enabled, subject) {
                continue;
            }
            let conditions = of.program().root.conditions.iter().enumerate();
            all.extend(
                conditions
                    .filter(|(_, condition)| is_wanted(condition))
                    .map(|(place, condition)| (subject, place, condition)),
            );
        }
        all
    }

    fn answer(&mut self, subject: usize, place: usize) {
        if let Some(answered) = self.answered.get_mut(subject) {
            answered.push(place);
        }
    }

    /// The table of one source, if it has to be asked; `at` is its place among the tables.
    fn table(&mut self, source: Source, at: usize) -> Option<Table<'a>> {
        let is_status = source == Source::Part(Part::State);
        let mut asked = Vec::new();
        if is_status {
            let all = (0..self.subjects.len()).filter(|at| bit(&self.enabled, *at));
            asked.extend(all.map(|subject| Asked {
                subject,
                question: Question::Status,
            }));
        }
        let conditions =
            self.conditions(|condition| Source::of_field(condition.field) == Some(source));
        asked.extend(
            conditions
                .into_iter()
                .map(|(subject, place, condition)| Asked {
                    subject,
                    question: Question::Condition(place, condition),
                }),
        );
        if asked.is_empty() || (!is_status && !self.is_worth_while(source)) {
            return None;
        }
        asked.sort_by_key(|one| one.subject);
        let mut rows = Rows::new(self.words, self.numbers_end(source), self.bytes_left);
        let mut undecided = vec![0; self.words];
        let mut passing = vec![0; self.subjects.len()];
        self.each_value(source, |number, uses, record| {
            if rows.is_full {
                return;
            }
            let mut row = vec![u64::MAX; self.words];
            for one in &asked {
                match self.ask(one, record) {
                    Answer::Yes => {}
                    Answer::No => clear(&mut row, one.subject),
                    Answer::Unknown => set(&mut undecided, one.subject),
                }
            }
            for one in asked.chunk_by(|one, other| one.subject == other.subject) {
                let subject = one.first().map(|one| one.subject);
                if let Some(subject) = subject.filter(|subject| bit(&row, *subject))
                    && let Some(passing) = passing.get_mut(subject)
                {
                    *passing += uses;
                }
            }
            rows.put(number, row);
        });
        // What doesn't fit is asked of each record.
        let table = rows.into_table(source, self.numbers(source), &mut self.bytes_left)?;
        self.undecided
            .iter_mut()
            .zip(&undecided)
            .for_each(|(all, these)| *all |= these);
        if is_status {
            self.status_answered = true;
        }
        let records = self.inventory.records.len() as u64;
        let mut is_needed = false;
        for one in asked.chunk_by(|one, other| one.subject == other.subject) {
            let Some(subject) = one.first().map(|one| one.subject) else {
                continue;
            };
            for one in one {
                if let Question::Condition(place, _) = one.question {
                    self.answer(subject, place);
                }
            }
            match passing.get(subject).copied().unwrap_or(0) {
                0 => clear(&mut self.enabled, subject),
                // No record fails.
                passing if passing == records => {}
                passing => {
                    is_needed = true;
                    let test = test(&table, at, subject);
                    if let Some(tests) = self.tests.get_mut(subject) {
                        tests.push((passing, test));
                    }
                }
            }
        }
        is_needed.then_some(table)
    }

    /// Whether values recur. Where hardly two records share one, asking each of the few records that
    /// other conditions leave takes less than asking for every value.
    fn is_worth_while(&self, source: Source) -> bool {
        let records = self.inventory.records.len();
        records <= BLOCK || 2 * self.numbers_end(source) <= records
    }

    fn ask(&self, asked: &Asked<'_>, record: &FileRecord) -> Answer {
        let Some(subject) = self.subjects.get(asked.subject) else {
            return Answer::No;
        };
        let program = subject.program();
        match asked.question {
            Question::Status => program.admits(record).into(),
            Question::Condition(_, condition) => {
                condition.answer(record, self.now_ms, program.file_types)
            }
        }
    }

    fn numbers(&self, source: Source) -> &'a [u32] {
        match source {
            Source::App => &self.inventory.columns.apps,
            Source::Labels => &self.inventory.columns.label_sets,
            Source::Part(part) => self.inventory.values.numbers(part),
        }
    }

    fn numbers_end(&self, source: Source) -> usize {
        match source {
            Source::App => self.inventory.apps.numbers_end(),
            Source::Labels => self.inventory.label_set_ids(),
            Source::Part(part) => {
                let known = self.inventory.values.known(part);
                known.map_or(0, |known| known.numbers_end())
            }
        }
    }

    /// Shows each value of a source: its number, how many records have it, and a record that has
    /// it and nothing else.
    fn each_value(&self, source: Source, mut see: impl FnMut(usize, u64, &FileRecord)) {
        let inventory = self.inventory;
        let Ok(id) = FileId::parse("any") else {
            return;
        };
        let key = FileKey::new(label_core::AppId(0), 0, id);
        let mut record = FileRecord::new(key, "");
        match source {
            Source::App => {
                for (number, app) in inventory.apps.iter() {
                    record.key.app = *app;
                    see(number, uses(&inventory.apps, number), &record);
                }
            }
            Source::Labels => {
                let count = |id: LabelSetId| {
                    let numbers = inventory.columns.label_sets.iter();
                    numbers.filter(|number| **number == id.number()).count() as u64
                };
                for (id, scan) in [
                    (LabelSetId::NO_LABEL, LabelScan::Done),
                    (LabelSetId::NEVER_READ, LabelScan::Never),
                ] {
                    record.label_scan = scan;
                    see(id.index(), count(id), &record);
                }
                record.label_scan = LabelScan::Done;
                for (number, labels) in inventory.label_sets.iter() {
                    let labels: &Arc<[LabelKey]> = labels;
                    record.labels = labels.to_vec();
                    let reserved = LabelSetId::RESERVED as usize;
                    let uses = uses(&inventory.label_sets, number);
                    see(number + reserved, uses, &record);
                }
            }
            Source::Part(part) => {
                let Some(known) = inventory.values.known(part) else {
                    return;
                };
                for (number, value) in known.iter() {
                    value.put_into(&mut record);
                    see(number, uses(known, number), &record);
                }
            }
        }
    }

    fn times(&mut self) -> Vec<TimeTable<'a>> {
        let mut tables = Vec::new();
        for field in [Field::Modified, Field::Created, Field::Snapshot] {
            let now = Some(self.now_ms);
            let asked = self.conditions(|condition| condition.field == field);
            let asked: Vec<_> = asked
                .into_iter()
                .filter_map(|(subject, place, condition)| {
                    Some((subject, place, ranges(condition, now)?))
                })
                .collect();
            if asked.is_empty() {
                continue;
            }
            let by_subject = asked
                .iter()
                .map(|(subject, _, ranges)| (*subject, &**ranges));
            let column = TimeColumn::new(field, by_subject, self.words, &mut self.bytes_left);
            let Some(column) = column else { continue };
            let times = self.inventory.values.times(field);
            tables.push(TimeTable { column, times });
            for (subject, place, ranges) in asked {
                self.answer(subject, place);
                if let Some(plan) = self.plans.get_mut(subject) {
                    let ranges = ranges.into();
                    let mut tests = std::mem::take(&mut plan.times).into_vec();
                    tests.push(TimeTest { times, ranges });
                    plan.times = tests.into();
                }
            }
        }
        tables
    }

    fn names(&mut self, starts_max: usize) -> Option<Names<'a>> {
        let asked = self.conditions(Condition::is_name_start);
        let mut tests: Vec<(usize, usize, NameTest)> = Vec::new();
        for (subject, place, condition) in asked {
            let Operand::Texts(texts) = &condition.operand else {
                continue;
            };
            let is_negative = condition.operator.is_negative();
            // Of two that ask for a start each has to be met: the rows know one.
            let of_subject = tests
                .iter()
                .rev()
                .take_while(|(other, ..)| *other == subject);
            let is_second = of_subject.into_iter().any(|(.., test)| !test.is_negative);
            if is_negative || !is_second {
                let texts = texts.clone();
                tests.push((subject, place, NameTest { texts, is_negative }));
            }
        }
        let texts = tests.iter().flat_map(|(_, _, test)| test.texts.iter());
        let texts = FoldedTexts::new(texts.map(Box::from).collect());
        let bytes = (2 * texts.len() + 1) * self.words * size_of::<u64>();
        if tests.is_empty() || texts.len() > starts_max || bytes > self.bytes_left {
            return None;
        }
        let starts = self.inventory.values.name_starts();
        let mut names = Names::new(&self.inventory.records, starts, texts, self.words);
        for (subject, place, test) in tests {
            self.answer(subject, place);
            names.add(subject, &test);
            if let Some(plan) = self.plans.get_mut(subject) {
                let mut tests = std::mem::take(&mut plan.names).into_vec();
                tests.push(test);
                plan.names = tests.into();
            }
        }
        Some(names)
    }

    fn finish(
        self,
        tables: Vec<Table<'a>>,
        times: Vec<TimeTable<'a>>,
        names: Option<Names<'a>>,
        limits: Limits,
    ) -> Sweep<'a> {
        let mut plans = self.plans;
        let mut complete = vec![0; self.words];
        let subjects = self.subjects.iter().zip(self.tests).zip(self.answered);
        for (at, (plan, ((subject, mut tests), answered))) in
            plans.iter_mut().zip(subjects).enumerate()
        {
            tests.sort_by_key(|(passing, _)| *passing);
            plan.tests = tests.into_iter().map(|(_, test)| test).collect();
            let root = &subject.program().root;
            let places = 0..root.conditions.len();
            plan.rest = places.filter(|place| !answered.contains(place)).collect();
            let looks_at_filters_only = match subject {
                Subject::Policy(policy) => policy.looks_at_filters_only(),
                Subject::Filter(_) => true,
            };
            plan.asks_status = !self.status_answered;
            plan.is_enabled = bit(&self.enabled, at);
            plan.is_undecided = bit(&self.undecided, at);
            if plan.rest.is_empty()
                && root.groups.is_empty()
                && looks_at_filters_only
                && self.status_answered
            {
                set(&mut complete, at);
                plan.is_complete = true;
            }
        }
        let known = Known {
            subjects: self.subjects.len(),
            words: self.words,
            enabled: &self.enabled,
            undecided: &self.undecided,
            complete: &complete,
        };
        let rows = self.inventory.values.rows();
        let codes = Codes::new(rows, &tables, &times, names.as_ref(), known, limits);
        Sweep {
            codes,
            records: &self.inventory.records,
            rows,
            subjects: self.subjects,
            now_ms: self.now_ms,
            words: self.words,
            enabled: self.enabled.into(),
            tables: tables.into(),
            times: times.into(),
            names,
            undecided: self.undecided.into(),
            complete: complete.into(),
            gates: plans.iter().map(|plan| BitGate::new(&plan.tests)).collect(),
            plans: plans.into(),
        }
    }
}

fn uses<T: Clone + Eq + std::hash::Hash>(
    known: &crate::inventory::interner::Interner<T>,
    number: usize,
) -> u64 {
    u32::try_from(number).map_or(0, |number| known.uses(number) as u64)
}

/// The test of one subject, by bits of its own where they fit.
fn test<'a>(table: &Table<'a>, at: usize, subject: usize) -> Test<'a> {
    if table.starts.len() > SMALL {
        return Test::Table { table: at, subject };
    }
    let mut bits = 0;
    for number in 0..table.starts.len() {
        let holds = u32::try_from(number).is_ok_and(|number| table.holds(number, subject));
        bits |= u64::from(holds) << number;
    }
    Test::Bits {
        cell: table.cell,
        numbers: table.numbers,
        bits,
    }
}

/// Rows as they come, equal ones kept once.
struct Rows {
    words: usize,
    starts: Vec<u32>,
    rows: Vec<u64>,
    known: HashMap<Box<[u64]>, u32>,
    words_left: usize,
    is_full: bool,
}

impl Rows {
    fn new(words: usize, numbers: usize, bytes_left: usize) -> Self {
        Self {
            words,
            starts: vec![u32::MAX; numbers],
            rows: Vec::new(),
            known: HashMap::new(),
            words_left: (bytes_left / size_of::<u64>()).min(u32::MAX as usize),
            is_full: false,
        }
    }

    fn put(&mut self, number: usize, row: Vec<u64>) {
        let start = match self.known.get(row.as_slice()) {
            Some(start) => *start,
            None => {
                let start = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
                let Some(words_left) = self.words_left.checked_sub(self.words) else {
                    self.is_full = true;
                    return;
                };
                self.words_left = words_left;
                self.rows.extend_from_slice(&row);
                self.known.insert(row.into(), start);
                start
            }
        };
        if let Some(place) = self.starts.get_mut(number) {
            *place = start;
        }
    }

    /// Nothing if the rows didn't fit.
    fn into_table<'a>(
        self,
        source: Source,
        numbers: &'a [u32],
        bytes_left: &mut usize,
    ) -> Option<Table<'a>> {
        if self.is_full {
            return None;
        }
        *bytes_left = bytes_left.saturating_sub(self.rows.len() * size_of::<u64>());
        Some(Table {
            cell: source.cell(),
            numbers,
            starts: self.starts.into(),
            rows: self.rows.into(),
        })
    }
}
