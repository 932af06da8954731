//! Where a tenant's label list comes from.

#[cfg(feature = "sources")]
pub mod graph;

use crate::error::SourceError;
use crate::id::TenantId;
use crate::label::Label;

#[cfg(feature = "sources")]
pub use graph::GraphFile;

/// A complete label list of one tenant, parents and sublabels included (R-061).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelList {
    /// Whose labels they are.
    pub tenant: TenantId,
    /// The labels in the order of the source.
    pub labels: Vec<Label>,
    /// What was odd and could be read all the same.
    pub notes: Vec<String>,
}

/// Fetches the complete label list of a tenant.
///
/// One call is one complete, successful read or an error; half a list is an error. On an error the
/// caller keeps the list that it has (R-063).
pub trait LabelSource {
    /// The list as it is now.
    ///
    /// # Errors
    ///
    /// [`SourceError`]: nothing was read, keep the list in force and try again later.
    fn fetch(&mut self) -> Result<LabelList, SourceError>;
}

/// A source with a list in memory, for tests and for callers who have the labels already.
///
/// # Examples
///
/// ```
/// use label_core::source::{FixedLabels, LabelSource};
/// use label_core::{Label, LabelId, TenantId};
///
/// let tenant = TenantId::from_u128(1);
/// let mut source = FixedLabels::new(tenant, vec![Label::new(tenant, LabelId::from_u128(2), "General")]);
/// assert_eq!(source.fetch()?.labels.len(), 1);
/// # Ok::<(), label_core::SourceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FixedLabels {
    list: LabelList,
}

impl FixedLabels {
    /// A source that always gives these labels.
    pub fn new(tenant: TenantId, labels: Vec<Label>) -> Self {
        Self {
            list: LabelList {
                tenant,
                labels,
                notes: Vec::new(),
            },
        }
    }
}

impl LabelSource for FixedLabels {
    fn fetch(&mut self) -> Result<LabelList, SourceError> {
        Ok(self.list.clone())
    }
}
