//! The rules of the work queue.

use super::Governance;
use super::change::Change;
use crate::error::Error;
use crate::reason::Reason;
use crate::store::Store;
use crate::task::Lease;
use crate::text::{WorkKind, Worker};
use crate::work::{
    Enqueued, NewWork, PAYLOAD_BYTES_MAX, WORK_COUNT_MAX, WorkClaim, WorkCounts, WorkId, WorkItem,
    WorkOutcome,
};

impl<S: Store> Governance<S> {
    /// Takes work in, all or none; what waits already is not queued twice. The answers are in the
    /// order of the requests.
    ///
    /// A dead letter that is asked for again lives again, with all its tries.
    ///
    /// # Errors
    ///
    /// [`Error::TooMuchWork`]: more than [`WORK_COUNT_MAX`] pieces, or a payload of more than
    /// [`PAYLOAD_BYTES_MAX`].
    ///
    /// # Examples
    ///
    /// See [`work`](crate::work).
    pub fn enqueue(&mut self, work: &[NewWork], now: i64) -> Result<Vec<Enqueued>, Error> {
        let sizes = work
            .iter()
            .map(|new| ("bytes of payload", new.payload.len()));
        let mut measures = sizes.chain([("pieces", work.len())]);
        let too_much = measures.find(|(what, size)| {
            let most = if *what == "pieces" {
                WORK_COUNT_MAX
            } else {
                PAYLOAD_BYTES_MAX
            };
            *size > most
        });
        if let Some((what, size)) = too_much {
            return Err(Error::TooMuchWork { what, size });
        }
        self.change(now, |change| {
            work.iter().map(|new| change.enqueue(new)).collect()
        })
    }

    /// Hands out work of one kind to a worker for `lease_ms`, at most `count` pieces: the larger
    /// priority first, then first in, first out.
    ///
    /// What an earlier worker let its lease end on counts as a failed try and is handed out again,
    /// at once or after a pause, by [`RetryRules::interrupted`](crate::RetryRules); so work must be such
    /// that doing it twice does no harm.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// See [`work`](crate::work).
    pub fn claim_work(
        &mut self,
        kind: &WorkKind,
        worker: &Worker,
        lease_ms: i64,
        count: usize,
        now: i64,
    ) -> Result<Vec<WorkItem>, Error> {
        let count = count.min(WORK_COUNT_MAX);
        self.change(now, |change| {
            let mut picked = Vec::new();
            let farthest = change.settings.retry.farthest(now);
            // Each turn but the last sets a piece back. None asks for more than is still wanted: what
            // is picked is leased.
            for _ in 0..=WORK_COUNT_MAX {
                let wanted = count.saturating_sub(picked.len());
                let ready = change.rows.ready_work(kind, now, farthest, wanted)?;
                let mut set_back = false;
                for mut item in ready {
                    if item.lease.is_some() {
                        let reason = Reason::new(Reason::INTERRUPTED);
                        change.set_back(&mut item, reason, None, false)?;
                        set_back = true;
                        continue;
                    }
                    item.claims = item.claims.saturating_add(1);
                    item.lease = Some(Lease::new(worker, lease_ms, now));
                    change.rows.put_work(&item)?;
                    picked.push(item);
                }
                if !set_back {
                    break;
                }
            }
            Ok(picked)
        })
    }

    /// Makes the lease of a piece last `lease_ms` from `now`, and gives its new end.
    ///
    /// # Errors
    ///
    /// [`Error::StaleWork`]: somebody else has it, or it is over.
    ///
    /// # Examples
    ///
    /// See [`work`](crate::work).
    pub fn renew_work(&mut self, claim: WorkClaim, lease_ms: i64, now: i64) -> Result<i64, Error> {
        self.change(now, |change| {
            let mut item = change.claimed_work(claim)?;
            let Some(present) = &item.lease else {
                return Err(Error::StaleWork { id: item.id });
            };
            let renewed = Lease::new(&present.worker, lease_ms, now);
            let until = renewed.until_ms;
            item.lease = Some(renewed);
            change.rows.put_work(&item)?;
            Ok(until)
        })
    }

    /// Reports how work on a piece ended. What is done is forgotten, unless it was asked for again
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::StaleWork`]: somebody else has it, or it is over. Drop the result.
    ///
    /// # Examples
    ///
    /// See [`work`](crate::work).
    pub fn finish_work(
        &mut self,
        claim: WorkClaim,
        outcome: WorkOutcome,
        now: i64,
    ) -> Result<(), Error> {
        self.change(now, |change| {
            let mut item = change.claimed_work(claim)?;
            let (reason, not_before, is_final) = match outcome.clone() {
                WorkOutcome::Done => {
                    if !item.again {
                        return change.rows.remove_work(item.id);
                    }
                    item.attempts = 0;
                    item.lease = None;
                    item.again = false;
                    return change.rows.put_work(&item);
                }
                WorkOutcome::Retry { reason, not_before } => (reason, not_before, false),
                WorkOutcome::Failed { reason } => (reason, None, true),
            };
            change.set_back(&mut item, reason, not_before, is_final)
        })
    }

    /// Dead letters of a kind after number `after`, by rising number.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::work::{WorkId, WorkKind};
    /// use governance::{Governance, Settings};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let scan = WorkKind::parse("scan")?;
    /// assert!(governance.dead_work(&scan, WorkId(0), 100)?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dead_work(
        &self,
        kind: &WorkKind,
        after: WorkId,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        let count = count.min(WORK_COUNT_MAX);
        self.view(|rows| rows.dead_work(kind, after, count))
    }

    /// How many pieces of a kind there are.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// See [`work`](crate::work).
    pub fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error> {
        self.view(|rows| rows.work_counts(kind))
    }
}

impl Change<'_> {
    fn enqueue(&mut self, new: &NewWork) -> Result<Enqueued, Error> {
        let Some(mut item) = self.rows.work_with_key(&new.kind, &new.key)? else {
            let id = self.rows.next_work_id()?;
            self.rows.put_work(&WorkItem::new(id, new.clone()))?;
            return Ok(Enqueued::Added(id));
        };
        let is_dead = item.dead.take().is_some();
        if is_dead {
            item.attempts = 0;
            item.new = new.clone();
        } else {
            item.new.priority = item.new.priority.max(new.priority);
            // After a failed try the pause stands, whoever asks.
            if item.attempts == 0 {
                item.new.not_before = item.new.not_before.min(new.not_before);
            }
            item.new.payload.clone_from(&new.payload);
        }
        let is_leased = item.lease.is_some();
        item.again = is_leased;
        self.rows.put_work(&item)?;
        Ok(if is_leased {
            Enqueued::Again(item.id)
        } else {
            Enqueued::Waits(item.id)
        })
    }

    fn claimed_work(&self, claim: WorkClaim) -> Result<WorkItem, Error> {
        let item = self.rows.work(claim.work)?;
        item.filter(|item| item.claims == claim.number && item.lease.is_some())
            .ok_or(Error::StaleWork { id: claim.work })
    }

    /// Counts a try that came to nothing: the piece waits for its pause, or is a dead letter.
    ///
    /// What was asked for again meanwhile doesn't die: it begins anew, with this try as its first.
    fn set_back(
        &mut self,
        item: &mut WorkItem,
        reason: Reason,
        not_before: Option<i64>,
        is_final: bool,
    ) -> Result<(), Error> {
        item.lease = None;
        let (rules, attempts) = (self.settings.retry, &mut item.attempts);
        let next = rules.count_failure(attempts, &reason, self.now, not_before);
        match next.filter(|_| !is_final) {
            Some(at) => item.new.not_before = at,
            None if item.again => {
                item.attempts = 1;
                let first = rules.for_reason(&reason).first_pause_ms();
                item.new.not_before = self.now.saturating_add(first);
            }
            None => item.dead = Some(reason),
        }
        item.again = false;
        self.rows.put_work(item)
    }
}
