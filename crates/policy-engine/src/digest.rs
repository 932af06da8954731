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

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use label_core::{FileKey, PolicyId};
use thiserror::Error;

use crate::address::Address;

mod notification;
#[cfg(test)]
mod tests;

pub use notification::{
    Digest, DigestCopies, DigestId, DigestMatch, NotificationKind, PendingMatch,
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
    #[error("{limit} matches wait for a digest, which is all that may")]
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

    /// The queue that [`pending`](Self::pending) and [`taken`](Self::taken) came from. Of a digest
    /// that was being sent, the caller has to find out whether it went out.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add), [`DigestError::Full`] also for digests that are being sent;
    /// [`DigestError::Duplicate`].
    pub fn from_entries(
        options: DigestOptions,
        pending: impl IntoIterator<Item = PendingMatch>,
        taken: impl IntoIterator<Item = Digest>,
    ) -> Result<Self, DigestError> {
        let mut queue = Self::new(options);
        for digest in taken {
            queue.last = queue.last.max(digest.id.0);
            queue.queued = queue.queued.saturating_add(digest.matches.len());
            if queue.queued > queue.options.queued_max {
                return Err(queue.full());
            }
            let id = digest.id;
            if queue.taken.insert(id, digest).is_some() {
                return Err(DigestError::Duplicate { id });
            }
        }
        for waiting in pending {
            queue.add(&waiting.to, &waiting.copies, waiting.line)?;
        }
        Ok(queue)
    }

    /// Lets a match wait for the owner's next digest. One of the same file and policy that waits
    /// already stands for both, with its own time.
    ///
    /// # Errors
    ///
    /// [`DigestError::Full`] or [`DigestError::TooManyCopies`].
    pub fn add(
        &mut self,
        owner: &Address,
        copies: &DigestCopies,
        line: DigestMatch,
    ) -> Result<(), DigestError> {
        let count = copies.others.len();
        if count > COPIES_MAX {
            return Err(DigestError::TooManyCopies {
                count,
                limit: COPIES_MAX,
            });
        }
        if self.queued >= self.options.queued_max {
            return Err(self.full());
        }
        self.queued += 1;
        self.wait((owner.clone(), copies.clone()), [line]);
        Ok(())
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
