//! United States.

use crate::check;
use crate::detector::{Confidence, Detector, Ends, Levels};

/// Nine digits, grouped 3-2-4 by hyphens or spaces, or unbroken.
pub(super) const US_SSN: Detector = Detector {
    id: "us_ssn",
    title: "US Social Security number",
    pattern: concat!(
        r"(?-u:\b)[0-8][0-9]{2}",
        r"(?:-[0-9]{2}-| [0-9]{2} |[0-9]{2})[0-9]{4}(?-u:\b)"
    ),
    keywords: &[
        "social security",
        "social security number",
        "ssn",
        "ssns",
        "ssn#",
        "ss#",
        "soc sec",
        "ssa number",
        "ssid",
        "seguro social",
        "número de seguro social",
    ],
    levels: Levels::new(Some(Confidence::Low), Confidence::High),
    checked: true,
    check: check::ssn::check,
    ends: Ends::Whole,
    not_after: &[],
    separators: &[' ', '-'],
};
