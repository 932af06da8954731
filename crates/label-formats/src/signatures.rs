//! What a PDF says about its digital signatures (section 5.5).

/// What a certified PDF lets others change: `/P` of its `/DocMDP` (F-127). The order is from the
/// strictest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PdfCertification {
    /// Nothing: 1. Also where the file does not say what, or says something that is no level.
    NoChanges,
    /// Filling in forms, page templates and signing: 2, and what holds where no number stands.
    FormFilling,
    /// The same, and annotations: 3.
    Annotations,
}

impl PdfCertification {
    /// The number in the file, 1 to 3.
    pub const fn level(self) -> u8 {
        match self {
            Self::NoChanges => 1,
            Self::FormFilling => 2,
            Self::Annotations => 3,
        }
    }
}

/// The digital signatures of a PDF, by what its objects say (F-127). Nothing is verified: anybody
/// can write such objects, and a signature may be broken already.
///
/// # Examples
///
/// ```
/// use label_formats::{PdfCertification, ReadOptions, read};
///
/// let reading = read(b"%PDF-1.7".as_slice(), &ReadOptions::default());
/// let may_change_nothing = reading
///     .pdf_signatures
///     .is_some_and(|found| found.certification == Some(PdfCertification::NoChanges));
/// assert!(!may_change_nothing);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PdfSignatures {
    /// How many form fields hold a signature that certifies nothing. A field without a signature
    /// is not counted.
    pub approvals: usize,
    /// How many hold a time stamp of the document.
    pub timestamps: usize,
    /// What may be changed, where the author certified the document (`/DocMDP`). Of several, the
    /// strictest.
    pub certification: Option<PdfCertification>,
    /// Whether a signature gives readers further rights (`/UR3`, or `/UR` of older files). Changes
    /// that Adobe did not foresee take those away.
    pub usage_rights: bool,
    /// Whether a signature locks form fields (`/FieldMDP`).
    pub field_locks: bool,
    /// Whether the file says that it has signatures (`/SigFlags`, bit 1), or has permissions that
    /// can't be read. Alone it may also mean a field that waits for a signature; the file counts
    /// as signed all the same.
    pub flagged: bool,
    /// Whether something was damaged or beyond the bounds, so that there may be more.
    pub incomplete: bool,
}

impl PdfSignatures {
    /// Whether any of it makes the file a signed one.
    #[cfg(feature = "pdf")]
    pub(crate) fn is_signed(&self) -> bool {
        self.approvals > 0
            || self.timestamps > 0
            || self.certification.is_some()
            || self.usage_rights
            || self.flagged
    }
}
