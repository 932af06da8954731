//! What conditions say of values, looked up by the numbers of the values.

use super::Left;
use crate::index::bit;
use crate::inventory::values::ValueNumbers;

/// Numbers below it fit into the bits of one word.
pub(super) const SMALL: usize = 64;

/// All conditions of all subjects on one part of a record.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// Where the number stands in a row.
    pub(super) cell: usize,
    /// The number of every record.
    pub(super) numbers: &'a [u32],
    /// Where the row of each number starts. Numbers that all conditions treat alike share one.
    pub(super) starts: Box<[u32]>,
    /// One bit for each subject, set unless it has a condition that doesn't hold.
    pub(super) rows: Box<[u64]>,
}

/// The number in a cell.
#[inline]
fn cell(row: &ValueNumbers, cell: usize) -> u32 {
    // So that nothing has to be checked when it is read.
    row.get(cell % row.len()).copied().unwrap_or(u32::MAX)
}

impl Table<'_> {
    /// What the conditions say of a record, from the first subject on.
    #[inline]
    pub(super) fn answers(&self, row: &ValueNumbers) -> &[u64] {
        self.answers_of(cell(row, self.cell))
    }

    #[inline]
    fn answers_of(&self, number: u32) -> &[u64] {
        let start = self.starts.get(number as usize);
        let rows = start.and_then(|start| self.rows.get(*start as usize..));
        rows.unwrap_or_default()
    }

    /// Whether the conditions of a subject hold for a number.
    #[inline]
    pub(super) fn holds(&self, number: u32, subject: usize) -> bool {
        bit(self.answers_of(number), subject)
    }
}

/// The conditions of one subject on one part of a record.
#[derive(Debug)]
pub(super) enum Test<'a> {
    /// One bit for each number.
    Bits {
        cell: usize,
        numbers: &'a [u32],
        bits: u64,
    },
    /// Looked up among all subjects.
    Table { table: usize, subject: usize },
}

impl Test<'_> {
    #[inline]
    pub(super) fn holds(&self, tables: &[Table<'_>], row: &ValueNumbers) -> bool {
        match self {
            Self::Bits { cell: at, bits, .. } => bits >> (cell(row, *at) % 64) & 1 == 1,
            Self::Table { table, subject } => tables
                .get(*table)
                .is_some_and(|table| table.holds(cell(row, table.cell), *subject)),
        }
    }

    /// Keeps the records for which it holds.
    pub(super) fn narrow(&self, tables: &[Table<'_>], left: &mut Left<'_>) {
        match self {
            Self::Bits { numbers, bits, .. } => left.keep(|record| {
                let number = numbers.get(record);
                number.is_some_and(|number| bits >> (number % 64) & 1 == 1)
            }),
            Self::Table { table, subject } => {
                let Some(table) = tables.get(*table) else {
                    return left.keep(|_| false);
                };
                left.keep(|record| {
                    let number = table.numbers.get(record);
                    number.is_some_and(|number| table.holds(*number, *subject))
                });
            }
        }
    }
}

/// The first tests of a subject, as far as they are bits: asked together, without a branch.
#[derive(Clone, Copy, Debug)]
pub(super) struct BitGate {
    bits: [u64; 4],
    cells: [u8; 4],
    tests: u8,
}

impl BitGate {
    pub(super) fn new(tests: &[Test<'_>]) -> Self {
        let mut gate = Self {
            bits: [u64::MAX; 4],
            cells: [0; 4],
            tests: 0,
        };
        let places = gate.bits.iter_mut().zip(&mut gate.cells);
        for ((gate_bits, gate_cell), test) in places.zip(tests) {
            let Test::Bits { cell, bits, .. } = test else {
                break;
            };
            *gate_bits = *bits;
            *gate_cell = u8::try_from(*cell).unwrap_or_default();
            gate.tests += 1;
        }
        gate
    }

    /// How many tests it stands for.
    pub(super) fn tests(&self) -> usize {
        usize::from(self.tests)
    }

    #[inline]
    pub(super) fn lets_pass(&self, row: &ValueNumbers) -> bool {
        let holds = |bits: u64, at: u8| bits >> (cell(row, usize::from(at)) % 64) & 1;
        let ([first, bits @ ..], [first_at, cells @ ..]) = (self.bits, self.cells);
        // Few records pass the first test, so that a branch on it is mostly foreseen.
        if holds(first, first_at) == 0 {
            return false;
        }
        let tests = bits.into_iter().zip(cells);
        tests.fold(1, |all, (bits, at)| all & holds(bits, at)) == 1
    }
}
