//! Digests for owners: one notification for many matches (A-028).
//!
//! Matches wait in a [`DigestQueue`], for each owner apart, until the oldest of them has waited for
//! the interval, a day by default. Then one [`Digest`] has all of them. Whoever delivers it
//! says afterwards that it was [`sent`](DigestQueue::sent), or gives it
//! [back](DigestQueue::give_back); until then it is kept and not taken again. So nothing is lost,
//! and nothing goes out twice.
//!
//! # Examples
//!
//! ```
//! use label_core::{AppId, FileId, FileKey, PolicyId};
//! use policy_engine::Address;
//! use policy_engine::digest::{DigestCopies, DigestMatch, DigestOptions, DigestQueue};
//!
//! let mut digests = DigestQueue::new(DigestOptions::default());
//! let ines = Address::parse("ines@contoso.example")?;
//! for (id, at_ms) in [("7", 1_000), ("8", 5_000)] {
//!     digests.add(&ines, &DigestCopies::default(), DigestMatch {
//!         file: FileKey::new(AppId::BOX, 0, FileId::parse(id)?),
//!         file_name: "Plan.docx".into(),
//!         policy: PolicyId::parse("1")?,
//!         policy_name: "Exposed".to_owned(),
//!         message: None,
//!         at_ms,
//!     })?;
//! }
//! let day_ms = 86_400_000;
//! assert!(digests.take_due(999 + day_ms).is_none());
//! let digest = digests.take_due(1_000 + day_ms).ok_or("nothing due")?;
//! assert_eq!((digest.to.as_str(), digest.matches.len()), ("ines@contoso.example", 2));
//! digests.sent(digest.id)?;
//! assert!(digests.take_due(i64::MAX).is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The queue is kept in memory. Over a restart its [`entries`](DigestQueue::entries) are stored, in
//! whatever form, and made into a queue again by [`from_entries`](DigestQueue::from_entries).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use label_core::{FileKey, IdError, PolicyId};
use thiserror::Error;

use crate::address::Address;

mod notification;
#[cfg(test)]
mod tests;

pub use notification::{
    Digest, DigestCopies, DigestEntry, DigestId, DigestMatch, NotificationKind, PendingMatch,
};

/// How long matches wait for one another unless told otherwise, milliseconds: one day.
pub const DIGEST_INTERVAL_MS_DEFAULT: i64 = 86_400_000;

/// Most addresses in copy of one digest, apart from the manager's.
pub const COPIES_MAX: usize = 500;

/// How digests are made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestOptions {
    /// How long a match waits for others at most, milliseconds. Default:
    /// [`DIGEST_INTERVAL_MS_DEFAULT`].
    pub interval_ms: i64,
    /// Most matches of one digest; the newer ones wait for the next. At least one is taken.
    /// Default: 500.
    pub matches_max: usize,
    /// Most matches that wait or are being sent, of all owners together. Default: 100,000.
    pub queued_max: usize,
}

impl Default for DigestOptions {
    fn default() -> Self {
        Self {
            interval_ms: DIGEST_INTERVAL_MS_DEFAULT,
            matches_max: 500,
            queued_max: 100_000,
        }
    }
}

/// Why a queue refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigestError {
    /// As many matches wait as the options allow: take and send digests first.
    #[error("{limit} matches wait for a digest, which is all that may: send digests first")]
    Full {
        /// [`DigestOptions::queued_max`].
        limit: usize,
    },
    /// More addresses in copy than [`COPIES_MAX`].
    #[error("{count} addresses in copy where {limit} are allowed")]
    TooManyCopies {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Something that a policy's settings list can't be an address: mend the policy. One that was
    /// built has none such.
    #[error("address {at} in copy: {reason}")]
    Copy {
        /// Which one, from 0.
        at: usize,
        /// What is wrong with it.
        reason: IdError,
    },
    /// No such digest is being sent: it was sent, was given back, or was never taken.
    #[error("digest {id} isn't being sent")]
    NotTaken {
        /// What was asked for.
        id: DigestId,
    },
    /// Two digests have the same number: the entries are not those of one queue.
    #[error("two digests have the number {id}")]
    Duplicate {
        /// The number.
        id: DigestId,
    },
    /// Two entries say which number was given last: the entries are not those of one queue.
    #[error("two entries say which number was given last")]
    DuplicateLastId,
}

type Recipient = (Address, DigestCopies);

/// What waits for one recipient, never nothing.
#[derive(Clone, Debug)]
struct Waiting {
    oldest_ms: i64,
    lines: BTreeMap<(FileKey, PolicyId), DigestMatch>,
}

/// The matches that wait for a digest, and the digests that are being sent.
///
/// See the [module](self) for an example.
#[derive(Clone, Debug, Default)]
pub struct DigestQueue {
    options: DigestOptions,
    pending: BTreeMap<Recipient, Waiting>,
    /// When the oldest match of each recipient began.
    oldest: BTreeSet<(i64, Recipient)>,
    taken: BTreeMap<DigestId, Digest>,
    last: u64,
    /// Matches that wait or are being sent.
    queued: usize,
}

impl DigestQueue {
    /// A queue without matches.
    pub fn new(options: DigestOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// The queue that [`entries`](Self::entries) came from, in any order. Of a digest that was being
    /// sent, the caller has to find out whether it went out.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add), also for digests that are being sent; [`DigestError::Duplicate`] and
    /// [`DigestError::DuplicateLastId`] for entries that are not those of one queue.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{AppId, FileId, FileKey, PolicyId};
    /// use policy_engine::Address;
    /// use policy_engine::digest::{
    ///     Digest, DigestCopies, DigestEntry, DigestId, DigestMatch, DigestOptions, DigestQueue,
    ///     NotificationKind,
    /// };
    ///
    /// // As it was stored: one digest was being sent, and the last one had the number 4.
    /// let stored = [
    ///     DigestEntry::LastId(DigestId(4)),
    ///     DigestEntry::Taken(Digest {
    ///         id: DigestId(3),
    ///         kind: NotificationKind::OwnerDigest,
    ///         to: Address::parse("ines@contoso.example")?,
    ///         copies: DigestCopies::default(),
    ///         matches: vec![DigestMatch {
    ///             file: FileKey::new(AppId::BOX, 0, FileId::parse("7")?),
    ///             file_name: "Plan.docx".into(),
    ///             policy: PolicyId::parse("1")?,
    ///             policy_name: "Exposed".to_owned(),
    ///             message: None,
    ///             at_ms: 1_000,
    ///         }],
    ///     }),
    /// ];
    /// let mut digests = DigestQueue::from_entries(DigestOptions::default(), stored.clone())?;
    /// assert!(digests.entries().eq(stored));
    ///
    /// digests.give_back(DigestId(3))?;
    /// let again = digests.take_due(i64::MAX).ok_or("nothing due")?;
    /// assert_eq!(again.id, DigestId(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_entries(
        options: DigestOptions,
        entries: impl IntoIterator<Item = DigestEntry>,
    ) -> Result<Self, DigestError> {
        let mut queue = Self::new(options);
        let mut last = None;
        for entry in entries {
            match entry {
                DigestEntry::LastId(id) => {
                    if last.replace(id).is_some() {
                        return Err(DigestError::DuplicateLastId);
                    }
                    queue.last = queue.last.max(id.0);
                }
                DigestEntry::Waiting(waiting) => {
                    queue.add(&waiting.to, &waiting.copies, waiting.line)?;
                }
                DigestEntry::Taken(digest) => queue.restore(digest)?,
            }
        }
        Ok(queue)
    }

    /// Everything that has to be kept for [`from_entries`](Self::from_entries): the last number, so
    /// that none is given twice, then the matches that wait, then the digests that are being sent.
    pub fn entries(&self) -> impl Iterator<Item = DigestEntry> {
        let last = (self.last > 0).then_some(DigestEntry::LastId(DigestId(self.last)));
        let waiting = self.pending().map(DigestEntry::Waiting);
        let taken = self.taken().cloned().map(DigestEntry::Taken);
        last.into_iter().chain(waiting).chain(taken)
    }

    fn restore(&mut self, digest: Digest) -> Result<(), DigestError> {
        check_copies(&digest.copies)?;
        let queued = self.queued.saturating_add(digest.matches.len());
        if queued > self.options.queued_max {
            return Err(self.full());
        }
        let id = digest.id;
        if self.taken.insert(id, digest).is_some() {
            return Err(DigestError::Duplicate { id });
        }
        self.queued = queued;
        self.last = self.last.max(id.0);
        Ok(())
    }

    /// Lets a match wait for the owner's next digest. Of two with the same owner, copies, file and
    /// policy that wait, the one that began first stands for both; in a digest that is being sent
    /// already nothing is looked for.
    ///
    /// # Errors
    ///
    /// [`DigestError::Full`], unless one like it waits already and the new one takes no room, or
    /// [`DigestError::TooManyCopies`].
    pub fn add(
        &mut self,
        owner: &Address,
        copies: &DigestCopies,
        line: DigestMatch,
    ) -> Result<(), DigestError> {
        check_copies(copies)?;
        let recipient = (owner.clone(), copies.clone());
        if self.queued >= self.options.queued_max && !self.waits(&recipient, &line) {
            return Err(self.full());
        }
        self.queued += 1;
        self.wait(recipient, [line]);
        Ok(())
    }

    fn waits(&self, recipient: &Recipient, line: &DigestMatch) -> bool {
        let key = (line.file.clone(), line.policy.clone());
        let waiting = self.pending.get(recipient);
        waiting.is_some_and(|waiting| waiting.lines.contains_key(&key))
    }

    /// Takes a digest that is due, the longest overdue first. Call it until there is none.
    pub fn take_due(&mut self, now_ms: i64) -> Option<Digest> {
        let due_ms = self.next_due_ms()?;
        if due_ms > now_ms {
            return None;
        }
        let (_, recipient) = self.oldest.pop_first()?;
        let waiting = self.pending.remove(&recipient)?;
        let mut lines: Vec<DigestMatch> = waiting.lines.into_values().collect();
        // Stable: matches of one instant stay in the order of their files.
        lines.sort_by_key(|line| line.at_ms);
        let rest = lines.split_off(lines.len().min(self.options.matches_max.max(1)));
        self.wait(recipient.clone(), rest);

        self.last = self.last.saturating_add(1);
        let (to, copies) = recipient;
        let digest = Digest {
            id: DigestId(self.last),
            kind: NotificationKind::OwnerDigest,
            to,
            copies,
            matches: lines,
        };
        self.taken.insert(digest.id, digest.clone());
        Some(digest)
    }

    /// When the next digest is due, milliseconds UTC; nothing when no match waits.
    pub fn next_due_ms(&self) -> Option<i64> {
        let (oldest_ms, _) = self.oldest.first()?;
        Some(oldest_ms.saturating_add(self.options.interval_ms))
    }

    /// Says that a digest was delivered: it is forgotten.
    ///
    /// # Errors
    ///
    /// [`DigestError::NotTaken`].
    pub fn sent(&mut self, id: DigestId) -> Result<(), DigestError> {
        let digest = self.end(id)?;
        self.queued = self.queued.saturating_sub(digest.matches.len());
        Ok(())
    }

    /// Says that a digest could not be delivered: its matches wait again, with the time they had,
    /// so that they are due at once together with what has come in between.
    ///
    /// # Errors
    ///
    /// [`DigestError::NotTaken`].
    pub fn give_back(&mut self, id: DigestId) -> Result<(), DigestError> {
        let digest = self.end(id)?;
        self.wait((digest.to, digest.copies), digest.matches);
        Ok(())
    }

    /// The matches that wait.
    pub fn pending(&self) -> impl Iterator<Item = PendingMatch> {
        self.pending.iter().flat_map(|((to, copies), waiting)| {
            waiting.lines.values().map(|line| PendingMatch {
                to: to.clone(),
                copies: copies.clone(),
                line: line.clone(),
            })
        })
    }

    /// The digests that are being sent.
    pub fn taken(&self) -> impl Iterator<Item = &Digest> {
        self.taken.values()
    }

    fn end(&mut self, id: DigestId) -> Result<Digest, DigestError> {
        self.taken.remove(&id).ok_or(DigestError::NotTaken { id })
    }

    fn full(&self) -> DigestError {
        DigestError::Full {
            limit: self.options.queued_max,
        }
    }

    /// Puts matches that are counted already among those that wait.
    fn wait(&mut self, recipient: Recipient, added: impl IntoIterator<Item = DigestMatch>) {
        for line in added {
            let waiting = self
                .pending
                .entry(recipient.clone())
                .or_insert_with(|| Waiting {
                    oldest_ms: line.at_ms,
                    lines: BTreeMap::new(),
                });
            if line.at_ms < waiting.oldest_ms {
                self.oldest.remove(&(waiting.oldest_ms, recipient.clone()));
                waiting.oldest_ms = line.at_ms;
            }
            self.oldest.insert((waiting.oldest_ms, recipient.clone()));
            match waiting
                .lines
                .entry((line.file.clone(), line.policy.clone()))
            {
                Entry::Vacant(free) => {
                    free.insert(line);
                }
                Entry::Occupied(mut same) => {
                    self.queued = self.queued.saturating_sub(1);
                    if line.at_ms < same.get().at_ms {
                        same.insert(line);
                    }
                }
            }
        }
    }
}

fn check_copies(copies: &DigestCopies) -> Result<(), DigestError> {
    let (count, limit) = (copies.others.len(), COPIES_MAX);
    if count > limit {
        return Err(DigestError::TooManyCopies { count, limit });
    }
    Ok(())
}
