//! How names start.

use super::{Block, WORDS, block, words_of};
use crate::index::{FoldedTexts, clear, row, row_mut, set};
use crate::record::FileRecord;

/// All conditions of all subjects on how names start, and the names.
#[derive(Debug)]
pub(super) struct Names<'a> {
    records: &'a [FileRecord],
    /// The first bytes of each name as a number.
    starts: &'a [u64],
    /// At most 64.
    texts: FoldedTexts,
    words: usize,
    /// For each text the subjects that ask for it.
    wanted: Vec<u64>,
    /// For each text the subjects that forbid it.
    forbidden: Vec<u64>,
    /// Subjects that ask for none.
    open: Vec<u64>,
}

/// The condition of one subject.
#[derive(Debug)]
pub(super) struct NameTest {
    pub(super) texts: FoldedTexts,
    pub(super) is_negative: bool,
}

impl NameTest {
    pub(super) fn holds(&self, start: u64, name: &str) -> bool {
        let mut found = false;
        self.texts.starts(start, name, |_| found = true);
        found != self.is_negative
    }
}

impl<'a> Names<'a> {
    pub(super) fn new(
        records: &'a [FileRecord],
        starts: &'a [u64],
        texts: FoldedTexts,
        words: usize,
    ) -> Self {
        let rows = vec![0; texts.len() * words];
        Self {
            records,
            starts,
            texts,
            words,
            wanted: rows.clone(),
            forbidden: rows,
            open: vec![u64::MAX; words],
        }
    }

    /// Takes the condition of a subject in, its first that is not negative.
    pub(super) fn add(&mut self, subject: usize, test: &NameTest) {
        let rows = if test.is_negative {
            &mut self.forbidden
        } else {
            clear(&mut self.open, subject);
            &mut self.wanted
        };
        for text in test.texts.iter() {
            if let Some(at) = self.texts.place(text) {
                set(row_mut(rows, at, self.words), subject);
            }
        }
    }

    /// The name of a record, and how it starts.
    pub(super) fn name(&self, record: usize) -> Option<(u64, &'a str)> {
        let start = self.starts.get(record).copied();
        start.zip(self.records.get(record).map(|record| &*record.name))
    }

    /// With which texts a record's name starts: one bit for each.
    pub(super) fn found(&self, record: usize) -> u64 {
        let mut found = 0;
        if let Some((start, name)) = self.name(record) {
            self.texts.starts(start, name, |at| found |= 1 << (at % 64));
        }
        found
    }

    /// Which text is the longest with which a record's name starts, counted from one; zero where
    /// there is none. What is said of a name depends on that alone: it starts with all texts with
    /// which this one starts.
    pub(super) fn longest(&self, record: usize) -> usize {
        // Of texts with which one name starts the longest is the last in their order.
        64 - self.found(record).leading_zeros() as usize
    }

    /// The subjects whose conditions hold: for each [`Self::longest`] a row.
    pub(super) fn rows_by_longest(&self) -> Vec<u64> {
        let longest = std::iter::once(None).chain(self.texts.iter().map(Some));
        let mut rows = Vec::with_capacity((self.texts.len() + 1) * self.words);
        for longest in longest {
            let begins = |text: &str| longest.is_some_and(|longest| longest.starts_with(text));
            let texts = self.texts.iter().enumerate();
            let found = texts.fold(0, |found, (at, text)| {
                found | u64::from(begins(text)) << (at % 64)
            });
            for first in (0..self.words).step_by(WORDS) {
                rows.extend(words_of(self.answers(found, first)));
            }
        }
        rows
    }

    /// The subjects whose conditions hold for a name that starts with these texts, in the words
    /// from the one numbered `first` on.
    #[inline]
    pub(super) fn answers(&self, mut found: u64, first: usize) -> Block {
        let mut holds = block(&self.open, first);
        let mut forbidden = 0;
        while found != 0 {
            let at = found.trailing_zeros() as usize;
            found &= found - 1;
            holds |= block(row(&self.wanted, at, self.words), first);
            forbidden |= block(row(&self.forbidden, at, self.words), first);
        }
        holds & !forbidden
    }
}
