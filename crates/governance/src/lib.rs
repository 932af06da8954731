//! Durable label tasks under a daily limit: never too many, never lost, never twice.
//!
//! A *task* puts a sensitivity label on a file, takes it off, or puts the file in quarantine. Policies and administrators
//! *submit* tasks; a worker *claims* the next ones, looks at the file, asks for leave to write, and
//! reports what came of it. At most 100 labels are applied per app, tenant and UTC day; what is
//! left waits until noon UTC of the next day and goes on by itself.
//!
//! ```
//! use governance::store::MemoryStore;
//! use governance::{
//!     ActionKind, CountedAction, FileVersion, Governance, Initiator, NewTask, Settings, TaskKey,
//!     TaskOutcome, TaskState, WriteGrant, WriteIntent,
//! };
//! use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};
//!
//! let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
//! let tenant = TenantId::from_u128(1);
//! let confidential = LabelKey::new(tenant, LabelId::from_u128(7));
//! let key = TaskKey {
//!     tenant,
//!     file: FileKey::new(AppId::BOX, 0, FileId::parse("contract.docx")?),
//!     file_version: FileVersion::parse("3")?,
//!     policy: Some(PolicyId::parse("finance")?),
//!     action: ActionKind::Apply(confidential),
//! };
//! let now = 1_609_840_800_000; // 2021-01-05 10:00 UTC
//! governance.submit(&[NewTask::new(key, 5, Initiator::parse("Finance documents")?)], now)?;
//!
//! for task in governance.claim(10, now)? {
//!     // Here the file is looked at, and what will be written is prepared.
//!     let after = FileVersion::parse("4")?;
//!     let intent = WriteIntent::new(after.clone());
//!     if governance.begin_write(task.claim(), intent, now)? == WriteGrant::Granted {
//!         // Here the file is written.
//!         let outcome = TaskOutcome::Succeeded { version: after };
//!         assert_eq!(governance.finish(task.claim(), outcome, now)?, TaskState::Succeeded);
//!     }
//! }
//! let action = CountedAction::ApplyLabel;
//! assert_eq!(governance.allowance(tenant, AppId::BOX, action, now)?.left, 99);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is guaranteed
//!
//! * **Never too many.** A unit of the allowance is used, durably, before the file is written.
//!   Labels applied and writes under way together never exceed the limit of the day, whatever the
//!   number of workers, the crashes, and the jumps of the clock. A unit counts on the day on which
//!   leave to write was given, and that leave holds until the end of that day.
//! * **Never lost.** What `submit` accepted is in a state until it is done, refused or called off,
//!   and [`Governance::why`] says in one sentence what it waits for.
//! * **Never twice.** A policy's task is known by tenant, file, file version, policy and action; to
//!   submit it again is harmless. A task by hand is a new one each time. After a crash the stored intent tells whether the file was written.
//!
//! # What it does not do
//!
//! It reads no clock, touches no file, and starts no thread: times are arguments, and the caller
//! writes. It does not decide whether a label may be applied; the caller's outcome says so.
//!
//! # Features
//!
//! | feature | default | brings |
//! | --- | --- | --- |
//! | `sqlite` | yes | [`store::SqliteStore`], the durable store |
//! | `driver` | no | `driver`, a worker loop with a pool of threads |
//! | `tracing` | no | spans around each task of that loop |

mod custody;
#[cfg(feature = "driver")]
pub mod driver;
mod engine;
mod error;
pub mod export;
pub mod jobs;
mod ledger;
pub mod log;
pub mod quota;
mod reason;
mod retry;
mod state;
pub mod store;
mod task;
mod text;
pub mod work;

pub use custody::{CLOCK_MARGIN_MS, Custody, LEASE_MS_MAX, Lease};
pub use engine::{
    Allowance, CLAIM_COUNT_MAX, Forecast, FreezePolicy, Governance, Joint, ManualTasks,
    NotReverted, Reverts, SUBMIT_COUNT_MAX, Settings, Submitted, TaskOutcome, Trimmed, Waits, Why,
    WriteEffect, WriteGrant,
};
pub use error::{Cause, Error};
pub use ledger::{AppliedLabel, Turns};
pub use log::{LogEntry, LogEvent, QuotaPosition};
pub use quota::{CountedAction, DailyLimit, DayReading};
pub use reason::{REASON_CODE_BYTES_MAX, REASON_DETAIL_BYTES_MAX, Reason};
pub use retry::{NOT_BEFORE_MS_MAX, RetryPolicy, RetryRules};
pub use state::{Counts, StateKind, Status, Suspension, SuspensionReason, TaskState};
pub use store::{PolicyState, TaskFilter};
pub use task::{
    ActionKind, Claim, NewTask, PolicyOrder, PreviousLabel, QueuePlace, Repeat, Task, TaskId,
    TaskKey, WriteIntent,
};
pub use text::{FileVersion, Initiator, MatchId, Worker};
