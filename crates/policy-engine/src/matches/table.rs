//! How matches are kept, and moved from one list to another.

use std::collections::BTreeMap;

use label_core::{FileKey, PolicyId};

use super::book::MatchBook;
use super::change::Observation;
use super::entry::{AuthorisedMatch, CurrentMatch, EndReason, PastMatch, PolicyStatus};
use super::error::MatchError;

/// One policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) status: PolicyStatus,
    pub(super) resets: u32,
    /// Current matches only.
    pub(super) matching: usize,
    pub(super) slots: BTreeMap<FileKey, Slot>,
}

/// One file and policy. A slot with neither a match nor a past is not kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    pub(super) now: Option<Now>,
    /// How many of its matches the history has.
    pub(super) past: usize,
}

/// A match that is not over.
#[derive(Clone, Debug)]
pub(super) enum Now {
    Current(CurrentMatch),
    Authorised(AuthorisedMatch),
}

impl MatchBook {
    pub(super) fn now_mut(&mut self, policy: &PolicyId, file: &FileKey) -> Option<&mut Now> {
        let slot = self.tables.get_mut(policy)?.slots.get_mut(file)?;
        slot.now.as_mut()
    }

    pub(super) fn note_seen(&mut self, observation: &Observation<'_>) {
        if let Some(Now::Current(current)) = self.now_mut(observation.policy, observation.file) {
            current.seen_ms = current.seen_ms.max(observation.now_ms);
            if let Some(content) = observation.content {
                current.content = Some(content.clone());
                current.matched_content = Some(content.clone());
            }
        }
    }

    /// Notes the content of a file of which nothing else is known to have changed. An authorisation
    /// that is to end with the content needs one to compare with, and one that comes later is for
    /// what the file holds then, whether or not the policy could be decided for it.
    pub(super) fn note_content(&mut self, observation: &Observation<'_>) {
        if self.status(observation.policy) == PolicyStatus::Disabled {
            return;
        }
        let Some(content) = observation.content else {
            return;
        };
        match self.now_mut(observation.policy, observation.file) {
            Some(Now::Current(current)) => current.content = Some(content.clone()),
            Some(Now::Authorised(authorised)) => {
                authorised.content.get_or_insert_with(|| content.clone());
            }
            None => {}
        }
    }

    /// Ends the match that there may be, and begins another.
    pub(super) fn begin(&mut self, observation: &Observation<'_>) -> Result<(), MatchError> {
        let (policy, file) = (observation.policy, observation.file);
        if self.now_mut(policy, file).is_none() {
            self.check_room()?;
        }
        self.end(policy, file, observation.now_ms, EndReason::Restarted);
        let resets = self.tables.get(policy).map_or(0, |table| table.resets);
        self.put(Now::Current(CurrentMatch {
            file: file.clone(),
            policy: policy.clone(),
            since_ms: observation.now_ms,
            seen_ms: observation.now_ms,
            content: observation.content.cloned(),
            matched_content: observation.content.cloned(),
            resets,
        }));
        Ok(())
    }

    fn check_room(&self) -> Result<(), MatchError> {
        let limit = self.options.matches_max;
        if self.held >= limit {
            return Err(MatchError::Full { limit });
        }
        Ok(())
    }

    pub(super) fn restore(&mut self, now: Now) -> Result<(), MatchError> {
        let (policy, file) = now.key();
        if self.now_mut(&policy, &file).is_some() {
            return Err(MatchError::Duplicate { file, policy });
        }
        self.check_room()?;
        self.put(now);
        Ok(())
    }

    /// Puts a match where there is none.
    pub(super) fn put(&mut self, now: Now) {
        let (policy, file) = now.key();
        let table = self.tables.entry(policy.clone()).or_default();
        if let Now::Current(_) = &now {
            table.matching += 1;
            self.by_file.entry(file.clone()).or_default().insert(policy);
        }
        table.slots.entry(file).or_default().now = Some(now);
        self.held += 1;
    }

    /// Takes out the match of a file and policy, current or authorised. The slot may be left bare:
    /// [`tidy`](Self::tidy) is due.
    pub(super) fn take(&mut self, policy: &PolicyId, file: &FileKey) -> Option<Now> {
        let table = self.tables.get_mut(policy)?;
        let now = table.slots.get_mut(file)?.now.take()?;
        self.held -= 1;
        if let Now::Current(_) = &now {
            table.matching -= 1;
            if let Some(policies) = self.by_file.get_mut(file) {
                policies.remove(policy);
                if policies.is_empty() {
                    self.by_file.remove(file);
                }
            }
        }
        Some(now)
    }

    /// Moves the match of a file and policy, if there is one, into the history.
    pub(super) fn end(
        &mut self,
        policy: &PolicyId,
        file: &FileKey,
        now_ms: i64,
        reason: EndReason,
    ) {
        let Some(now) = self.take(policy, file) else {
            return;
        };
        let (since_ms, last_ms, reason) = match now {
            Now::Current(current) => (current.since_ms, current.seen_ms, reason),
            Now::Authorised(authorised) => {
                let reason = match reason {
                    EndReason::NoLongerMatches | EndReason::Restarted => EndReason::Authorised,
                    other => other,
                };
                (authorised.since_ms, authorised.authorised_ms, reason)
            }
        };
        self.remember(PastMatch {
            file: file.clone(),
            policy: policy.clone(),
            since_ms,
            // A clock that went back must not make a match end before it was seen.
            ended_ms: now_ms.max(last_ms),
            reason,
        });
        self.tidy(policy, Some(file));
    }

    /// Forgets a slot and a table that say nothing. Without any match there is none that a reset
    /// could be due for.
    pub(super) fn tidy(&mut self, policy: &PolicyId, file: Option<&FileKey>) {
        let Some(table) = self.tables.get_mut(policy) else {
            return;
        };
        if let Some(file) = file
            && table.slots.get(file).is_some_and(Slot::is_bare)
        {
            table.slots.remove(file);
        }
        if table.status == PolicyStatus::Enabled && table.slots.is_empty() {
            self.tables.remove(policy);
        }
    }
}

impl Slot {
    fn is_bare(&self) -> bool {
        self.now.is_none() && self.past == 0
    }
}

impl Now {
    fn key(&self) -> (PolicyId, FileKey) {
        match self {
            Self::Current(it) => (it.policy.clone(), it.file.clone()),
            Self::Authorised(it) => (it.policy.clone(), it.file.clone()),
        }
    }
}
