//! People, as apps and directories name them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use label_core::IdError;
use label_core::id::IDENTIFIER_BYTES_MAX;

use crate::fold;

/// Who somebody is: an e-mail address, or the name that stands for one in an app. Letter case
/// doesn't matter when two are compared. Cheap to clone.
///
/// # Examples
///
/// ```
/// use policy_engine::Address;
///
/// let ines = Address::parse("Ines@contoso.example")?;
/// assert_eq!(ines, Address::parse("ines@CONTOSO.example")?);
/// assert_eq!(ines.as_str(), "Ines@contoso.example");
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone)]
pub struct Address {
    text: Arc<str>,
    folded: Arc<str>,
}

impl Address {
    /// Takes the text as it is: 1 to [`IDENTIFIER_BYTES_MAX`] bytes, no control character.
    ///
    /// # Errors
    ///
    /// [`IdError`] when the text is empty, too long, or holds a control character: correct the
    /// text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let kind = "address";
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
        Ok(Self {
            text: text.into(),
            folded: fold::fold(text).into(),
        })
    }

    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:?})", &*self.text)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_bounded_and_compare_without_case() {
        assert!(Address::parse("").is_err());
        assert!(Address::parse("a\nb").is_err());
        assert!(Address::parse(&"x".repeat(IDENTIFIER_BYTES_MAX)).is_ok());
        assert!(Address::parse(&"x".repeat(IDENTIFIER_BYTES_MAX + 1)).is_err());
        let (one, other) = (
            Address::parse("STRASSE@x").unwrap(),
            Address::parse("Straße@x").unwrap(),
        );
        assert_eq!(one, other);
        assert_eq!(one.cmp(&other), Ordering::Equal);
        assert_ne!(one, Address::parse("strase@x").unwrap());
    }
}
