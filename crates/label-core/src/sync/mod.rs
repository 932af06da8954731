//! Keeping a tenant's label list up to date.
//!
//! [`LabelSync`] is a machine without network and clock: it says what to request and when, and
//! takes the answers. A [`SnapshotKeeper`] has the list in force; it takes whole lists, from the
//! machine or from any [`LabelSource`](crate::source::LabelSource), and tells what changed. A
//! [`SnapshotStore`] keeps the list over restarts.
//!
//! # What holds
//!
//! - A failed or half read changes nothing; the list in force stays. It is never mixed from
//!   two reads.
//! - The list is never emptied, nor halved, by one read alone (L-045, L-046).
//! - While the source answers, the list is at most one period and one read old: an hour by default
//!   . The one exception is a list that is held back as above: it takes one period more.
//! - Versions only grow, and grow only when the content changes (L-047, L-049).
//!
//! # What it does not do
//!
//! It knows no token: the caller adds it to each request, and gets a new one when asked to; with the
//! feature `graph`, a `GraphDriver` does both and sends the requests.

mod changes;
mod compare;
pub mod conformance;
mod document;
mod error;
mod exchange;
mod graph_error;
#[cfg(feature = "graph")]
mod http;
mod keeper;
mod link;
mod machine;
mod memory;
mod pages;
mod random;
mod retry;
mod schedule;
mod snapshot;
mod status;
mod store;
mod time;

pub use changes::{ChangeKind, ChangeSet, LabelChange, Rank};
pub use compare::diff;
pub use error::{ApplyError, SnapshotError, SyncError, SyncOptionsError};
pub use exchange::{Action, GRAPH_LABELS_URL, Request, Response, Step, SyncOptions};
pub use graph_error::GraphError;
#[cfg(feature = "graph")]
pub use http::{Credentials, GRAPH_SCOPE, GraphDriver, LOGIN_URL, Run};
pub use keeper::{KeeperOptions, Outcome, SnapshotKeeper, SnapshotReader};
pub use machine::LabelSync;
pub use memory::MemoryLabels;
pub use schedule::{Schedule, ScheduleOptions};
pub use snapshot::{ContentHash, LabelSnapshot, Origin, Tombstone};
pub use status::{FRESH_MS, Freshness, Held, STALE_MS, SyncStatus};
pub use store::{Loaded, SNAPSHOT_BYTES_MAX, SnapshotStore};
