//! Why a task was skipped, failed, was cancelled, or is tried again.

use std::fmt;

/// Longest code of a [`Reason`], in bytes. The product's own codes have at most 20.
pub const REASON_CODE_BYTES_MAX: usize = 64;

/// Longest detail of a [`Reason`], in bytes: enough for a server's message, too short to fill a
/// disk with.
pub const REASON_DETAIL_BYTES_MAX: usize = 1024;

/// A reason: a code that programs compare and a detail that people read.
///
/// The codes are those of the decision tables for label actions (`too_large`, `locked`,
/// `outside_protected`, …) and the few of this crate's own below. The type takes any code, because
/// the tables live elsewhere; it cuts what is too long instead of refusing it, because the end of
/// a task must never be lost over the length of a message.
///
/// # Examples
///
/// ```
/// use governance::Reason;
///
/// let reason = Reason::new("locked").with_detail("checked out to Mara");
/// assert_eq!(reason.code(), "locked");
/// assert_eq!(reason.to_string(), "locked: checked out to Mara");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reason {
    code: String,
    detail: Option<String>,
}

impl Reason {
    /// The file has exactly this label already: nothing to write (table row A12).
    pub const ALREADY_LABELLED: &'static str = "already_labelled";
    /// The file's label was set by us; a second policy does not replace it (table row A13).
    pub const LABELLED_BY_US: &'static str = "labelled_by_us";
    /// The file carries a label that we set; such files are not quarantined (A-037).
    pub const LABELLED_FILE: &'static str = "labelled_file";
    /// After its policy was enabled again, the file no longer matches (R-171).
    pub const NO_LONGER_MATCHES: &'static str = "no_longer_matches";
    /// The policy that wanted the task was deleted (R-172).
    pub const POLICY_DELETED: &'static str = "policy_deleted";
    /// An administrator cancelled the task.
    pub const CANCELLED: &'static str = "cancelled";
    /// The last of the allowed tries failed (A-029).
    pub const RETRIES_EXHAUSTED: &'static str = "retries_exhausted";
    /// The process ended while the task ran.
    pub const INTERRUPTED: &'static str = "interrupted";

    /// The reason `code`, without a detail.
    pub fn new(code: &str) -> Self {
        let code = clean(code, REASON_CODE_BYTES_MAX);
        Self {
            code: if code.is_empty() {
                "unspecified".to_owned()
            } else {
                code
            },
            detail: None,
        }
    }

    /// The same reason with a detail for people; an empty one is none.
    #[must_use]
    pub fn with_detail(self, detail: &str) -> Self {
        let detail = clean(detail, REASON_DETAIL_BYTES_MAX);
        Self {
            detail: (!detail.is_empty()).then_some(detail),
            ..self
        }
    }

    /// The code, as in the decision tables.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The detail, where there is one.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

/// `code` or `code: detail`.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.code),
            None => f.write_str(&self.code),
        }
    }
}

/// Keeps a text on one line and within `bytes_max`, cut between characters.
fn clean(text: &str, bytes_max: usize) -> String {
    let mut kept = String::new();
    for character in text.chars() {
        let shown = if character.is_control() {
            ' '
        } else {
            character
        };
        if kept.len() + shown.len_utf8() > bytes_max {
            break;
        }
        kept.push(shown);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_cut_between_characters_and_stay_on_one_line() {
        let reason = Reason::new(&"ü".repeat(100)).with_detail(&"a\nb".repeat(1000));
        assert_eq!(reason.code().len(), REASON_CODE_BYTES_MAX);
        assert_eq!(reason.detail().unwrap().len(), REASON_DETAIL_BYTES_MAX);
        assert!(!reason.to_string().contains('\n'));
        assert_eq!(Reason::new("").code(), "unspecified");
        assert_eq!(Reason::new("x").with_detail("").to_string(), "x");
    }
}
