//! Contact data.

use crate::check;
use crate::detector::{Confidence, Detector, Ends, Levels};

/// A mailbox and a dotted domain with a top level of 2 to 63 letters.
pub(super) const EMAIL: Detector = Detector {
    id: "email",
    title: "E-mail address",
    pattern: concat!(
        r"(?i-u:\b[a-z0-9][a-z0-9._%+-]{0,63}@",
        r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,63}\b)"
    ),
    keywords: &["email", "e-mail", "mail"],
    levels: Levels::new(Some(Confidence::High), Confidence::High),
    checked: true,
    check: check::email::check,
    ends: Ends::Whole,
    // The tail of `user..x@example.com` is no address.
    not_after: &['.', '@'],
    separators: &[],
};
