//! The rules of the work queue.

use super::Governance;
use super::change::Change;
use crate::custody::Lease;
use crate::error::Error;
use crate::reason::Reason;
use crate::store::{PAGE_COUNT_MAX, Store};
use crate::text::{WorkKind, Worker};
use crate::work::{
    DeadLetter, Enqueued, NewWork, PAYLOAD_BYTES_MAX, WORK_COUNT_MAX, WorkClaim, WorkCounts,
    WorkId, WorkItem, WorkOutcome,
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
    /// [`PAYLOAD_BYTES_MAX`]. [`Error::WorkQueueFull`]: later.
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

    /// Removes dead letters that died before their retention, that of tasks, and says how many.
    ///
    /// Call it now and then; a call removes at most [`PAGE_COUNT_MAX`]. A dead letter that is not
    /// removed takes room in the queue.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// assert_eq!(governance.trim_work(1_609_840_800_000)?, 0);
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn trim_work(&mut self, now: i64) -> Result<u64, Error> {
        let before = now.saturating_sub(self.settings.task_retention_ms.max(0));
        self.change(now, |change| {
            change.rows.trim_dead_work(before, PAGE_COUNT_MAX)
        })
    }

    /// Hands out work of one kind to a worker for `lease_ms`, at most `count` pieces: the larger
    /// priority first, then first in, first out.
    ///
    /// What an earlier worker let its lease end on, or had when the store was closed, counts as a
    /// failed try and is handed out again, at once or after a pause, by [`RetryRules::interrupted`](crate::RetryRules); so work must be such
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
            // Each turn but the last sets a piece back, and looks at more of them than the one before.
            // No more is leased than is handed out.
            let mut looked_at = count;
            for _ in 0..=WORK_COUNT_MAX {
                let ready = change.rows.ready_work(kind, now, farthest, looked_at)?;
                let mut set_back = false;
                for mut item in ready {
                    if item.custody.lease.is_some() {
                        // Its lease has ended, or its process.
                        let reason = Reason::new(Reason::INTERRUPTED);
                        change.set_back(&mut item, reason, None, false)?;
                        set_back = true;
                        continue;
                    }
                    if picked.len() >= count {
                        continue;
                    }
                    let lease = Lease::new(worker, lease_ms, now);
                    item.custody.hand_out(change.opening, Some(lease));
                    // A later time was named by a clock that was ahead.
                    item.new.not_before = item.new.not_before.min(now);
                    change.rows.put_work(&item)?;
                    picked.push(item);
                }
                if !set_back || picked.len() >= count {
                    break;
                }
                looked_at = looked_at.saturating_mul(2).min(WORK_COUNT_MAX);
            }
            // What was set back and is ready at once was picked last.
            picked.sort_by_key(WorkItem::order);
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
            let until = item.custody.renew(lease_ms, now);
            let until = until.ok_or(Error::StaleWork { id: item.id })?;
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
                    item.custody.attempts = 0;
                    item.custody.take_back();
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
            let (pieces, pieces_max) = (self.rows.pieces()?, self.settings.work_max);
            if pieces >= pieces_max {
                return Err(Error::WorkQueueFull { pieces, pieces_max });
            }
            let id = self.rows.next_work_id()?;
            self.rows.put_work(&WorkItem::new(id, new.clone()))?;
            return Ok(Enqueued::Added(id));
        };
        let is_dead = item.dead.take().is_some();
        if is_dead {
            item.custody.attempts = 0;
            item.new = new.clone();
        } else {
            item.new.priority = item.new.priority.max(new.priority);
            // After a failed try the pause stands, whoever asks.
            if item.custody.attempts == 0 {
                item.new.not_before = item.new.not_before.min(new.not_before);
            }
            item.new.payload.clone_from(&new.payload);
        }
        let is_leased = item.custody.lease.is_some();
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
        item.filter(|item| item.custody.is_claim(claim.number) && item.custody.lease.is_some())
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
        let rules = self.settings.retry;
        let next = (item.custody).fail(&rules, &reason, self.now, not_before);
        match next.filter(|_| !is_final) {
            Some(at) => item.new.not_before = at,
            None if item.again => {
                item.custody.attempts = 1;
                let first = rules.for_reason(&reason).first_pause_ms();
                item.new.not_before = self.now.saturating_add(first);
            }
            None => {
                let at_ms = self.now;
                item.dead = Some(DeadLetter { reason, at_ms });
            }
        }
        item.again = false;
        self.rows.put_work(item)
    }
}
