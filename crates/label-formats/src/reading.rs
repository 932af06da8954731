//! What reading a file gives: always an answer, whatever the file.

use std::fmt;

use label_core::{EffectiveLabel, FileLabel, TenantId};

use crate::kind::FileKind;
use crate::licence::PublishingLicence;
use crate::limits::Limits;
use crate::rights::RightsManagement;
use crate::signatures::PdfSignatures;

/// How reading went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The labels are known, also if there are none.
    Ok,
    /// The content is encrypted. What can be read without a key is there.
    Protected,
    /// Not one of the types that carry labels.
    Unsupported,
    /// Damaged, truncated or contradicting itself.
    Malformed,
    /// Beyond the [`Limits`].
    TooLarge,
    /// The bytes could not be read.
    IoError,
}

impl Status {
    /// The short name that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Protected => "protected",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::IoError => "io_error",
        }
    }
}

/// How a file is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protection {
    /// An Office document under rights management.
    RightsManaged,
    /// An Office document with a password.
    Password,
    /// A workbook with the password that Excel has built in: encrypted, and no secret. Told apart
    /// from [`Self::Password`] with the feature `built-in-password` only; it is then read without
    /// a password, and not written.
    BuiltInPassword,
    /// A PDF under rights management, or the cover of one.
    IrmPdf,
    /// A PDF that needs a password.
    PdfPassword,
    /// A PDF that opens without a password and restricts what may be done with it.
    PdfRestricted,
    /// A PDF encrypted for certificates.
    PdfPublicKey,
    /// A PDF whose content is an encrypted attachment of another kind.
    EncryptedPayload,
    /// A scheme that is not recognised.
    EncryptedUnknown,
}

impl Protection {
    /// The short name that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RightsManaged => "rights_managed",
            Self::Password => "password",
            Self::BuiltInPassword => "built_in_password",
            Self::IrmPdf => "irm_pdf",
            Self::PdfPassword => "pdf_password",
            Self::PdfRestricted => "pdf_restricted",
            Self::PdfPublicKey => "pdf_public_key",
            Self::EncryptedPayload => "encrypted_payload",
            Self::EncryptedUnknown => "encrypted_unknown",
        }
    }

    /// Whether a person's password or certificate locks the file, rather than rights management.
    pub const fn is_password(self) -> bool {
        matches!(
            self,
            Self::Password | Self::PdfPassword | Self::PdfPublicKey
        )
    }
}

/// What was odd about a file. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiagnosticCode {
    /// Custom properties name another label than the storage that counts. Normal after a tenant
    /// switched storages.
    Shadowed,
    /// Several labels of one tenant in one place.
    Ambiguous,
    /// Two places of a PDF name different labels.
    Conflict,
    /// The body holds markings that Office wrote.
    MarkingsPresent,
    /// The name's extension is not the content's.
    ExtensionMismatch,
    /// A label element that breaks the rules.
    BadElement,
    /// A date that can't be read.
    BadDate,
    /// Content bits that can't be read, or unknown ones.
    BadContentBits,
    /// A tenant that is not a GUID.
    BadTenant,
    /// A property twice; the first counts.
    DuplicateProperty,
    /// A label part that no relationship names; ignored.
    PartWithoutRelationship,
    /// A relationship to a part that isn't there.
    DanglingRelationship,
    /// A relationship of our types that points outside, or a second one.
    BadRelationship,
    /// An earlier revision of a PDF holds another label.
    StaleRevision,
    /// Label metadata without the attribute that puts it in effect.
    NotInEffect,
    /// The tenant comes from `Ref`, because `SiteId` is missing.
    TenantFromReference,
    /// A property type or spelling that Office doesn't write.
    UnusualForm,
    /// Duplicate or case-variant entry names.
    DuplicateEntry,
    /// An entry name with back-slashes.
    BackslashEntry,
    /// An entry that is encrypted, compressed in another way or on another disk.
    UnsupportedEntry,
    /// Bytes before or after the archive, or before the PDF header.
    StrayBytes,
    /// The `Sensitivity` property, a hint of older clients.
    SensitivityHint,
    /// An XMP packet that can't be read.
    BadXmp,
    /// A cross-reference that had to be rebuilt.
    Rebuilt,
    /// A label part that can't be read.
    BadPart,
    /// A publishing licence or a cached licence of a user that can't be read.
    BadLicence,
    /// The publishing licence names another label than stands beside it.
    LicenceDisagrees,
}

impl DiagnosticCode {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadowed => "shadowed",
            Self::Ambiguous => "ambiguous",
            Self::Conflict => "conflict",
            Self::MarkingsPresent => "markings_present",
            Self::ExtensionMismatch => "extension_mismatch",
            Self::BadElement => "bad_element",
            Self::BadDate => "bad_date",
            Self::BadContentBits => "bad_content_bits",
            Self::BadTenant => "bad_tenant",
            Self::DuplicateProperty => "duplicate_property",
            Self::PartWithoutRelationship => "part_without_relationship",
            Self::DanglingRelationship => "dangling_relationship",
            Self::BadRelationship => "bad_relationship",
            Self::StaleRevision => "stale_revision",
            Self::NotInEffect => "not_in_effect",
            Self::TenantFromReference => "tenant_from_reference",
            Self::UnusualForm => "unusual_form",
            Self::DuplicateEntry => "duplicate_entry",
            Self::BackslashEntry => "backslash_entry",
            Self::UnsupportedEntry => "unsupported_entry",
            Self::StrayBytes => "stray_bytes",
            Self::SensitivityHint => "sensitivity_hint",
            Self::BadXmp => "bad_xmp",
            Self::Rebuilt => "rebuilt",
            Self::BadPart => "bad_part",
            Self::BadLicence => "bad_licence",
            Self::LicenceDisagrees => "licence_disagrees",
        }
    }
}

/// Something odd: what, where, and the detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of thing.
    pub code: DiagnosticCode,
    /// The part, stream or object.
    pub place: String,
    /// One line for a person.
    pub detail: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.code.as_str(), self.detail)
    }
}

/// Everything that reading a file's labels gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// What the content is, if it is one of the fifteen types and not encrypted as a whole.
    pub kind: Option<FileKind>,
    /// How reading went.
    pub status: Status,
    /// How the file is encrypted, if it is.
    pub protection: Option<Protection>,
    /// What a rights-managed document says without a key, its licence above all. Reported beside
    /// the labels, never as one: the label outside the encrypted part decides.
    pub rights_management: Option<Box<RightsManagement>>,
    /// Whether the file carries a digital signature.
    pub signed: bool,
    /// Which signatures a PDF has, if it is signed.
    pub pdf_signatures: Option<Box<PdfSignatures>>,
    /// Every label record, raw, in file order.
    pub labels: Vec<FileLabel>,
    /// The label of each tenant that counts.
    pub effective: Vec<EffectiveLabel>,
    /// What was odd.
    pub diagnostics: Vec<Diagnostic>,
    /// Why the status is not `Ok`: place, then cause.
    pub error: Option<String>,
}

impl Reading {
    pub(crate) fn new(status: Status) -> Self {
        Self {
            kind: None,
            status,
            protection: None,
            rights_management: None,
            signed: false,
            pdf_signatures: None,
            labels: Vec::new(),
            effective: Vec::new(),
            diagnostics: Vec::new(),
            error: None,
        }
    }

    /// The answer for a file that could not be opened.
    pub fn unreadable(error: &std::io::Error) -> Self {
        Self::failed(Status::IoError, error)
    }

    pub(crate) fn failed(status: Status, error: impl fmt::Display) -> Self {
        Self {
            error: Some(error.to_string()),
            ..Self::new(status)
        }
    }

    /// The label of this tenant that counts, if there is one.
    pub fn effective_for(&self, tenant: TenantId) -> Option<&EffectiveLabel> {
        self.effective
            .iter()
            .find(|label| label.tenant == Some(tenant))
    }

    /// The publishing licence, if there is one that can be read.
    pub fn licence(&self) -> Option<&PublishingLicence> {
        self.rights_management.as_ref()?.licence.as_ref()
    }

    /// The tenant that protected a rights-managed file, as far as that can be told without a key
    /// (P-013): the one that the licence names, else that of the labels. `None` where the file is
    /// not rights-managed, names no tenant or several, or where licence and labels contradict each
    /// other; then a caller that hides other tenants' files has no ground to hide it.
    ///
    /// Anybody can write a licence, so this decides what is shown and never what is allowed.
    pub fn protecting_tenant(&self) -> Option<TenantId> {
        if !matches!(
            self.protection,
            Some(Protection::RightsManaged | Protection::IrmPdf)
        ) {
            return None;
        }
        let mut labelled = self.effective.iter().filter_map(|label| label.tenant);
        match self.licence().and_then(PublishingLicence::tenant) {
            Some(tenant) => {
                let agrees = self.effective.is_empty() || labelled.any(|other| other == tenant);
                agrees.then_some(tenant)
            }
            None => {
                let tenant = labelled.next()?;
                labelled.all(|other| other == tenant).then_some(tenant)
            }
        }
    }

    /// Whether any label counts.
    pub fn is_labelled(&self) -> bool {
        !self.effective.is_empty()
    }
}

/// Collects diagnostics up to the bound.
#[derive(Debug)]
pub(crate) struct Diagnostics {
    list: Vec<Diagnostic>,
    max: usize,
}

impl Diagnostics {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            list: Vec::new(),
            max: limits.diagnostics_max,
        }
    }

    pub(crate) fn add(&mut self, code: DiagnosticCode, place: &str, detail: impl Into<String>) {
        if self.list.len() < self.max {
            self.list.push(Diagnostic {
                code,
                place: place.to_owned(),
                detail: detail.into(),
            });
        }
    }

    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }
}
