//! What is to be delivered, and what waits for it.

use std::collections::BTreeSet;
use std::fmt;

use label_core::{FileKey, PolicyId};

use super::DigestError;
use crate::action::{Notify, OwnerDigest};
use crate::address::Address;
use crate::policy::Policy;
use crate::record::FileRecord;

/// What people are told of a match, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotificationKind {
    /// The owner, in a digest.
    OwnerDigest,
    /// Chosen users, at once.
    Users,
    /// Whoever changed the file last, at once.
    LastEditor,
}

impl From<&Notify> for NotificationKind {
    fn from(notify: &Notify) -> Self {
        match notify {
            Notify::Owner(_) => Self::OwnerDigest,
            Notify::Users(_) => Self::Users,
            Notify::LastEditor => Self::LastEditor,
        }
    }
}

/// Who has a copy of a digest.
///
/// Matches with different copies are never in one digest: nobody is shown matches of a policy that
/// didn't name them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DigestCopies {
    /// The owner's manager, if the policy wants that.
    pub manager: Option<Address>,
    /// Others whom the policy names, at most [`COPIES_MAX`](super::COPIES_MAX).
    pub others: BTreeSet<Address>,
}

impl DigestCopies {
    /// The copies that a policy asks for. `manager` is the owner's, if one is known; it is left out
    /// where the policy doesn't want it.
    ///
    /// # Errors
    ///
    /// [`DigestError::Copy`] with the first thing listed that can't be an address: mend the policy.
    /// The settings of a policy that was built have none such.
    pub fn new(settings: &OwnerDigest, manager: Option<&Address>) -> Result<Self, DigestError> {
        let parse = |(at, address): (usize, &String)| {
            Address::parse(address).map_err(|reason| DigestError::Copy { at, reason })
        };
        Ok(Self {
            manager: manager.filter(|_| settings.cc_manager).cloned(),
            others: settings
                .cc
                .iter()
                .enumerate()
                .map(parse)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// One line of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestMatch {
    /// The file.
    pub file: FileKey,
    /// Its name.
    pub file_name: Box<str>,
    /// The policy.
    pub policy: PolicyId,
    /// Its name.
    pub policy_name: String,
    /// A text of the policy's own.
    pub message: Option<String>,
    /// When the match began, milliseconds UTC.
    pub at_ms: i64,
}

impl DigestMatch {
    /// The line for a file that begins to match a policy which tells owners as `settings` says.
    pub fn new(policy: &Policy, file: &FileRecord, settings: &OwnerDigest, at_ms: i64) -> Self {
        Self {
            file: file.key.clone(),
            file_name: file.name.clone(),
            policy: policy.id().clone(),
            policy_name: policy.name().to_owned(),
            message: settings.message.clone(),
            at_ms,
        }
    }
}

/// A match that waits, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingMatch {
    /// The owner.
    pub to: Address,
    /// Who has a copy.
    pub copies: DigestCopies,
    /// The match.
    pub line: DigestMatch,
}

/// One thing that a queue keeps, for whoever stores queues.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestEntry {
    /// The largest number that a digest was given; there is none before the first digest.
    LastId(DigestId),
    /// A match that waits.
    Waiting(PendingMatch),
    /// A digest that is being sent.
    Taken(Digest),
}

/// A digest's number in its queue, rising, from 1; over restarts too, where
/// [`DigestEntry::LastId`] is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DigestId(pub u64);

impl fmt::Display for DigestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A notification to be delivered: who is to be told of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Its number.
    pub id: DigestId,
    /// What kind of notification it is.
    pub kind: NotificationKind,
    /// The owner.
    pub to: Address,
    /// Who has a copy.
    pub copies: DigestCopies,
    /// The matches, oldest first, each file and policy once.
    pub matches: Vec<DigestMatch>,
}
