//! People, as apps and directories name them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use label_core::IdError;
use label_core::id::IDENTIFIER_BYTES_MAX;

/// Who somebody is: an e-mail address, or the name that stands for one in an app. Letter case
/// doesn't matter when two are compared, and nothing else is alike: `weiss@x` and `weiß@x` are two
/// people. Cheap to clone.
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
    lower: Arc<str>,
}

impl Address {
    /// Takes the text as it is: 1 to [`IDENTIFIER_BYTES_MAX`] bytes, not all of it white space, no
    /// control character.
    ///
    /// # Errors
    ///
    /// [`IdError`] when the text is blank, too long, or holds a control character: correct the
    /// text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let kind = "address";
        if text.trim().is_empty() {
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
            lower: lower(text).into(),
        })
    }

    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Small letters, each character alone: case folding, which also makes `ss` of `ß`, would send what
/// is one person's to another.
pub(crate) fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
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
        self.lower == other.lower
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
        self.lower.cmp(&other.lower)
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_bounded_and_never_blank() {
        for blank in ["", " ", "\u{a0}\u{2003}"] {
            assert!(Address::parse(blank).is_err(), "{blank:?}");
        }
        assert!(Address::parse("a\nb").is_err());
        assert!(Address::parse(&"x".repeat(IDENTIFIER_BYTES_MAX)).is_ok());
        assert!(Address::parse(&"x".repeat(IDENTIFIER_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn only_letter_case_makes_no_difference() {
        for (one, other, same) in [
            ("Ines@X", "iNES@x", true),
            ("ÉVA@x", "éva@x", true),
            ("STRAẞE@x", "straße@x", true),
            ("weiss@x", "weiß@x", false),
            ("WEISS@x", "weiß@x", false),
            ("ﬁnn@x", "finn@x", false),
            ("ΣΑΣ@x", "σασ@x", true),
            ("strasse@x", "strase@x", false),
        ] {
            let (a, b) = (Address::parse(one).unwrap(), Address::parse(other).unwrap());
            assert_eq!(a == b, same, "{one} {other}");
            assert_eq!(a.cmp(&b) == Ordering::Equal, same, "{one} {other}");
        }
    }
}
