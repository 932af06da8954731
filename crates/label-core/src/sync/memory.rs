//! A source in memory whose labels change and whose reads fail when told to: the twin of a real
//! one, for tests.

use std::collections::VecDeque;

use crate::error::SourceError;
use crate::id::TenantId;
use crate::label::Label;
use crate::source::{LabelList, LabelSource};

/// A source in memory.
///
/// # Examples
///
/// ```
/// use label_core::SourceError;
/// use label_core::source::LabelSource;
/// use label_core::sync::MemoryLabels;
/// use label_core::{Label, LabelId, TenantId};
///
/// let tenant = TenantId::from_u128(1);
/// let mut source = MemoryLabels::new(tenant, Vec::new());
/// source.fail_next(SourceError::TooLarge { limit_bytes: 5 });
/// assert!(source.fetch().is_err());
/// source.set(vec![Label::new(tenant, LabelId::from_u128(2), "General")]);
/// assert_eq!(source.fetch()?.labels.len(), 1);
/// # Ok::<(), SourceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryLabels {
    tenant: TenantId,
    labels: Vec<Label>,
    failures: VecDeque<SourceError>,
    fetches: u64,
}

impl MemoryLabels {
    /// A source with these labels.
    pub const fn new(tenant: TenantId, labels: Vec<Label>) -> Self {
        Self {
            tenant,
            labels,
            failures: VecDeque::new(),
            fetches: 0,
        }
    }

    /// Replaces the labels.
    pub fn set(&mut self, labels: Vec<Label>) {
        self.labels = labels;
    }

    /// Lets the next read fail; called again, the one after it too.
    pub fn fail_next(&mut self, error: SourceError) {
        self.failures.push_back(error);
    }

    /// How often it was read.
    pub const fn fetches(&self) -> u64 {
        self.fetches
    }
}

impl LabelSource for MemoryLabels {
    fn fetch(&mut self) -> Result<LabelList, SourceError> {
        self.fetches = self.fetches.saturating_add(1);
        match self.failures.pop_front() {
            Some(error) => Err(error),
            None => {
                let mut list = LabelList::new(self.tenant);
                list.labels.clone_from(&self.labels);
                Ok(list)
            }
        }
    }
}
