//! Personal and tenant data in `Debug` output: that there is some, never what it says (P-066).

use std::fmt;

/// Shows whether there is a value, and how many, but not which.
pub(crate) struct Redacted<T>(pub(crate) T);

const MARK: &str = "<redacted>";

impl fmt::Debug for Redacted<&String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

impl fmt::Debug for Redacted<&Option<String>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { MARK } else { "None" })
    }
}

impl fmt::Debug for Redacted<&Vec<String>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {MARK}", self.0.len())
    }
}
