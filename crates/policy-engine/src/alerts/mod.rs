//! Alerts: who is told that a match began, how often, and how it is settled.
//!
//! An [`AlertBook`] raises one alert for each change of a match that calls for one (R-202), which a
//! [`MatchBook`](crate::matches::MatchBook) says once, and at most a policy's daily limit of them on
//! one UTC day (R-205). The limit is about alerts alone: whether actions are due is for
//! [`MatchChange::are_actions_due`](crate::matches::MatchChange::are_actions_due), which doesn't
//! know of it. What was over the limit is counted, so that one summary can stand for it. Sending
//! alerts is the caller's; [`addressees`] says to whom (A-027). The book is kept in memory; its
//! [`entries`](AlertBook::entries) are what has to be stored.
//!
//! # Examples
//!
//! ```
//! use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
//! use policy_engine::alerts::{AlertBook, AlertOptions, Raised};
//! use policy_engine::matches::MatchChange;
//! use policy_engine::{BuildContext, FileRecord, PolicySet, Severity};
//!
//! let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
//! let policies = PolicySet::from_json(
//!     r#"{"format": "file-policies/1", "policies": [
//!         {"id": "1", "name": "Exposed", "severity": "high", "alerts": {"dailyLimit": 1}}
//!     ]}"#,
//!     &BuildContext::new(&labels),
//! )?;
//! let policy = &policies.policies()[0];
//! let file = |id| Ok::<_, label_core::IdError>(FileRecord::new(
//!     FileKey::new(AppId::BOX, 0, FileId::parse(id)?),
//!     "Plan.docx",
//! ));
//!
//! let mut alerts = AlertBook::new(AlertOptions::default());
//! let first = alerts.raise_for_match(MatchChange::Started, policy, &file("7")?, 1_000)?;
//! let Some(Raised::Alert(id)) = first else { return Err("no alert".into()) };
//! let alert = alerts.alert(id).ok_or("no such alert")?;
//! assert_eq!((alert.title.as_str(), alert.severity), ("Exposed", Severity::High));
//!
//! let second = alerts.raise_for_match(MatchChange::Started, policy, &file("8")?, 2_000)?;
//! assert_eq!(second, Some(Raised::OverLimit));
//! assert_eq!(alerts.days().map(|day| day.over_limit).sum::<u64>(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod addressees;
mod alert;
mod book;
mod close;
mod error;
mod json;
mod limit;

#[cfg(test)]
mod tests;

pub use addressees::{Administrator, addressees};
pub use alert::{
    Alert, AlertBookState, AlertEntry, AlertId, AlertSubject, NewAlert, PolicyKind, ReadMark,
};
pub use book::{ALERT_RETENTION_MS_DEFAULT, AlertBook, AlertOptions, Raised};
pub use close::{
    AlertStatus, BenignReason, COMMENT_BYTES_MAX, CloseReason, Closure, FalsePositiveReason,
    Feedback,
};
pub use error::AlertError;
pub use limit::{DAY_COUNTS_MAX, DayCount};
