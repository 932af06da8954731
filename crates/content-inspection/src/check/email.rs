//! E-mail addresses: dots where they may stand.

use crate::detector::Levels;

/// No two dots in a row; the mailbox does not end with a dot.
pub(crate) fn check(text: &str, levels: Levels) -> Option<Levels> {
    let (mailbox, domain) = text.split_once('@')?;
    let fine = !mailbox.is_empty()
        && domain.contains('.')
        && !text.contains("..")
        && !mailbox.ends_with('.');
    fine.then_some(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::Confidence;

    #[test]
    fn c_002_dots() {
        let levels = Levels::new(None, Confidence::High);
        let passes = |text| check(text, levels).is_some();
        assert!(passes("user@example.com"));
        assert!(!passes("user..x@example.com"));
        assert!(!passes("user.@example.com"));
        assert!(!passes("user@example"));
        assert!(!passes("@example.com"));
    }
}
