//! The reasons why a label is not written.

use std::fmt;

use crate::catalog::NotAppliable;
use crate::settings::{Precondition, Profile};

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A licence or the connector is missing (A1).
    NotIntegrated(Vec<Precondition>),
    /// The file's app is not connected.
    AppNotConnected,
    /// The app's files can't be labelled (A2).
    AppUnsupported,
    /// The label can't be applied (A3).
    LabelNotApplicable(NotAppliable),
    /// Folders carry no labels (A4).
    NotAFile,
    /// Not one of the fifteen types (A5).
    TypeUnsupported,
    /// A classic label on a PDF (A6).
    PdfNeedsUnified,
    /// Over the profile's limit (A7).
    TooLarge {
        /// The file's size.
        size_bytes: u64,
        /// The largest allowed.
        limit_bytes: u64,
    },
    /// Nothing in the file (A8).
    EmptyFile,
    /// Password-protected or damaged (A9).
    Unreadable,
    /// Locked at the moment (A10).
    Locked,
    /// The library needs check-out (A10).
    CheckoutRequired,
    /// In quarantine or trash (A11).
    Quarantined,
    /// Protected outside, and overriding is not allowed here (A15, A16).
    OutsideProtected,
    /// Digitally signed: writing would break the signature.
    Signed,
    /// The label encrypts and nobody who can do that was supplied.
    ProtectionRequired,
    /// The label to remove has protection (D2).
    Protected,
    /// The label to remove was set outside (D3).
    OutsideLabel,
    /// The label to remove was set over somebody's protection, which removing it would not bring
    /// back (D4).
    OverrodeProtection,
    /// The person's label policy asks why the label is lowered or removed, and no reason was given.
    JustificationRequired,
}

impl Refusal {
    /// Whether trying again can help (A10): a file that somebody holds is let go. That a library
    /// needs check-out is a state like that in the original behaviour, and final in the present one.
    pub(super) const fn passes(&self, profile: Profile) -> bool {
        match self {
            Self::Locked => true,
            Self::CheckoutRequired => matches!(profile, Profile::Seed),
            _ => false,
        }
    }

    /// The stable code of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotIntegrated(missing) => match missing.as_slice() {
                [Precondition::Office365Connector] => "connector_missing",
                _ => "not_integrated",
            },
            Self::AppNotConnected => "app_not_connected",
            Self::AppUnsupported => "app_unsupported",
            Self::LabelNotApplicable(_) => "label_not_applicable",
            Self::NotAFile => "not_a_file",
            Self::TypeUnsupported => "type_unsupported",
            Self::PdfNeedsUnified => "pdf_needs_unified",
            Self::TooLarge { .. } => "too_large",
            Self::EmptyFile => "empty_file",
            Self::Unreadable => "unreadable",
            Self::Locked => "locked",
            Self::CheckoutRequired => "checkout_required",
            Self::Quarantined => "quarantined",
            Self::OutsideProtected => "outside_protected",
            Self::Signed => "signed",
            Self::ProtectionRequired => "protection_required",
            Self::Protected => "protected",
            Self::OutsideLabel => "outside_label",
            Self::OverrodeProtection => "overrode_protection",
            Self::JustificationRequired => "justification_required",
        }
    }
}

/// One sentence for a person.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotIntegrated(missing) => {
                for (at, precondition) in missing.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{precondition}")?;
                }
                Ok(())
            }
            Self::AppNotConnected => f.write_str("the file's app is not connected"),
            Self::AppUnsupported => f.write_str("files of this app can't be labelled"),
            Self::LabelNotApplicable(why) => write!(f, "the label can't be applied: {why}"),
            Self::NotAFile => f.write_str("folders carry no labels"),
            Self::TypeUnsupported => f.write_str("files of this type can't be labelled"),
            Self::PdfNeedsUnified => {
                f.write_str("a PDF needs a unified label, this one is classic")
            }
            Self::TooLarge {
                size_bytes,
                limit_bytes,
            } => write!(
                f,
                "{size_bytes} bytes, at most {limit_bytes} can be labelled"
            ),
            Self::EmptyFile => f.write_str("the file is empty"),
            Self::Unreadable => f.write_str("password-protected or damaged"),
            Self::Locked => f.write_str("locked at the moment"),
            Self::CheckoutRequired => f.write_str("the library requires check-out"),
            Self::Quarantined => f.write_str("in quarantine or in the trash"),
            Self::OutsideProtected => {
                f.write_str("protected outside, and overriding that is not allowed here")
            }
            Self::Signed => f.write_str("digitally signed"),
            Self::ProtectionRequired => {
                f.write_str("the label encrypts, and no protector was supplied")
            }
            Self::Protected => f.write_str("a label with protection is not removed"),
            Self::OutsideLabel => f.write_str("the label was set outside"),
            Self::OverrodeProtection => {
                f.write_str("the label was set over somebody's protection and is not removed")
            }
            Self::JustificationRequired => {
                f.write_str("lowering or removing a label needs a reason, and none was given")
            }
        }
    }
}
