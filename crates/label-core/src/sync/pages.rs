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

    /// The whole list.
    pub(super) fn into_list(self, tenant: TenantId) -> Result<LabelList, SyncError> {
        Ok(join(tenant, self.pages)?)
    }
}
