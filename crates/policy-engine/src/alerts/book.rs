//! The book of alerts.

use std::collections::{BTreeMap, BTreeSet};

use label_core::{FileKey, PolicyId};

use super::alert::{Alert, AlertBookState, AlertEntry, AlertId, NewAlert, ReadMark};
use super::close::Closure;
use super::error::AlertError;
use super::limit::{DayCount, DayCounts, Room};
use crate::matches::{AlertDue, MatchChange, Purged};
use crate::policy::Policy;
use crate::program::DAY_MS;
use crate::record::FileRecord;

/// How long alerts are kept unless told otherwise, milliseconds: 180 days, the product's figure.
pub const ALERT_RETENTION_MS_DEFAULT: i64 = 180 * DAY_MS;

/// What a book keeps, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertOptions {
    /// How long an alert is kept, open or closed, milliseconds. Default:
    /// [`ALERT_RETENTION_MS_DEFAULT`].
    pub retention_ms: i64,
    /// Most alerts. In a full book the oldest closed one makes room, and
    /// [`AlertBook::dropped`] counts it; where all are open, a new one is refused, and
    /// [`AlertBook::refused`] counts it. Default: 100,000.
    pub alerts_max: usize,
    /// Most alerts, and most day counts, that one [`AlertBook::purge`] takes out; at least one.
    /// Default: 10,000.
    pub purge_max: usize,
}

impl Default for AlertOptions {
    fn default() -> Self {
        Self {
            retention_ms: ALERT_RETENTION_MS_DEFAULT,
            alerts_max: 100_000,
            purge_max: 10_000,
        }
    }
}

/// What became of an alert that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Raised {
    /// It was raised.
    Alert(AlertId),
    /// The policy's limit for the day was reached (R-205). It was counted. Actions are due all the
    /// same.
    OverLimit,
}

/// The alerts that were raised, and how many were not.
///
/// See the [module](super) for an example.
#[derive(Clone, Debug, Default)]
pub struct AlertBook {
    options: AlertOptions,
    alerts: BTreeMap<AlertId, Alert>,
    by_time: BTreeSet<(i64, AlertId)>,
    closed: BTreeSet<(i64, AlertId)>,
    open: BTreeSet<(FileKey, PolicyId, AlertId)>,
    days: DayCounts,
    last: u64,
    dropped: u64,
    refused: u64,
}

impl AlertBook {
    /// A book without alerts.
    pub fn new(options: AlertOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// The book that [`entries`](Self::entries) came from, in any order.
    ///
    /// # Errors
    ///
    /// [`AlertError::Full`] when there are more alerts than the options allow, and
    /// [`AlertError::CommentTooLong`]; [`AlertError::Duplicate`], [`AlertError::DuplicateDay`] or
    /// [`AlertError::DuplicateState`] when the entries are not those of one book.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{AppId, FileId, FileKey, PolicyId};
    /// use policy_engine::Severity;
    /// use policy_engine::alerts::{
    ///     Alert, AlertBook, AlertBookState, AlertEntry, AlertId, AlertOptions, AlertSubject,
    ///     DayCount, PolicyKind, ReadMark,
    /// };
    ///
    /// // As it was stored, in whatever form.
    /// let policy = PolicyId::parse("1")?;
    /// let stored = [
    ///     AlertEntry::State(AlertBookState { last_id: AlertId(7), first_day: Some(18_000) }),
    ///     AlertEntry::Day(DayCount {
    ///         kind: PolicyKind::File,
    ///         policy: policy.clone(),
    ///         day_start_ms: 18_500 * 86_400_000,
    ///         raised: 2,
    ///         over_limit: 3,
    ///     }),
    ///     AlertEntry::Alert(Box::new(Alert {
    ///         id: AlertId(5),
    ///         at_ms: 18_500 * 86_400_000 + 1,
    ///         policy,
    ///         title: "Exposed".to_owned(),
    ///         severity: Severity::High,
    ///         email: Vec::new(),
    ///         text_message: Vec::new(),
    ///         flow: None,
    ///         subject: AlertSubject::File {
    ///             file: FileKey::new(AppId::BOX, 0, FileId::parse("7")?),
    ///             name: "Plan.docx".into(),
    ///             owner: None,
    ///         },
    ///         read: ReadMark::Unread,
    ///         closure: None,
    ///     })),
    /// ];
    /// let alerts = AlertBook::from_entries(AlertOptions::default(), stored.clone())?;
    /// assert!(alerts.alert(AlertId(5)).is_some_and(Alert::is_open));
    /// assert!(alerts.entries().eq(stored));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_entries(
        options: AlertOptions,
        entries: impl IntoIterator<Item = AlertEntry>,
    ) -> Result<Self, AlertError> {
        let mut book = Self::new(options);
        let mut has_state = false;
        for entry in entries {
            match entry {
                AlertEntry::State(state) => {
                    if has_state {
                        return Err(AlertError::DuplicateState);
                    }
                    has_state = true;
                    book.last = book.last.max(state.last_id.0);
                    book.days
                        .restore_first_day(state.first_day.unwrap_or(i64::MIN));
                }
                AlertEntry::Day(day) => book.days.restore(day)?,
                AlertEntry::Alert(alert) => book.restore(*alert)?,
            }
        }
        Ok(book)
    }

    fn restore(&mut self, alert: Alert) -> Result<(), AlertError> {
        let (id, limit) = (alert.id, self.options.alerts_max);
        if self.alerts.len() >= limit {
            return Err(AlertError::Full { limit });
        }
        if self.alerts.contains_key(&id) {
            return Err(AlertError::Duplicate { id });
        }
        if let Some(closure) = &alert.closure {
            closure.check(id)?;
        }
        self.put(alert);
        Ok(())
    }

    /// Everything that has to be kept for [`from_entries`](Self::from_entries): the state, the
    /// counts of days, oldest first, and the alerts, by number.
    pub fn entries(&self) -> impl Iterator<Item = AlertEntry> {
        let state = AlertBookState {
            last_id: AlertId(self.last),
            first_day: self.days.first_day(),
        };
        let is_new = self.last == 0 && state.first_day.is_none();
        let state = (!is_new).then_some(AlertEntry::State(state));
        let days = self.days.iter().cloned().map(AlertEntry::Day);
        let alerts = self.alerts.values().cloned();
        let alerts = alerts.map(|alert| AlertEntry::Alert(Box::new(alert)));
        state.into_iter().chain(days).chain(alerts)
    }

    /// Whether a change of a match calls for an alert: it begins one, the policy raises alerts, and
    /// if the match only took the place of another, that one's alert is not open any more. Changes
    /// nothing, so it can be asked for what a preview says (A-011). The limit of the day is not
    /// looked at.
    pub fn is_due(&self, change: MatchChange, policy: &Policy, file: &FileKey) -> bool {
        policy.definition().alerts.each_match
            && match change.alert_due() {
                AlertDue::Never => false,
                AlertDue::UnlessOpen => self.open_alert(file, policy.id()).is_none(),
                AlertDue::Always => true,
            }
    }

    /// Raises the alert that a change of a match calls for, nothing unless it
    /// [is due](Self::is_due). A change that is told twice raises two alerts.
    ///
    /// # Errors
    ///
    /// [`AlertError::Full`] when the book has no room.
    pub fn raise_for_match(
        &mut self,
        change: MatchChange,
        policy: &Policy,
        file: &FileRecord,
        now_ms: i64,
    ) -> Result<Option<Raised>, AlertError> {
        if !self.is_due(change, policy, &file.key) {
            return Ok(None);
        }
        match NewAlert::of_match(policy, file) {
            Some(new) => self.raise(new, now_ms).map(Some),
            None => Ok(None),
        }
    }

    /// Raises an alert, unless its policy has reached its limit for the UTC day of `now_ms`. In a
    /// full book the oldest closed alert makes room.
    ///
    /// # Errors
    ///
    /// [`AlertError::Full`] when the book has no room.
    pub fn raise(&mut self, new: NewAlert, now_ms: i64) -> Result<Raised, AlertError> {
        let kind = new.subject.kind();
        let room = self.days.room(kind, &new.policy, new.daily_limit, now_ms);
        if room == Room::Free {
            self.make_room()?;
        }
        self.days.count(kind, &new.policy, room, now_ms);
        match room {
            Room::OverLimit => Ok(Raised::OverLimit),
            Room::Free => {
                let id = AlertId(self.last.saturating_add(1));
                self.put(Alert::new(id, new, now_ms));
                Ok(Raised::Alert(id))
            }
        }
    }

    /// Settles an open alert (A-024). Its match is not touched: that goes on until the file no
    /// longer matches or somebody authorises it.
    ///
    /// # Errors
    ///
    /// [`AlertError::Unknown`], [`AlertError::AlreadyClosed`], or [`AlertError::CommentTooLong`].
    ///
    /// # Examples
    ///
    /// ```
    /// use policy_engine::Address;
    /// use policy_engine::alerts::{
    ///     AlertBook, AlertError, AlertId, AlertOptions, CloseReason, Closure,
    /// };
    ///
    /// let mut alerts = AlertBook::new(AlertOptions::default());
    /// let admin = Address::parse("admin@contoso.example")?;
    /// let closure = Closure::new(CloseReason::TruePositive, admin, 1_000);
    /// let unknown = AlertError::Unknown { id: AlertId(9) };
    /// assert_eq!(alerts.close(AlertId(9), closure), Err(unknown));
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    pub fn close(&mut self, id: AlertId, closure: Closure) -> Result<(), AlertError> {
        closure.check(id)?;
        let alert = self.alerts.get_mut(&id).ok_or(AlertError::Unknown { id })?;
        if alert.closure.is_some() {
            return Err(AlertError::AlreadyClosed { id });
        }
        if let Some(file) = alert.file() {
            self.open.remove(&(file.clone(), alert.policy.clone(), id));
        }
        alert.closure = Some(closure);
        self.closed.insert((alert.at_ms, id));
        Ok(())
    }

    /// Marks an alert as read or unread.
    ///
    /// # Errors
    ///
    /// [`AlertError::Unknown`].
    pub fn mark(&mut self, id: AlertId, read: ReadMark) -> Result<(), AlertError> {
        let alert = self.alerts.get_mut(&id).ok_or(AlertError::Unknown { id })?;
        alert.read = read;
        Ok(())
    }

    /// An alert.
    pub fn alert(&self, id: AlertId) -> Option<&Alert> {
        self.alerts.get(&id)
    }

    /// All alerts, open and closed, by number.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// The newest alert of a file and policy that is still to be settled.
    pub fn open_alert(&self, file: &FileKey, policy: &PolicyId) -> Option<&Alert> {
        let of = |id| (file.clone(), policy.clone(), AlertId(id));
        let (_, _, id) = self.open.range(of(0)..=of(u64::MAX)).next_back()?;
        self.alerts.get(id)
    }

    /// How many alerts each policy raised on each UTC day, and how many were over the limit and
    /// make one summary; oldest day first.
    pub fn days(&self) -> impl Iterator<Item = &DayCount> {
        self.days.iter()
    }

    /// How many closed alerts were taken out before their time since the book was made, because it
    /// was full.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many alerts were refused since the book was made, because it was full of open ones.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes out alerts, and counts of days, as old as they are kept or older; at most
    /// [`AlertOptions::purge_max`] of each at once. A day is as old as its end, and the newest day
    /// that has counts stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use policy_engine::alerts::{ALERT_RETENTION_MS_DEFAULT, AlertBook, AlertOptions};
    ///
    /// let mut alerts = AlertBook::new(AlertOptions::default());
    /// let now_ms = 1_600_000_000_000;
    /// while alerts.purge(now_ms).more {}
    /// let kept_from_ms = now_ms - ALERT_RETENTION_MS_DEFAULT;
    /// assert!(alerts.alerts().all(|alert| alert.at_ms > kept_from_ms));
    /// ```
    pub fn purge(&mut self, now_ms: i64) -> Purged {
        let oldest_ms = now_ms.saturating_sub(self.options.retention_ms);
        let at_most = self.options.purge_max.max(1);
        let mut removed = 0;
        while removed < at_most && self.first_raised_by(oldest_ms) {
            if let Some((_, id)) = self.by_time.first().copied() {
                self.take(id);
            }
            removed += 1;
        }
        let mut days = 0;
        while days < at_most && self.days.is_oldest_over_by(oldest_ms) {
            self.days.forget_oldest();
            days += 1;
        }
        Purged {
            removed,
            more: self.first_raised_by(oldest_ms) || self.days.is_oldest_over_by(oldest_ms),
        }
    }

    fn first_raised_by(&self, instant_ms: i64) -> bool {
        let first = self.by_time.first();
        first.is_some_and(|(at_ms, _)| *at_ms <= instant_ms)
    }

    /// Room for one more alert, at the expense of the oldest closed one if need be.
    fn make_room(&mut self) -> Result<(), AlertError> {
        let limit = self.options.alerts_max;
        if self.alerts.len() < limit {
            return Ok(());
        }
        // Whoever allows none at all has none closed either.
        let Some((_, oldest)) = self.closed.first().copied() else {
            self.refused = self.refused.saturating_add(1);
            return Err(AlertError::Full { limit });
        };
        self.take(oldest);
        self.dropped = self.dropped.saturating_add(1);
        Ok(())
    }

    fn put(&mut self, alert: Alert) {
        if let Some(file) = alert.file().filter(|_| alert.is_open()) {
            self.open
                .insert((file.clone(), alert.policy.clone(), alert.id));
        }
        self.by_time.insert((alert.at_ms, alert.id));
        if !alert.is_open() {
            self.closed.insert((alert.at_ms, alert.id));
        }
        self.last = self.last.max(alert.id.0);
        self.alerts.insert(alert.id, alert);
    }

    fn take(&mut self, id: AlertId) {
        let Some(alert) = self.alerts.remove(&id) else {
            return;
        };
        self.by_time.remove(&(alert.at_ms, id));
        self.closed.remove(&(alert.at_ms, id));
        if let Some(file) = alert.file() {
            self.open.remove(&(file.clone(), alert.policy.clone(), id));
        }
    }
}
