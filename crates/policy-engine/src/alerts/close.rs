//! How alerts are settled: the product's three ways, their reasons and numbers (A-024).

use super::alert::AlertId;
use super::error::AlertError;
use crate::address::Address;

/// Longest comment, and longest feedback, in bytes.
pub const COMMENT_BYTES_MAX: usize = 4_096;

/// An enum whose values have numbers in the product.
macro_rules! numbered {
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$doc:meta])* $value:ident = $code:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$doc])* $value = $code,)*
        }

        impl $name {
            /// All of them, by number.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$value),*];

            /// The product's number.
            pub const fn code(self) -> u32 {
                self as u32
            }

            /// The one with the product's number.
            pub fn from_code(code: u32) -> Option<Self> {
                Self::ALL.into_iter().find(|it| it.code() == code)
            }
        }
    };
}

numbered! {
    /// Why an alert is closed as benign.
    BenignReason {
        /// It is less serious than the policy says.
        ActualSeverityIsLower = 2,
        /// Another one.
        Other = 4,
        /// The user says that it is in order.
        ConfirmedWithEndUser = 5,
        /// Somebody tried out the policy.
        TriggeredByTest = 6,
    }
}

numbered! {
    /// Why an alert is closed as a false positive.
    FalsePositiveReason {
        /// Such a thing interests nobody.
        NotOfInterest = 0,
        /// There are too many like it.
        TooManySimilarAlerts = 1,
        /// What it says is not so.
        AlertIsNotAccurate = 3,
        /// Another one.
        Other = 4,
    }
}

/// As what an alert is closed, and why. The numbers of the reasons overlap, so a reason never goes
/// without its kind.
///
/// # Examples
///
/// ```
/// use policy_engine::alerts::{AlertStatus, BenignReason, CloseReason};
///
/// let test = CloseReason::Benign(BenignReason::TriggeredByTest);
/// assert_eq!(test.status(), AlertStatus::Benign);
/// assert_eq!(test.code(), Some(6));
/// assert_eq!(CloseReason::TruePositive.code(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// What the alert says is so, and no harm.
    Benign(BenignReason),
    /// There should have been no alert.
    FalsePositive(FalsePositiveReason),
    /// It was right. The product knows no reasons for that.
    TruePositive,
}

impl CloseReason {
    /// The status of an alert that is closed like this.
    pub const fn status(self) -> AlertStatus {
        match self {
            Self::Benign(_) => AlertStatus::Benign,
            Self::FalsePositive(_) => AlertStatus::FalsePositive,
            Self::TruePositive => AlertStatus::TruePositive,
        }
    }

    /// The product's number of the reason, among those of its kind.
    pub const fn code(self) -> Option<u32> {
        match self {
            Self::Benign(reason) => Some(reason.code()),
            Self::FalsePositive(reason) => Some(reason.code()),
            Self::TruePositive => None,
        }
    }
}

numbered! {
    /// Whether an alert is settled: the values of the product's filter on it.
    ///
    /// [`Alert::status`](super::Alert::status) says four of them; `Dismissed` and `Resolved` are
    /// here for those who read the product's alerts of old.
    AlertStatus {
        /// It isn't.
        Open = 0,
        /// Dismissed; in the product's alerts of old only.
        Dismissed = 1,
        /// Resolved; in the product's alerts of old only.
        Resolved = 2,
        /// Closed as a false positive.
        FalsePositive = 3,
        /// Closed as benign.
        Benign = 4,
        /// Closed as a true positive.
        TruePositive = 5,
    }
}

/// What somebody has to say of alerts like this one to those who make them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The text, at most [`COMMENT_BYTES_MAX`] bytes.
    pub text: String,
    /// Where to ask back, if that is agreed to.
    pub contact: Option<Address>,
}

/// How an alert was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// As what, and why.
    pub reason: CloseReason,
    /// By whom.
    pub by: Address,
    /// When, milliseconds UTC.
    pub at_ms: i64,
    /// A comment, at most [`COMMENT_BYTES_MAX`] bytes.
    pub comment: Option<String>,
    /// Feedback.
    pub feedback: Option<Feedback>,
}

impl Closure {
    /// Without comment and feedback.
    pub const fn new(reason: CloseReason, by: Address, at_ms: i64) -> Self {
        Self {
            reason,
            by,
            at_ms,
            comment: None,
            feedback: None,
        }
    }

    /// Refuses texts that are too long.
    pub(super) fn check(&self, id: AlertId) -> Result<(), AlertError> {
        let feedback = self.feedback.as_ref().map(|feedback| &feedback.text);
        for (what, text) in [("comment", self.comment.as_ref()), ("feedback", feedback)] {
            let bytes = text.map_or(0, String::len);
            if bytes > COMMENT_BYTES_MAX {
                return Err(AlertError::CommentTooLong {
                    id,
                    what,
                    bytes,
                    limit: COMMENT_BYTES_MAX,
                });
            }
        }
        Ok(())
    }
}
