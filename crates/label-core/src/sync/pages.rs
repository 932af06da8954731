//! The pages of one read, put together.

use crate::error::SourceError;
use crate::id::TenantId;
use crate::source::LabelList;
use crate::source::graph::{BODY_BYTES_MAX, Page, join};
use crate::sync::error::SyncError;

#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: Vec<Page>,
    labels: usize,
    bytes: u64,
}

impl Pages {
    /// How many pages there are.
    pub(super) const fn count(&self) -> usize {
        self.pages.len()
    }

    /// Counts a body before it is read: all of them together have the bound of one.
    pub(super) fn add_bytes(&mut self, bytes: usize) -> Result<(), SyncError> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes > BODY_BYTES_MAX {
            return Err(SyncError::Source(SourceError::TooLarge {
                limit_bytes: BODY_BYTES_MAX,
            }));
        }
        Ok(())
    }

    /// Adds a page.
    pub(super) fn add(&mut self, page: Page, labels_max: usize) -> Result<(), SyncError> {
        self.labels = self.labels.saturating_add(page.list.labels.len());
        if self.labels > labels_max {
            return Err(SyncError::TooManyLabels { limit: labels_max });
        }
        self.pages.push(page);
        Ok(())
    }

    /// The whole list. Labels that can't be read are counted over all pages.
    pub(super) fn into_list(self, tenant: TenantId) -> Result<LabelList, SyncError> {
        Ok(join(tenant, self.pages)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::graph::parse_page;

    #[test]
    fn l_040_a_last_page_of_one_bad_label_does_not_fail_the_whole_read() {
        let tenant = TenantId::from_u128(1);
        let page = |from: u32, good: u32, bad: u32| {
            let good = (from..from + good)
                .map(|at| format!(r#"{{"id":"00000000-0000-0000-0000-{at:012}"}}"#));
            let items: Vec<String> = good
                .chain((0..bad).map(|at| format!(r#"{{"id":"bad {at}"}}"#)))
                .collect();
            let body = format!(r#"{{"value":[{}]}}"#, items.join(","));
            parse_page(tenant, body.as_bytes()).unwrap()
        };
        let read = |all: [(u32, u32); 3]| {
            let mut pages = Pages::default();
            for (from, (good, bad)) in (0..).step_by(1_000).zip(all) {
                pages.add(page(from, good, bad), 10_000).unwrap();
            }
            pages.into_list(tenant)
        };
        // Which page a bad label is on doesn't matter; how many there are of all labels does.
        for all in [
            [(9, 0), (9, 0), (0, 2)],
            [(0, 2), (9, 0), (9, 0)],
            [(0, 1), (18, 0), (0, 1)],
        ] {
            let list = read(all).unwrap();
            assert_eq!(list.labels.len(), 18);
            let [note] = list.notes.as_slice() else {
                panic!("{:?}", list.notes)
            };
            assert!(note.starts_with("left out: /value/"), "{note}");
            assert!(
                note.ends_with("`bad 0` is not a GUID, and 1 more"),
                "{note}"
            );
        }
        for all in [
            [(9, 0), (9, 0), (0, 3)],
            [(6, 1), (6, 1), (5, 0)],
            [(0, 1), (0, 0), (0, 0)],
        ] {
            let error = read(all).unwrap_err().to_string();
            assert!(error.contains("`bad 0` is not a GUID"), "{error}");
        }
    }
}
