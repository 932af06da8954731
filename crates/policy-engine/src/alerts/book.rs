//! The book of alerts.

use std::collections::{BTreeMap, BTreeSet};

use label_core::{FileKey, PolicyId};

use super::alert::{Alert, AlertId, NewAlert, ReadMark};
use super::close::{COMMENT_BYTES_MAX, Closure};
use super::error::AlertError;
use super::limit::{DayCount, DayCounts, Room};
use crate::matches::{AlertDue, MatchChange, Purged};
use crate::policy::Policy;
use crate::record::FileRecord;

/// How long alerts are kept unless told otherwise, milliseconds: 180 days, the product's figure.
pub const ALERT_RETENTION_MS_DEFAULT: i64 = 180 * 86_400_000;

/// What a book keeps, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertOptions {
    /// How long an alert is kept, open or closed, milliseconds. Default:
    /// [`ALERT_RETENTION_MS_DEFAULT`].
    pub retention_ms: i64,
    /// Most alerts. Default: 100,000.
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
    open: BTreeSet<(FileKey, PolicyId, AlertId)>,
    days: DayCounts,
    last: u64,
}

impl AlertBook {
    /// A book without alerts.
    pub fn new(options: AlertOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// The book that [`alerts`](Self::alerts) and [`days`](Self::days) came from.
    ///
    /// # Errors
    ///
    /// [`AlertError::Full`] when there are more alerts than the options allow;
    /// [`AlertError::Duplicate`] when two have the same number.
    pub fn from_entries(
        options: AlertOptions,
        alerts: impl IntoIterator<Item = Alert>,
        days: impl IntoIterator<Item = DayCount>,
    ) -> Result<Self, AlertError> {
        let mut book = Self::new(options);
        for alert in alerts {
            book.check_room()?;
            if book.alerts.contains_key(&alert.id) {
                return Err(AlertError::Duplicate { id: alert.id });
            }
            book.put(alert);
        }
        for day in days {
            book.days.restore(day);
        }
        Ok(book)
    }

    /// Raises the alert that a change of a match calls for: nothing if none does, if the policy
    /// raises no alerts, or if the match only took the place of another whose alert is still open.
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
        let is_due = match change.alert_due() {
            AlertDue::Never => false,
            AlertDue::UnlessOpen => self.open_alert(&file.key, policy.id()).is_none(),
            AlertDue::Always => true,
        };
        match NewAlert::of_match(policy, file).filter(|_| is_due) {
            Some(new) => self.raise(new, now_ms).map(Some),
            None => Ok(None),
        }
    }

    /// Raises an alert, unless its policy has reached its limit for the UTC day of `now_ms`.
    ///
    /// # Errors
    ///
    /// [`AlertError::Full`] when the book has no room.
    pub fn raise(&mut self, new: NewAlert, now_ms: i64) -> Result<Raised, AlertError> {
        let room = self.days.room(&new.policy, new.daily_limit, now_ms);
        if room == Room::Free {
            self.check_room()?;
        }
        self.days.count(&new.policy, room, now_ms);
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
        let bytes = closure.longest_text();
        if bytes > COMMENT_BYTES_MAX {
            return Err(AlertError::CommentTooLong {
                bytes,
                limit: COMMENT_BYTES_MAX,
            });
        }
        let alert = self.alerts.get_mut(&id).ok_or(AlertError::Unknown { id })?;
        if alert.closure.is_some() {
            return Err(AlertError::AlreadyClosed { id });
        }
        if let Some(file) = alert.file() {
            self.open.remove(&(file.clone(), alert.policy.clone(), id));
        }
        alert.closure = Some(closure);
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

    /// Takes out alerts, and counts of days, as old as they are kept or older; at most
    /// [`AlertOptions::purge_max`] of each at once.
    pub fn purge(&mut self, now_ms: i64) -> Purged {
        let oldest_ms = now_ms.saturating_sub(self.options.retention_ms);
        let at_most = self.options.purge_max.max(1);
        let mut removed = 0;
        while removed < at_most && self.first_raised_by(oldest_ms) {
            if let Some((_, id)) = self.by_time.pop_first() {
                self.take(id);
            }
            removed += 1;
        }
        let mut days = 0;
        while days < at_most && self.days.first_began_by(oldest_ms) {
            self.days.forget_oldest();
            days += 1;
        }
        Purged {
            removed,
            more: self.first_raised_by(oldest_ms) || self.days.first_began_by(oldest_ms),
        }
    }

    fn first_raised_by(&self, instant_ms: i64) -> bool {
        let first = self.by_time.first();
        first.is_some_and(|(at_ms, _)| *at_ms <= instant_ms)
    }

    fn check_room(&self) -> Result<(), AlertError> {
        let limit = self.options.alerts_max;
        if self.alerts.len() >= limit {
            return Err(AlertError::Full { limit });
        }
        Ok(())
    }

    fn put(&mut self, alert: Alert) {
        if let Some(file) = alert.file().filter(|_| alert.is_open()) {
            self.open
                .insert((file.clone(), alert.policy.clone(), alert.id));
        }
        self.by_time.insert((alert.at_ms, alert.id));
        self.last = self.last.max(alert.id.0);
        self.alerts.insert(alert.id, alert);
    }

    fn take(&mut self, id: AlertId) {
        if let Some(alert) = self.alerts.remove(&id)
            && let Some(file) = alert.file()
        {
            self.open.remove(&(file.clone(), alert.policy.clone(), id));
        }
    }
}
