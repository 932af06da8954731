//! One page of a listing.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::store::Inventory;
use crate::evaluate::Outcome;
use crate::file_json::FileJson;
use crate::query::Query;
use crate::record::FileRecord;

/// What an inventory answers to a [`Query`].
#[derive(Clone, Debug)]
pub struct Page<'i> {
    /// How many files the filter finds, on all pages.
    pub total: usize,
    /// Whether there are more behind this page.
    pub has_next: bool,
    /// The files of this page, in the order of the query.
    pub records: Vec<&'i FileRecord>,
    /// How many files may belong to the listing: only their labels decide, and those were never
    /// read. They are neither in `total` nor on a page.
    pub undecided: usize,
}

impl Page<'_> {
    /// The page in the product's form: `total`, `hasNext`, and the files in `data`, each as
    /// [`FileJson`] writes it. [`undecided`](Self::undecided) has no member there.
    pub fn to_value(&self) -> Value {
        let file = |record: &&FileRecord| FileJson::new((*record).clone()).to_value();
        json!({
            "total": self.total,
            "hasNext": self.has_next,
            "data": self.records.iter().map(file).collect::<Vec<_>>(),
        })
    }
}

impl Inventory {
    /// One page of the files that a query finds. `now_ms` is what relative dates are measured from,
    /// milliseconds UTC.
    ///
    /// Every record is looked at once. Sorted is the page only: the files before it are told from
    /// those behind it without putting either in order. A page beyond the end has no records.
    pub fn answer(&self, query: &Query, now_ms: i64) -> Page<'_> {
        let mut undecided = 0;
        let mut found: Vec<&FileRecord> = Vec::new();
        let sweep = self.sweep_filter(query.filter(), now_ms);
        sweep.each_record(0, |record, outcome| match outcome {
            Outcome::Match => found.extend(self.records.get(record)),
            _ => undecided += 1,
        });
        let total = found.len();
        let start = query.skip().min(total);
        let end = start.saturating_add(query.limit()).min(total);
        let compare = |one: &&FileRecord, other: &&FileRecord| query.compare(one, other);
        Page {
            total,
            has_next: end < total,
            records: slice_of_sorted(found, start, end, compare),
            undecided,
        }
    }
}

/// What would stand from `start` to `end` if the items were sorted.
fn slice_of_sorted<T>(
    mut items: Vec<T>,
    start: usize,
    end: usize,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    if start >= end || end > items.len() {
        return Vec::new();
    }
    // Selecting takes time in proportion to the items, sorting more.
    if end < items.len() {
        items.select_nth_unstable_by(end, &compare);
        items.truncate(end);
    }
    if start > 0 {
        items.select_nth_unstable_by(start, &compare);
        items.drain(..start);
    }
    items.sort_unstable_by(&compare);
    items
}
