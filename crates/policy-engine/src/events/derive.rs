//! From labels before and after to events.

use std::collections::BTreeSet;

use label_core::{FileKey, LabelKey, LabelView, TenantId};

use super::event::{Actor, ChangeDirection, EventLabel, LabelEvent, LabelEventKind};
use crate::record::{FileRecord, LabelScan, ScanWarning};

/// What a reading of a file said of its labels.
#[derive(Clone, Copy, Debug)]
pub struct LabelReading<'r> {
    /// Whether the labels were read; only then are they known (R-109).
    pub scan: LabelScan,
    /// The labels.
    pub labels: &'r [LabelKey],
    /// Whether the file is protected by rights management; nothing when that is unknown.
    pub is_protected: Option<bool>,
}

impl<'r> LabelReading<'r> {
    /// The reading that a record has.
    pub fn of(record: &'r FileRecord) -> Self {
        let is_read = record.label_scan == LabelScan::Done;
        Self {
            scan: record.label_scan,
            labels: &record.labels,
            is_protected: is_read.then(|| record.warnings.contains(ScanWarning::AzureRmsEncrypted)),
        }
    }

    /// This reading where it knows something, the earlier one where it doesn't: the last that is
    /// known of the file, to be kept for the next comparison. Without it, a file whose labels can't
    /// be read for once would have them discovered again.
    ///
    /// # Examples
    ///
    /// ```
    /// use policy_engine::LabelScan;
    /// use policy_engine::events::LabelReading;
    ///
    /// let nothing = LabelReading { scan: LabelScan::Done, labels: &[], is_protected: Some(true) };
    /// let failed = LabelReading { scan: LabelScan::Failed, labels: &[], is_protected: None };
    /// let known = failed.known_or(nothing);
    /// assert_eq!((known.scan, known.is_protected), (LabelScan::Done, Some(true)));
    /// ```
    pub fn known_or(self, earlier: Self) -> Self {
        let of_labels = if self.is_known() { self } else { earlier };
        Self {
            is_protected: self.is_protected.or(earlier.is_protected),
            ..of_labels
        }
    }

    fn is_known(&self) -> bool {
        self.scan == LabelScan::Done
    }
}

/// What events have in common that come from one reading.
#[derive(Clone, Copy, Debug)]
pub struct EventContext<'c> {
    /// The file.
    pub file: &'c FileKey,
    /// Who changed it.
    pub actor: &'c Actor,
    /// When, milliseconds UTC.
    pub at_ms: i64,
    /// For the priority of labels, and which way they were changed.
    pub labels: &'c LabelView,
}

impl EventContext<'_> {
    /// The event of a label action that failed for good: the label the file has, and the one it
    /// was to have, or none if its label was to be removed (R-183).
    pub fn label_action_failed(
        &self,
        before: Option<LabelKey>,
        wanted: Option<LabelKey>,
    ) -> LabelEvent {
        self.event(LabelEventKind::LabelActionFailed, before, wanted)
    }

    fn event(
        &self,
        kind: LabelEventKind,
        before: Option<LabelKey>,
        after: Option<LabelKey>,
    ) -> LabelEvent {
        let label = |key| EventLabel::new(key, self.labels);
        LabelEvent {
            kind,
            file: self.file.clone(),
            before: before.map(label),
            after: after.map(label),
            actor: self.actor.clone(),
            at_ms: self.at_ms,
        }
    }
}

/// What happened between two readings of a file (R-183). Depends on nothing but its arguments.
///
/// `before` is the last that is known of the file, see [`LabelReading::known_or`], and not simply
/// the reading before: one that failed knows nothing, and what is known afterwards would be
/// discovered again.
///
/// Tenants are looked at one by one, since a file can carry a label of each: a label that gives way
/// to another one of its tenant was changed, one that vanishes was removed, one that appears was
/// applied. If the labels before were not known, those that appear are discovered, except that a
/// label of our own tenant was applied where a policy or an administrator of ours is the actor: we
/// write no others. If the labels afterwards are not known, nothing is said of labels. At most one
/// event for each label, and one for the protection, which comes last.
pub fn label_events(
    before: LabelReading<'_>,
    after: LabelReading<'_>,
    context: &EventContext<'_>,
) -> Vec<LabelEvent> {
    let mut events = Vec::new();
    if after.is_known() {
        let known: BTreeSet<LabelKey> = if before.is_known() {
            before.labels.iter().copied().collect()
        } else {
            BTreeSet::new()
        };
        let now: BTreeSet<LabelKey> = after.labels.iter().copied().collect();
        let tenants: BTreeSet<TenantId> = known.union(&now).map(|key| key.tenant).collect();
        let is_outside = matches!(context.actor, Actor::Outside(_));
        for tenant in tenants {
            let is_theirs = is_outside || tenant != context.labels.tenant();
            let is_discovery = !before.is_known() && is_theirs;
            let of_tenant = |key: &&LabelKey| key.tenant == tenant;
            let mut gone = known
                .difference(&now)
                .copied()
                .filter(|key| of_tenant(&key));
            let mut new = now
                .difference(&known)
                .copied()
                .filter(|key| of_tenant(&key));
            loop {
                let (from, to) = (gone.next(), new.next());
                let kind = match (from, to) {
                    (None, None) => break,
                    (Some(_), None) => LabelEventKind::LabelRemoved,
                    (None, Some(_)) if is_discovery => LabelEventKind::LabelDiscovered,
                    (None, Some(_)) => LabelEventKind::LabelApplied,
                    (Some(from), Some(to)) => LabelEventKind::LabelChanged(
                        ChangeDirection::between(from, to, context.labels),
                    ),
                };
                events.push(context.event(kind, from, to));
            }
        }
    }
    if before.is_protected != Some(true) && after.is_protected == Some(true) {
        events.push(context.event(LabelEventKind::ProtectionDetected, None, None));
    }
    events
}
