//! What happens to the labels of files, and rules that raise alerts about it (R-183, R-184).
//!
//! [`label_events`] says what happened between two readings of a file, as [`LabelEvent`]s; whoever
//! carries out label actions adds the failed ones. An [`EventRule`] picks events by a filter, one by
//! one or when there are enough of them within a time, and an [`EventMatcher`] keeps what that
//! needs. A match becomes an alert with
//! [`NewAlert::of_event_match`](crate::alerts::NewAlert::of_event_match). Rules are read from and
//! written to an [`EventRuleDocument`], the product's activity policies in JSON. No activity log is needed
//! for it: events are looked at once, as they come.
//!
//! # Examples
//!
//! ```
//! use label_core::{
//!     AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelView, PolicyId, TenantId,
//! };
//! use policy_engine::events::{
//!     Actor, ChangeDirection, EventContext, EventMatcher, EventOptions, EventRule,
//!     LabelEventKind, LabelReading, Selection, label_events,
//! };
//! use policy_engine::{FileRecord, LabelScan};
//!
//! let tenant = TenantId::from_u128(1);
//! let general = Label::new(tenant, LabelId::from_u128(2), "General");
//! let mut secret = Label::new(tenant, LabelId::from_u128(3), "Secret");
//! secret.source_order = 1;
//! let (general_key, secret_key) = (general.key, secret.key);
//! let labels = LabelView::new(LabelCatalog::build(tenant, vec![general, secret])?.0.into());
//!
//! let mut before = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("7")?), "Plan.docx");
//! before.label_scan = LabelScan::Done;
//! before.labels = vec![secret_key];
//! let mut after = before.clone();
//! after.labels = vec![general_key];
//!
//! let events = label_events(
//!     LabelReading::of(&before),
//!     LabelReading::of(&after),
//!     &EventContext {
//!         file: &after.key,
//!         actor: &Actor::Outside(None),
//!         at_ms: 1_000,
//!         labels: &labels,
//!     },
//! );
//! let downgrade = LabelEventKind::LabelChanged(ChangeDirection::Downgrade);
//! assert_eq!(events[0].kind, downgrade);
//!
//! let mut rule = EventRule::new(PolicyId::parse("r")?, "Label lowered", 0);
//! rule.filter.kind = Selection::one_of([downgrade]);
//! let mut matcher = EventMatcher::new(rule, EventOptions::default())?;
//! let found = matcher.observe(&events[0], 1_000).ok_or("no match")?;
//! assert_eq!((found.count, found.at_ms), (1, 1_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod derive;
mod document;
mod event;
mod event_json;
mod filter_json;
mod matcher;
mod overload;
mod rule;
mod schema;
mod window;

#[cfg(test)]
mod tests;

pub use derive::{EventContext, LabelReading, label_events};
pub use document::{EventRuleDocument, FORMAT, RULES_MAX};
pub use event::{Actor, ChangeDirection, EventLabel, LabelEvent, LabelEventKind, LabelPriority};
pub use matcher::{
    CountedEvent, EventEntry, EventMatch, EventMatcher, EventOptions, MATCH_FILES_MAX, RuleStatus,
};
pub use overload::{MatchDay, OVERLOAD_DAYS_MAX, Overload};
pub use rule::{
    ActorPattern, AppScope, COUNT_MAX, Counting, EventFilter, EventRule, EventRuleError,
    MatchParameters, Repeated, Selection, TIME_FRAME_MINUTES_MAX,
};
pub use schema::event_rule_schema;
