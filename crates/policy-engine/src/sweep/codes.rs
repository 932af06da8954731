//! All policies for one record, without looking its values up: where the rows of its values lie is
//! written down for every record when the sweep is made.
//!
//! Asked with cold caches, what takes the time is the number of places in memory. So the rows that
//! conditions look at stand in one list, and small tables are one table, which has a row for each
//! combination of theirs: a record has few rows, whose places stand beside one another.

use std::num::NonZeroUsize;

use super::build::Limits;
use super::names::Names;
use super::table::Table;
use super::{TimeTable, is_never_read};
use crate::inventory::values::ValueNumbers;

/// Fewer subjects are looked up one table after the other: writing the places down takes as long for
/// one subject as for a hundred.
pub(super) const CODED_SUBJECTS: usize = 8;

/// For every record where its rows are.
///
/// No row says what all policies say of a record: a table has a row for each combination of its
/// columns' classes, whether some record has it or not, and takes a bounded number of bytes.
// In one line of memory: it is read before everything else.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Codes {
    /// One bit for each subject. First those of which nothing is left to ask, then those of which
    /// that is so where nobody knows the labels, then the tables.
    rows: Box<[u64]>,
    /// For every record its row of each table, and which of the first two rows is its own.
    starts: Box<[u32]>,
    records: usize,
    // Known not to be zero, so that the loop over tables is compiled once.
    tables: NonZeroUsize,
    /// Words of a row.
    width: usize,
}

/// What is known of the subjects without a record.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) subjects: usize,
    /// Words of the rows of tables.
    pub(super) words: usize,
    pub(super) enabled: &'k [u64],
    pub(super) undecided: &'k [u64],
    pub(super) complete: &'k [u64],
}

/// What conditions say of one property: a row for each class of records.
struct Column<'c> {
    rows: Vec<u64>,
    property: Property<'c>,
}

#[derive(Clone, Copy)]
enum Property<'c> {
    Value(&'c Table<'c>),
    Time(&'c TimeTable<'c>),
    Name(&'c Names<'c>),
}

/// Columns that become one table.
struct Group {
    columns: Vec<usize>,
    /// Of the table.
    rows: usize,
}

impl Codes {
    /// Nothing where that takes more than it may.
    pub(super) fn new(
        records: &[ValueNumbers],
        tables: &[Table<'_>],
        times: &[TimeTable<'_>],
        names: Option<&Names<'_>>,
        known: Known<'_>,
        limits: Limits,
    ) -> Option<Self> {
        if known.subjects < CODED_SUBJECTS {
            return None;
        }
        let width = known.subjects.div_ceil(64);
        let row_bytes = width * size_of::<u64>();
        let columns = columns(tables, times, names, known.words, width);
        let groups = grouped(&columns, width, limits.merged_bytes / row_bytes);
        let tables = NonZeroUsize::new(groups.len())?;
        let all_rows = groups.iter().map(|group| group.rows).sum::<usize>() + 2;
        let words = all_rows.checked_mul(width)?;
        let bytes = words.checked_mul(size_of::<u64>())?;
        let starts = records.len().checked_mul(groups.len() + 1)?;
        let starts_bytes = starts.checked_mul(size_of::<u32>())?;
        if bytes.checked_add(starts_bytes)? > limits.codes_bytes {
            return None;
        }
        // So every start is a `u32`, too.
        u32::try_from(words).ok()?;
        let mut codes = Self {
            rows: Box::default(),
            starts: vec![0; starts].into(),
            records: records.len(),
            tables,
            width,
        };
        let mut rows = Vec::with_capacity(words);
        codes.add_complete(&mut rows, records, known);
        for (place, group) in groups.iter().enumerate() {
            let is_first = place == 0;
            let columns = group.columns.iter().filter_map(|at| columns.get(*at));
            codes.add_table(&mut rows, place, is_first, columns, known);
        }
        codes.rows = rows.into();
        Some(codes)
    }

    fn add_complete(&mut self, rows: &mut Vec<u64>, records: &[ValueNumbers], known: Known<'_>) {
        let complete = known.complete.iter().take(self.width);
        rows.extend(complete.clone());
        rows.extend(
            complete
                .zip(known.undecided)
                .map(|(all, these)| all & !these),
        );
        let never_read = code(self.width);
        for (start, row) in self.starts_of(self.tables.get()).zip(records) {
            if is_never_read(row) {
                *start = never_read;
            }
        }
    }

    /// One table of all these columns. The first one knows who is enabled, too.
    fn add_table<'c>(
        &mut self,
        rows: &mut Vec<u64>,
        place: usize,
        is_first: bool,
        columns: impl Iterator<Item = &'c Column<'c>>,
        known: Known<'_>,
    ) {
        let width = self.width;
        let first = code(rows.len());
        self.starts_of(place).for_each(|start| *start = first);
        let mut merged: Vec<u64> = if is_first {
            known.enabled.iter().take(width).copied().collect()
        } else {
            vec![u64::MAX; width]
        };
        for column in columns {
            // A class further on is as many words further on as there are so far.
            let step = merged.len();
            let mut next = Vec::with_capacity(step * column.classes(width));
            for class in column.rows.chunks_exact(width) {
                for row in merged.chunks_exact(width) {
                    next.extend(row.iter().zip(class).map(|(all, these)| all & these));
                }
            }
            merged = next;
            column.add_steps(self.starts_of(place), step, known.words);
        }
        rows.extend(merged);
    }

    /// Every record's start of one table.
    fn starts_of(&mut self, place: usize) -> impl Iterator<Item = &mut u32> {
        let per_record = self.tables.get() + 1;
        self.starts.iter_mut().skip(place).step_by(per_record)
    }

    /// How many words all subjects take.
    #[inline]
    pub(super) fn words(&self) -> usize {
        self.width
    }

    /// Where the rows of a record are: those of tables, and the one of those that are complete.
    #[inline]
    pub(super) fn of(&self, record: usize) -> Option<(&[u32], u32)> {
        if record >= self.records {
            return None;
        }
        let first = record * (self.tables.get() + 1);
        let last = first + self.tables.get();
        let tables = self.starts.get(first..last);
        tables.zip(self.starts.get(last).copied())
    }

    /// One word of a row.
    #[inline]
    pub(super) fn word(&self, start: u32, word: usize) -> u64 {
        let word = self.rows.get(start as usize + word);
        word.copied().unwrap_or(0)
    }

    /// How many tables there are.
    #[cfg(test)]
    pub(super) fn tables(&self) -> usize {
        self.tables.get()
    }

    /// The bytes that it takes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.rows) + size_of_val(&*self.starts)
    }
}

fn columns<'c>(
    tables: &'c [Table<'c>],
    times: &'c [TimeTable<'c>],
    names: Option<&'c Names<'c>>,
    words: usize,
    width: usize,
) -> Vec<Column<'c>> {
    let narrowed = |rows: &[u64]| {
        let rows = rows.chunks_exact(words);
        rows.flat_map(|row| row.iter().take(width))
            .copied()
            .collect()
    };
    let tables = tables.iter().map(|table| Column {
        rows: narrowed(&table.rows),
        property: Property::Value(table),
    });
    let times = times.iter().map(|table| Column {
        rows: narrowed(table.column.rows()),
        property: Property::Time(table),
    });
    let names = names.map(|names| Column {
        rows: narrowed(&names.rows_by_longest()),
        property: Property::Name(names),
    });
    tables.chain(times).chain(names).collect()
}

/// Columns in few groups, none of which has more than so many rows unless it is a column alone: the
/// one with most classes first, each in the first group that has room.
fn grouped(columns: &[Column<'_>], width: usize, rows_max: usize) -> Vec<Group> {
    let mut by_classes: Vec<(usize, usize)> = columns
        .iter()
        .map(|column| column.classes(width))
        .zip(0..)
        .collect();
    by_classes.sort_by_key(|(classes, _)| std::cmp::Reverse(*classes));
    // There is one also without columns: it says who is enabled.
    let mut groups = vec![Group {
        columns: Vec::new(),
        rows: 1,
    }];
    for (classes, column) in by_classes {
        let mut all = groups.iter_mut();
        let with_room = all.find(|group| {
            let rows = group.rows.checked_mul(classes);
            group.columns.is_empty() || rows.is_some_and(|rows| rows <= rows_max)
        });
        match with_room {
            Some(group) => {
                group.columns.push(column);
                group.rows *= classes;
            }
            None => groups.push(Group {
                columns: vec![column],
                rows: classes,
            }),
        }
    }
    groups
}

impl Column<'_> {
    fn classes(&self, width: usize) -> usize {
        self.rows.len() / width.max(1)
    }

    /// Takes every record's start so many steps on as its class says.
    fn add_steps<'s>(&self, starts: impl Iterator<Item = &'s mut u32>, step: usize, words: usize) {
        match self.property {
            Property::Value(table) => {
                // Numbers that no value has lie nowhere.
                let steps = |start: &u32| (*start as usize / words.max(1)).checked_mul(step);
                let steps = table
                    .starts
                    .iter()
                    .map(|start| steps(start).map_or(0, code));
                let steps: Vec<u32> = steps.collect();
                for (start, number) in starts.zip(table.numbers) {
                    *start += steps.get(*number as usize).copied().unwrap_or(0);
                }
            }
            Property::Time(table) => {
                for (start, time) in starts.zip(table.times) {
                    *start += code(table.column.place(*time) * step);
                }
            }
            Property::Name(names) => {
                for (record, start) in starts.enumerate() {
                    *start += code(names.longest(record) * step);
                }
            }
        }
    }
}

/// What was found to fit before.
fn code(words: usize) -> u32 {
    u32::try_from(words).unwrap_or(0)
}
