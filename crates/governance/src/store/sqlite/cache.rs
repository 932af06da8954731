//! What a transaction reads and writes over and over: kept until its end.
//!
//! A batch of a hundred tasks asks for the same allowance, policy and numbers a hundred times.
//! Nothing outlives the transaction, so there is nothing that could be out of date.

use std::collections::BTreeMap;

use label_core::{AppId, LabelKey, PolicyId, TenantId};

use crate::quota::{CountedAction, Quota};
use crate::store::PolicyState;
use crate::task::TaskId;

/// How many allowances, policies or labels are kept; more begin anew.
pub(super) const CACHED_MAX: usize = 1000;

/// How many tasks are known as pending or not; more begin anew.
pub(super) const PENDING_MAX: usize = 10_000;

/// A value, and whether the store doesn't have it yet.
pub(super) struct Cached<T> {
    pub(super) value: T,
    pub(super) dirty: bool,
}

/// The values of one transaction.
#[derive(Default)]
pub(super) struct Cache {
    /// Whether tasks that were read or written are pending.
    pub(super) pending: BTreeMap<TaskId, bool>,
    pub(super) counters: BTreeMap<&'static str, Cached<u64>>,
    pub(super) quotas: BTreeMap<(TenantId, AppId, CountedAction), Cached<Quota>>,
    pub(super) policies: BTreeMap<(TenantId, PolicyId), PolicyState>,
    pub(super) labels: BTreeMap<LabelKey, bool>,
}

impl Cache {
    /// Makes room: what only repeats the store is forgotten. Allowances are written first, by the
    /// caller, when [`is_full`](Self::is_full) says so.
    pub(super) fn make_room(&mut self) {
        if self.policies.len() >= CACHED_MAX {
            self.policies.clear();
        }
        if self.pending.len() >= PENDING_MAX {
            self.pending.clear();
        }
        if self.labels.len() >= CACHED_MAX {
            self.labels.clear();
        }
    }

    /// Whether the allowances have to be written and forgotten.
    pub(super) fn is_full(&self) -> bool {
        self.quotas.len() >= CACHED_MAX
    }
}
