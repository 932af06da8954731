//! Detectors as data: a pattern, a check, keywords, and how sure a match is.

use std::fmt;

use crate::check::Check;

/// How sure a match is, by the levels of the sensitive information types.
///
/// Policies match from [`Medium`](Confidence::Medium) upward unless they say otherwise.
///
/// # Examples
///
/// ```
/// use content_inspection::Confidence;
///
/// assert!(Confidence::High > Confidence::Low);
/// assert_eq!(Confidence::Medium.percent(), 75);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// 65: the shape fits, little else does.
    Low,
    /// 75: the shape and a check fit.
    Medium,
    /// 85: the shape, a check or a strict grammar, and mostly a keyword fit.
    High,
}

impl Confidence {
    /// The number the product's definitions use for the level: 65, 75 or 85.
    pub const fn percent(self) -> u8 {
        match self {
            Self::Low => 65,
            Self::Medium => 75,
            Self::High => 85,
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// The confidence of a match without and with a keyword near it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Levels {
    /// Without a keyword; `None` when the match counts only beside a keyword.
    pub alone: Option<Confidence>,
    /// With a keyword within [`PROXIMITY_CHARACTERS`](crate::PROXIMITY_CHARACTERS).
    pub with_keyword: Confidence,
}

impl Levels {
    pub(crate) const fn new(alone: Option<Confidence>, with_keyword: Confidence) -> Self {
        Self {
            alone,
            with_keyword,
        }
    }
}

/// One kind of sensitive data and how it is found.
///
/// The pattern proposes, the check decides: [`catalogue`](crate::catalogue) has one entry of data
/// per detector, and the check digits live in one place for all of them.
///
/// # Examples
///
/// ```
/// use content_inspection::catalogue;
///
/// let card = catalogue::detector("credit_card").ok_or("missing")?;
/// assert_eq!(card.title, "Payment card number");
/// assert!(card.keywords.contains(&"visa"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Detector {
    /// The stable id that policies name, in `snake_case`.
    pub id: &'static str,
    /// The name people read.
    pub title: &'static str,
    /// A regular expression without look-around for what may be a match, over normalised text.
    /// It may propose more than [`passes`](Self::passes) accepts.
    pub pattern: &'static str,
    /// Words that make a match more believable, in lower case, in all languages.
    pub keywords: &'static [&'static str],
    /// The usual confidence; a check may lower it for a weak form of the number.
    pub levels: Levels,
    /// Whether a check digit or comparable rule backs the pattern; decides between overlapping
    /// matches.
    pub checked: bool,
    pub(crate) check: Check,
    pub(crate) ends: Ends,
    /// Characters that must not stand before a match, besides letters, digits and underscore.
    pub(crate) not_after: &'static [char],
    /// Characters that don't tell two values apart.
    pub(crate) separators: &'static [char],
}

impl Detector {
    /// Whether `text`, as a whole, is a value this detector accepts.
    ///
    /// Neighbouring characters and keywords play no part here. `text` must be normalised: ASCII
    /// digits, plain spaces and hyphens.
    ///
    /// # Examples
    ///
    /// ```
    /// use content_inspection::catalogue;
    ///
    /// let iban = catalogue::detector("iban").ok_or("missing")?;
    /// assert!(iban.passes("DE89 3704 0044 0532 0130 00"));
    /// assert!(!iban.passes("DE89 3704 0044 0532 0130 01"));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn passes(&self, text: &str) -> bool {
        (self.check)(text, self.levels).is_some()
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detector")
            .field("id", &self.id)
            .field("title", &self.title)
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}

/// Where a match may end when the longest proposal fails its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Only where the pattern ends.
    Whole,
    /// Also before each separator inside: an optional tail can swallow what follows, such as the
    /// three digits of a security code after a card number.
    GroupBorders,
}
