//! Short texts from outside: a file's version, who started a task, which match caused it.
//!
//! Each is its own type with one bound, so that nothing unbounded reaches the store.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use label_core::IdError;
use label_core::id::IDENTIFIER_BYTES_MAX;

macro_rules! bounded_text {
    ($(#[$meta:meta])* $name:ident, $kind:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is: 1 to [`IDENTIFIER_BYTES_MAX`] bytes, no control character.
            ///
            /// # Errors
            ///
            /// [`IdError`] when the text is empty, too long, or holds a control character: correct
            /// the text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if text.is_empty() {
                    return Err(IdError::Empty { kind: $kind });
                }
                if text.len() > IDENTIFIER_BYTES_MAX {
                    return Err(IdError::TooLong {
                        kind: $kind,
                        bytes: text.len(),
                    });
                }
                if text.chars().any(char::is_control) {
                    return Err(IdError::ControlCharacter { kind: $kind });
                }
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }
    };
}

bounded_text!(
    /// Which content of a file is meant: an entity tag, a version number, or a digest.
    ///
    /// Two versions are the same exactly when their texts are the same (R-092: content identity).
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::FileVersion;
    ///
    /// let version = FileVersion::parse("\"c:{6F1C},2\"")?;
    /// assert_eq!(version.as_str(), "\"c:{6F1C},2\"");
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    FileVersion,
    "file version"
);

bounded_text!(
    /// Who started a task or changed a limit: an administrator's or a policy's name (A-031).
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::Initiator;
    ///
    /// assert!(Initiator::parse("admin@contoso.com").is_ok());
    /// assert!(Initiator::parse("").is_err());
    /// ```
    Initiator,
    "initiator"
);

bounded_text!(
    /// Which match of the policy caused a task (R-019). The text is the caller's own.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::MatchId;
    ///
    /// assert_eq!(MatchId::parse("match 17")?.to_string(), "match 17");
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    MatchId,
    "match id"
);

bounded_text!(
    /// Who works on a task: a process or a thread, by a name of the caller's own.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::Worker;
    ///
    /// assert_eq!(Worker::parse("labeller-2")?.to_string(), "labeller-2");
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    Worker,
    "worker"
);

bounded_text!(
    /// A kind of work in the [work queue](crate::work), such as `scan`.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::work::WorkKind;
    ///
    /// assert_eq!(WorkKind::parse("scan")?.as_str(), "scan");
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    WorkKind,
    "kind of work"
);

bounded_text!(
    /// What a piece of work is about; of one kind and key, one piece waits at a time.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::work::WorkKey;
    ///
    /// assert_eq!(WorkKey::parse("10489/0/contract.docx")?.as_str(), "10489/0/contract.docx");
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    WorkKey,
    "work key"
);

bounded_text!(
    /// The name of a [recurring job](crate::jobs).
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::jobs::JobName;
    ///
    /// assert_eq!(JobName::parse("label refresh")?.as_str(), "label refresh");
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    JobName,
    "job name"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded() {
        assert!(FileVersion::parse(&"x".repeat(IDENTIFIER_BYTES_MAX)).is_ok());
        for text in ["", "a\nb", &"x".repeat(IDENTIFIER_BYTES_MAX + 1)] {
            assert!(FileVersion::parse(text).is_err());
            assert!(Initiator::parse(text).is_err());
            assert!(MatchId::parse(text).is_err());
        }
    }
}
