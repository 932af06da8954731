//! Find sensitive data in text: payment cards, IBANs, social security numbers, e-mail addresses, custom expressions.
//!
//! Text goes in, findings come out. A *detector* is a pattern, a check (a check digit, a grammar)
//! and keywords; a number that passes the check is more believable when a keyword such as `visa`
//! stands near it, and *confidence* says so. A *custom expression* is a text or a regular
//! expression of the user's own. An [`Inspector`] is a list of both, compiled once and shared
//! between threads.
//!
//! ```
//! use content_inspection::{Confidence, InspectOptions, Inspector};
//!
//! let inspector = Inspector::new(&["credit_card", "email"])?;
//! let findings = inspector.inspect(
//!     "Visa 4111-1111-1111-1111, ask dana@contoso.example",
//!     &InspectOptions::default(),
//! );
//! assert_eq!(findings.count_of("credit_card").total, 1);
//! assert_eq!(findings.count_of("email").total, 1);
//!
//! let card = &findings.matches()[0];
//! assert_eq!(card.confidence, Confidence::High); // `Visa` stands near
//! assert_eq!(card.evidence.to_string(), "Visa [XXXX-XXXX-XXXX-XXXX], ask XXXX@XXXXXXX.XXXXXXX");
//! # Ok::<(), content_inspection::InspectionError>(())
//! ```
//!
//! What a match says is never kept: [`Findings`] holds positions, counts and masked evidence only,
//! and no public type prints the text it was found in.
//!
//! # What it does not do
//!
//! It does not open files: text is extracted elsewhere. It knows nothing of labels or policies.
//! Internationalised e-mail addresses and look-alike letters are not folded.

mod boundary;
pub mod catalogue;
mod check;
pub mod custom;
pub mod detector;
mod dialect;
mod error;
mod findings;
mod inspect;
mod keyword;
pub mod mask;
mod normalise;
mod overlap;

pub use custom::{CaseRule, Expression, ExpressionKind, ExpressionWarning};
pub use detector::{Confidence, Detector};
pub use error::{ExpressionErrorKind, InspectionError};
pub use findings::{Completeness, Count, Findings, KeywordNear, Match};
pub use inspect::{
    CANDIDATES_MAX, CHARACTERS_MAX, Context, InspectOptions, Inspector, InspectorBuilder,
    KEPT_DEFAULT, KEPT_MAX, PROXIMITY_CHARACTERS, SEARCHES_MAX,
};
pub use mask::{Evidence, LastFour};
