//! What the book keeps, as plain data.

use std::fmt;
use std::sync::Arc;

use label_core::id::IDENTIFIER_BYTES_MAX;
use label_core::{FileKey, IdError, PolicyId};

use crate::address::Address;

/// Which content a file has: a digest, or whatever the app gives that changes with the content and
/// with nothing else. Equal texts are equal contents. Cheap to clone.
///
/// # Examples
///
/// ```
/// use policy_engine::matches::ContentHash;
///
/// let content = ContentHash::parse("sha256:2c26b46b68ffc68f")?;
/// assert_eq!(content.as_str(), "sha256:2c26b46b68ffc68f");
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(Arc<str>);

impl ContentHash {
    /// Takes the text as it is: 1 to [`IDENTIFIER_BYTES_MAX`] bytes, no control character.
    ///
    /// # Errors
    ///
    /// [`IdError`] when the text is empty, too long, or holds a control character: correct the
    /// text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let kind = "content hash";
        if text.is_empty() {
            return Err(IdError::Empty { kind });
        }
        if text.len() > IDENTIFIER_BYTES_MAX {
            let bytes = text.len();
            return Err(IdError::TooLong { kind, bytes });
        }
        if text.chars().any(char::is_control) {
            return Err(IdError::ControlCharacter { kind });
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file that a policy selects now. Times are milliseconds UTC.
///
/// Where the clock went back, a match can begin before the one before it ended: to begin it later
/// would hand the wrong time on from match to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentMatch {
    /// The file.
    pub file: FileKey,
    /// The policy.
    pub policy: PolicyId,
    /// When the match began; its actions were due then.
    pub since_ms: i64,
    /// When the policy was last seen to match.
    pub seen_ms: i64,
    /// The content the file was last seen with, if that is known, also where the policy could not be
    /// decided for it.
    pub content: Option<ContentHash>,
    /// The content it was last seen to match with, if that is known.
    pub matched_content: Option<ContentHash>,
    /// How often the policy's results had been reset when the match began.
    pub resets: u32,
}

/// When an authorisation ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AuthorisationEnd {
    /// Never.
    #[default]
    Never,
    /// As soon as the policy is decided for other content than that which was authorised: the content
    /// last seen then, or, where none was known, the first one seen afterwards. What we write
    /// ourselves, such as a label that the policy still had to apply, is no change where the book is
    /// [told](super::MatchBook::content_written).
    ContentChange,
}

/// A match that somebody found to be in order (A-015). It is not shown as a match, and the policy
/// does nothing about the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorisedMatch {
    /// The file.
    pub file: FileKey,
    /// The policy.
    pub policy: PolicyId,
    /// When the match began.
    pub since_ms: i64,
    /// When it was authorised.
    pub authorised_ms: i64,
    /// By whom.
    pub by: Address,
    /// When that ends by itself.
    pub end: AuthorisationEnd,
    /// The authorised content, if it is known.
    pub content: Option<ContentHash>,
}

/// Why a match is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// The policy was seen not to select the file any more.
    NoLongerMatches,
    /// It was authorised, and the authorisation has ended.
    Authorised,
    /// A new match of the same file and policy took its place: the policy's results were reset, or
    /// the content changed.
    Restarted,
    /// The policy was deleted.
    PolicyDeleted,
    /// The file is gone.
    FileGone,
}

/// A match that is over. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMatch {
    /// The file.
    pub file: FileKey,
    /// The policy.
    pub policy: PolicyId,
    /// When it began.
    pub since_ms: i64,
    /// When it came into the history, never before it began.
    pub ended_ms: i64,
    /// Why.
    pub reason: EndReason,
}

/// Whether a policy is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PolicyStatus {
    /// It is.
    #[default]
    Enabled,
    /// It isn't: its matches are kept and not shown (A-009).
    Disabled,
}

/// What the book knows of a policy besides its matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyState {
    /// The policy.
    pub policy: PolicyId,
    /// Whether it is in force.
    pub status: PolicyStatus,
    /// How often its results were reset.
    pub resets: u32,
}

/// One thing that a book keeps, for whoever stores books.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BookEntry {
    /// What is known of a policy; there is none for an enabled policy that was never reset.
    Policy(PolicyState),
    /// A match.
    Current(CurrentMatch),
    /// An authorised one.
    Authorised(AuthorisedMatch),
    /// One that is over.
    Past(PastMatch),
}
