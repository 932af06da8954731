//! The built-in detectors, as data.
//!
//! Numbers, patterns and keywords follow the published sensitive information type definitions and
//! the product's list of preset expressions; each check was compared with an independent
//! implementation when the definitions were collected.

mod contact;
mod payment;
mod united_states;

use crate::detector::Detector;

/// All built-in detectors, in a fixed order.
///
/// # Examples
///
/// ```
/// use content_inspection::catalogue::DETECTORS;
///
/// assert!(DETECTORS.iter().any(|detector| detector.id == "us_ssn"));
/// ```
pub const DETECTORS: &[Detector] = &[
    payment::CREDIT_CARD,
    payment::IBAN,
    united_states::US_SSN,
    contact::EMAIL,
];

/// The built-in detector with this id.
///
/// # Examples
///
/// ```
/// use content_inspection::catalogue;
///
/// assert!(catalogue::detector("email").is_some());
/// assert!(catalogue::detector("e-mail").is_none());
/// ```
pub fn detector(id: &str) -> Option<&'static Detector> {
    DETECTORS.iter().find(|detector| detector.id == id)
}

/// The ids of all built-in detectors, in the order of [`DETECTORS`].
///
/// # Examples
///
/// ```
/// use content_inspection::catalogue;
///
/// assert!(catalogue::ids().any(|id| id == "iban"));
/// ```
pub fn ids() -> impl Iterator<Item = &'static str> {
    DETECTORS.iter().map(|detector| detector.id)
}
