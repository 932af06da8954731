//! Policies over an inventory: each condition is asked once for each value that some record has, and
//! what it said is looked up for every record.

mod build;
mod codes;
mod names;
mod table;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use crate::evaluate::{Answer, Outcome};
use crate::filter::Filter;
use crate::index::{TimeColumn, holds};
use crate::inventory::Inventory;
use crate::inventory::columns::LabelSetId;
use crate::inventory::values::{self, ValueNumbers};
use crate::policy::Policy;
use crate::program::Program;
use crate::record::FileRecord;
use crate::set::PolicySet;

use build::Limits;
use codes::Codes;
use names::{NameTest, Names};
use table::{BitGate, Table, Test};

/// Words of subjects that are looked at together. Every row has a multiple of so many.
const WORDS: usize = 2;

/// One bit for each of so many subjects.
type Block = u128;

/// Records that are looked at together, so that what is known of them stays near.
const BLOCK: usize = 1_024;

/// The policies of a set, made ready for the records of an inventory.
///
/// Making it asks every condition once for each value that records have (names, paths and ids of files, whole groups and scopes
/// excepted);
/// an outcome is then mostly a matter of looking numbers up. Worth its while where policies meet many
/// records, or the same ones more than once: previews, sweeps, listings. It holds while neither the
/// inventory nor the set changes, which the borrows see to, and may be shared between threads.
///
/// For eight policies or more it also writes down, for every record, where the answers about it lie:
/// [`Sweep::each_policy`] then looks at few places in memory. That takes 4 bytes a record for each
/// table and 4 more, small tables being made one, and is left out where it takes more than 256 MiB.
///
/// Records go by their place among [`Inventory::records`], policies by theirs in the set. Outcomes
/// are those of [`Policy::evaluate`] with a content that was not read yet: a policy that inspects
/// content says [`Outcome::NeedsContent`] where everything else matches.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
/// use policy_engine::{
///     AccessLevel, BuildContext, FileRecord, Inventory, InventoryOptions, Outcome, PolicySet,
/// };
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let policies = PolicySet::from_json(
///     r#"{"format": "file-policies/1", "policies": [
///         {"id": "1", "name": "Public", "filters": {"sharing": {"eq": [3]}}},
///         {"id": "2", "name": "Box", "filters": {"service": {"eq": [10489]}}}
///     ]}"#,
///     &BuildContext::new(&labels),
/// )?;
/// let mut inventory = Inventory::new(InventoryOptions::default());
/// for (id, level) in [("1", AccessLevel::Private), ("2", AccessLevel::Public)] {
///     let key = FileKey::new(AppId::BOX, 0, FileId::parse(id)?);
///     let mut file = FileRecord::new(key, "Plan.docx");
///     file.access_level = Some(level);
///     inventory.insert(file)?;
/// }
///
/// let sweep = inventory.sweep(&policies, 0);
/// let mut public = Vec::new();
/// sweep.each_record(0, |record, outcome| public.push((record, outcome)));
/// assert_eq!(public, [(1, Outcome::Match)]);
///
/// let mut of_first = Vec::new();
/// sweep.each_policy(0, |policy, _| of_first.push(policy));
/// assert_eq!(of_first, [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Sweep<'a> {
    /// For all policies of one record; few policies have none.
    codes: Option<Codes>,
    records: &'a [FileRecord],
    rows: &'a [ValueNumbers],
    subjects: Box<[Subject<'a>]>,
    now_ms: i64,
    /// Words of a row: 64 subjects each, and some for none.
    words: usize,
    /// Subjects that may match something.
    enabled: Box<[u64]>,
    tables: Box<[Table<'a>]>,
    times: Box<[TimeTable<'a>]>,
    names: Option<Names<'a>>,
    /// Subjects that a file without known labels leaves undecided.
    undecided: Box<[u64]>,
    /// Subjects of which nothing is left to ask.
    complete: Box<[u64]>,
    plans: Box<[Plan<'a>]>,
    /// The beginnings of the plans, beside one another.
    gates: Box<[BitGate]>,
}

/// What is evaluated.
#[derive(Clone, Copy, Debug)]
enum Subject<'a> {
    Policy(&'a Policy),
    Filter(&'a Program),
}

/// All conditions of all subjects on one time, and every record's time.
#[derive(Debug)]
struct TimeTable<'a> {
    column: TimeColumn,
    times: &'a [Option<i64>],
}

/// How one subject is evaluated alone.
#[derive(Debug, Default)]
struct Plan<'a> {
    /// The one that fewest records pass comes first.
    tests: Box<[Test<'a>]>,
    times: Box<[TimeTest<'a>]>,
    names: Box<[NameTest]>,
    /// Conditions at the root of its program that nothing else answers.
    rest: Box<[usize]>,
    /// Whether no table knows which records are deleted.
    asks_status: bool,
    is_enabled: bool,
    /// Whether a file without known labels leaves it undecided.
    is_undecided: bool,
    /// Whether nothing is left to ask.
    is_complete: bool,
}

#[derive(Debug)]
struct TimeTest<'a> {
    times: &'a [Option<i64>],
    ranges: Box<[RangeInclusive<i64>]>,
}

impl TimeTest<'_> {
    fn holds(&self, record: usize) -> bool {
        let time = self.times.get(record).copied().flatten();
        time.is_some_and(|time| match &*self.ranges {
            [range] => range.contains(&time),
            ranges => holds(ranges, time),
        })
    }
}

impl<'a> Subject<'a> {
    fn program(self) -> &'a Program {
        match self {
            Self::Policy(policy) => &policy.compiled().program,
            Self::Filter(program) => program,
        }
    }
}

/// Whether nobody knows yet which labels the record has.
fn is_never_read(row: &ValueNumbers) -> bool {
    row.get(values::LABELS) == Some(&LabelSetId::NEVER_READ.number())
}

/// Some words from the one numbered `first` on; none is set where there are not so many.
#[inline]
fn block(words: &[u64], first: usize) -> Block {
    let words = words.get(first..).and_then(<[u64]>::first_chunk);
    words.map_or(0, |[low, high]: &[u64; WORDS]| {
        Block::from(*low) | Block::from(*high) << 64
    })
}

/// The words again.
#[inline]
fn words_of(block: Block) -> [u64; WORDS] {
    // The low half of each is what is kept of it.
    [block as u64, (block >> 64) as u64]
}

impl Inventory {
    /// Makes a set's policies ready for all records. `now_ms` is what relative dates are measured
    /// from, milliseconds UTC.
    pub fn sweep<'a>(&'a self, policies: &'a PolicySet, now_ms: i64) -> Sweep<'a> {
        let subjects = policies.policies().iter().map(Subject::Policy).collect();
        Sweep::new(self, subjects, now_ms, Limits::default())
    }

    /// The same for a filter, the only subject.
    pub(crate) fn sweep_filter<'a>(&'a self, filter: &'a Filter, now_ms: i64) -> Sweep<'a> {
        let subject = Subject::Filter(filter.program());
        Sweep::new(self, Box::new([subject]), now_ms, Limits::default())
    }
}

impl<'a> Sweep<'a> {
    /// The record at a place.
    pub fn record(&self, record: usize) -> Option<&'a FileRecord> {
        self.records.get(record)
    }

    /// What one policy says of one record; no match where there is no such policy or record.
    pub fn outcome(&self, policy: usize, record: usize) -> Outcome {
        let Some((gate, row)) = self.gates.get(policy).zip(self.rows.get(record)) else {
            return Outcome::NoMatch;
        };
        if !gate.lets_pass(row) {
            return Outcome::NoMatch;
        }
        let Some(plan) = self.plans.get(policy) else {
            return Outcome::NoMatch;
        };
        let mut tests = plan.tests.iter().skip(gate.tests());
        let passes = plan.is_enabled
            && tests.all(|test| test.holds(&self.tables, row))
            && plan.times.iter().all(|test| test.holds(record))
            && plan.names.iter().all(|test| self.name_holds(test, record));
        if passes {
            self.outcome_behind(policy, plan, record, row)
        } else {
            Outcome::NoMatch
        }
    }

    /// All policies for one record: those that match, or that a scan or the content decides, in the
    /// order of the set.
    #[inline]
    pub fn each_policy(&self, record: usize, mut found: impl FnMut(usize, Outcome)) {
        let Some(codes) = &self.codes else {
            return self.each_looked_up(record, found);
        };
        let Some((tables, complete)) = codes.of(record) else {
            return;
        };
        for word in 0..codes.words() {
            let answers = tables.iter().map(|table| codes.word(*table, word));
            let left = answers.fold(u64::MAX, |left, answer| left & answer);
            let sure = codes.word(complete, word);
            self.report(record, word, left, sure, &mut found);
        }
    }

    /// The same, one table after the other.
    // A call of its own: what is asked most is to lie in few lines of memory.
    #[inline(never)]
    fn each_looked_up(&self, record: usize, mut found: impl FnMut(usize, Outcome)) {
        let Some(row) = self.rows.get(record) else {
            return;
        };
        let names = self
            .names
            .as_ref()
            .map(|names| (names, names.found(record)));
        let is_never_read = is_never_read(row);
        for first in (0..self.words).step_by(WORDS) {
            let mut left = block(&self.enabled, first);
            for table in &self.tables {
                left &= block(table.answers(row), first);
            }
            for table in &self.times {
                let time = table.times.get(record).copied().flatten();
                left &= block(table.column.row(time, self.words), first);
            }
            if let Some((names, starts)) = &names {
                left &= names.answers(*starts, first);
            }
            let mut sure = block(&self.complete, first);
            if is_never_read {
                sure &= !block(&self.undecided, first);
            }
            let words = words_of(left).into_iter().zip(words_of(sure));
            for (word, (left, sure)) in (first..).zip(words) {
                self.report(record, word, left, sure, &mut found);
            }
        }
    }

    /// Tells of policies of one word that tables leave. Of sure ones there is nothing left to ask.
    #[inline]
    fn report(
        &self,
        record: usize,
        word: usize,
        mut left: u64,
        sure: u64,
        found: &mut impl FnMut(usize, Outcome),
    ) {
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            let policy = 64 * word + bit as usize;
            let outcome = if sure >> bit & 1 == 1 {
                Outcome::Match
            } else {
                self.outcome_left(policy, record)
            };
            if outcome != Outcome::NoMatch {
                found(policy, outcome);
            }
        }
    }

    /// The outcome of a policy that tables leave.
    // A call of its own, so that what is asked of every record stays short.
    #[inline(never)]
    fn outcome_left(&self, policy: usize, record: usize) -> Outcome {
        let found = self.plans.get(policy).zip(self.rows.get(record));
        found.map_or(Outcome::NoMatch, |(plan, row)| {
            self.outcome_behind(policy, plan, record, row)
        })
    }

    /// One policy for all records: those that match, or that a scan or their content decides, in
    /// the order of the inventory. Tests one property of many records after the other.
    pub fn each_record(&self, policy: usize, mut found: impl FnMut(usize, Outcome)) {
        let Some(plan) = self.plans.get(policy) else {
            return;
        };
        if !plan.is_enabled {
            return;
        }
        let mut left = [0_u32; BLOCK];
        for start in (0..self.records.len()).step_by(BLOCK) {
            let end = self.records.len().min(start + BLOCK);
            let mut left = Left::new(&mut left, start, end);
            for test in &plan.tests {
                test.narrow(&self.tables, &mut left);
            }
            for test in &plan.times {
                left.keep(|record| test.holds(record));
            }
            for test in &plan.names {
                left.keep(|record| self.name_holds(test, record));
            }
            for record in left.iter() {
                let Some(row) = self.rows.get(record) else {
                    continue;
                };
                let outcome = self.outcome_behind(policy, plan, record, row);
                if outcome != Outcome::NoMatch {
                    found(record, outcome);
                }
            }
        }
    }

    fn name_holds(&self, test: &NameTest, record: usize) -> bool {
        let name = self.names.as_ref().and_then(|names| names.name(record));
        name.is_some_and(|(start, name)| test.holds(start, name))
    }

    /// The outcome where all that tables answer holds, or the labels may decide.
    #[inline]
    fn outcome_behind(
        &self,
        policy: usize,
        plan: &Plan<'_>,
        record: usize,
        row: &ValueNumbers,
    ) -> Outcome {
        let all = if plan.is_undecided && is_never_read(row) {
            Answer::Unknown
        } else {
            Answer::Yes
        };
        match all {
            _ if !plan.is_complete => self.ask_rest(policy, plan, record, all),
            Answer::Yes => Outcome::Match,
            _ => Outcome::NeedsScan,
        }
    }

    /// What no table answers.
    fn ask_rest(&self, policy: usize, plan: &Plan<'_>, record: usize, mut all: Answer) -> Outcome {
        let subject = self.subjects.get(policy).copied();
        let Some((subject, record)) = subject.zip(self.records.get(record)) else {
            return Outcome::NoMatch;
        };
        if let Subject::Policy(policy) = subject
            && !policy.has_in_scope(record)
        {
            return Outcome::NoMatch;
        }
        let program = subject.program();
        if plan.asks_status && !program.admits(record) {
            return Outcome::NoMatch;
        }
        for place in &plan.rest {
            let Some(condition) = program.root.conditions.get(*place) else {
                continue;
            };
            all = all.and(condition.answer(record, self.now_ms, program.file_types));
            if all == Answer::No {
                return Outcome::NoMatch;
            }
        }
        all = all.and(program.groups_answer(record, self.now_ms));
        let needs_content = match subject {
            Subject::Policy(policy) => policy.needs_content(),
            Subject::Filter(_) => false,
        };
        match all {
            Answer::No => Outcome::NoMatch,
            Answer::Unknown => Outcome::NeedsScan,
            Answer::Yes if needs_content => Outcome::NeedsContent,
            Answer::Yes => Outcome::Match,
        }
    }
}

/// Records of a block that are left.
struct Left<'b> {
    records: &'b mut [u32; BLOCK],
    start: usize,
    count: usize,
}

impl<'b> Left<'b> {
    /// All of them.
    fn new(records: &'b mut [u32; BLOCK], start: usize, end: usize) -> Self {
        for (place, at) in records.iter_mut().zip(0..) {
            *place = at;
        }
        Self {
            records,
            start,
            count: end - start,
        }
    }

    /// Keeps those for which a test holds, in their order.
    fn keep(&mut self, mut holds: impl FnMut(usize) -> bool) {
        let mut kept = 0;
        for at in 0..self.count {
            let Some(&one) = self.records.get(at) else {
                break;
            };
            // Written whether it is kept or not: what is next takes the place otherwise.
            if let Some(place) = self.records.get_mut(kept) {
                *place = one;
            }
            kept += usize::from(holds(self.start + one as usize));
        }
        self.count = kept;
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let records = self.records.iter().take(self.count);
        records.map(|at| self.start + *at as usize)
    }
}
