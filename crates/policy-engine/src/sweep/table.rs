//! What conditions say of values, looked up by the numbers of the values.

use super::Left;

/// Most tables: one for each part of a record, for apps and for labels.
pub(super) const TABLES_MAX: usize = 15;

/// Numbers up to here fit into the bits of one word.
pub(super) const SMALL: usize = 64;

/// All conditions of all subjects on one part of a record.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// Every record's number.
    pub(super) numbers: &'a [u32],
    /// Where the row of each number starts. Numbers that all conditions treat alike share one.
    pub(super) starts: Box<[u32]>,
    /// One bit for each subject, set unless it has a condition that doesn't hold.
    pub(super) rows: Box<[u64]>,
}

impl Table<'_> {
    /// Where the row of a record starts.
    pub(super) fn row(&self, record: usize) -> usize {
        let number = self.numbers.get(record).copied().unwrap_or(u32::MAX);
        self.starts
            .get(number as usize)
            .map_or(usize::MAX, |start| *start as usize)
    }

    /// A word of a row; no row has a bit set in words that it doesn't have.
    pub(super) fn word(&self, row: usize, word: usize) -> u64 {
        let at = row.saturating_add(word);
        self.rows.get(at).copied().unwrap_or(0)
    }
}

/// The conditions of one subject on one part of a record.
#[derive(Debug)]
pub(super) enum Test<'a> {
    /// One bit for each number.
    Bits { numbers: &'a [u32], bits: u64 },
    /// Looked up among all subjects.
    Table { table: usize, subject: usize },
}

impl Test<'_> {
    pub(super) fn holds(&self, tables: &[Table<'_>], record: usize) -> bool {
        match self {
            Self::Bits { numbers, bits } => has_bit(numbers, *bits, record),
            Self::Table { table, subject } => tables.get(*table).is_some_and(|table| {
                table.word(table.row(record), subject / 64) >> (subject % 64) & 1 == 1
            }),
        }
    }

    /// Keeps the records for which it holds.
    pub(super) fn narrow(&self, tables: &[Table<'_>], left: &mut Left<'_>) {
        match self {
            Self::Bits { numbers, bits } => left.keep(|record| has_bit(numbers, *bits, record)),
            Self::Table { .. } => left.keep(|record| self.holds(tables, record)),
        }
    }
}

/// Whether the bit of a record's number, which is below 64, is set.
fn has_bit(numbers: &[u32], bits: u64, record: usize) -> bool {
    let number = numbers.get(record);
    number.is_some_and(|number| bits >> (number & 63) & 1 == 1)
}
