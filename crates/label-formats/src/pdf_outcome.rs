//! How a PDF is written, and what somebody should know about the result (sections 5.4 to 5.6).

use std::fmt;

use crate::signatures::PdfCertification;

/// How a changed PDF is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PdfSave {
    /// The change is appended: the old file stays as the beginning of the new one, byte for byte.
    /// Signatures can stay valid, and who looks for it finds the label that was there before.
    #[default]
    Appended,
    /// The file is written anew from the objects that its current revision reaches: nothing of
    /// earlier revisions is left, and damage of the cross-reference is mended. What an object says
    /// keeps its bytes. Where the current label is as wanted, the file is still written if it says
    /// more of labels than that. Signed files are refused.
    Rewritten,
}

/// Which places of a PDF follow a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PdfPlaces {
    /// The information dictionary and the XMP packet, with the same values.
    Both,
    /// The information dictionary alone: the packet can't be read and stays as it is.
    InfoOnly,
    /// The packet alone: PDF/A-4 has no information dictionary. A label that stands in one
    /// nevertheless is taken off there.
    XmpOnly,
}

/// What programs that check signatures will say of a signed PDF after a label was appended. The
/// signatures themselves stay valid: what they cover is not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PdfSignatureOutlook {
    /// Valid, and the document was changed since it was signed, in its metadata only.
    ChangedSinceSigned,
    /// The same of a certified document. Its author allowed other changes than this one: programs
    /// differ on whether metadata counts, so some will call the change not permitted.
    ChangedSinceCertified(PdfCertification),
}

impl fmt::Display for PdfSignatureOutlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChangedSinceSigned => {
                f.write_str("signatures stay valid; validators report metadata changed since")
            }
            Self::ChangedSinceCertified(level) => write!(
                f,
                "signatures stay valid; certified at level {}, so some validators may call the \
                 change not permitted",
                level.level()
            ),
        }
    }
}

/// How a PDF was written, and what its owner may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PdfOutcome {
    /// How it was saved.
    pub save: PdfSave,
    /// Which places follow the change.
    pub places: PdfPlaces,
    /// Whether the id of a label that was replaced or removed can still be found in the file: in an
    /// earlier revision, or in something that is no label metadata. [`PdfSave::Rewritten`] leaves
    /// no earlier revision. A label whose name or date changes is not one that was replaced.
    pub previous_remains: bool,
    /// Whether the file was linearised, for viewing while it loads; after any change it no longer
    /// is.
    pub was_linearized: bool,
    /// Which part of PDF/A the file says it follows; the change keeps to it.
    pub pdf_a_part: Option<u8>,
    /// Of a signed file, what validators will say.
    pub signatures: Option<PdfSignatureOutlook>,
}
