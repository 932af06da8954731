//! Keeping a tenant's label list up to date.

mod changes;
mod error;

pub use changes::{ChangeKind, ChangeSet, LabelChange, Rank, diff};
pub use error::{ApplyError, SyncError, SyncOptionsError};
