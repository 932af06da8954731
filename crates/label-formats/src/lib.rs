//! Read, apply and remove Microsoft sensitivity labels in Word, Excel, PowerPoint and PDF files.
//!
//! [`read`] gives an answer for any file: its kind, how it is protected, every label record as it
//! stands there, and for each tenant the label that counts. It takes a few small ranges from a
//! [`ByteSource`], never the whole file. Of a rights-managed document it also gives what the
//! [`PublishingLicence`] says without a key.
//!
//! [`RangeReader`] does the same without a source: it says which range it needs next, for files
//! behind a network or in an asynchronous program.
//!
//! [`plan_apply`] and [`plan_remove`] make a [`WritePlan`]: the finished file as ranges of the old
//! one and new bytes between them, read back and checked before anything is written.
//! [`replace_file`] puts it in the place of the old file, so that a crash leaves one or the other.
//! [`verify()`] compares two files without using any of that, and names what changed beyond labels.
//!
//! ```
//! use label_core::{LabelId, TenantId};
//! use label_formats::{ApplyRequest, ReadOptions, Status, WriteError, WriteOptions, apply, read};
//!
//! let file: &[u8] = b"not a document";
//! assert_eq!(read(file, &ReadOptions::default()).status, Status::Unsupported);
//!
//! let request = ApplyRequest::new(TenantId::from_u128(1), LabelId::from_u128(2), 0);
//! let mut out = Vec::new();
//! let refused = apply(&file, &request, &WriteOptions::default(), &mut out);
//! assert!(matches!(refused, Err(WriteError::Unsupported(_))));
//! assert!(out.is_empty());
//! ```
//!
//! # What it does not do
//!
//! It never encrypts, and decrypts nothing that has a secret key: a [`Protector`] and a
//! [`Decryptor`] of the caller do. It writes
//! no headers, footers or watermarks. Encrypted files are not written without a protector.
//!
//! # Features
//!
//! | feature | default | brings |
//! | --- | --- | --- |
//! | `ooxml` | yes | Word, Excel and PowerPoint, and their protected forms |
//! | `pdf` | yes | PDF |
//! | `rayon` | no | `read_many` and `change_many`, many files on all processors |
//! | `text` | no | `text::extract`, the plain text of Office packages |
//! | `built-in-password` | no | reading workbooks that Excel encrypted with a password of its own |
//! | `licence-signature` | no | whether a publishing licence is as its issuer signed it |
//!
//! Files of a format that is left out are recognised and [`Status::Unsupported`].

#![cfg_attr(
    not(all(feature = "ooxml", feature = "pdf")),
    allow(
        dead_code,
        unused_imports,
        reason = "what the formats share is more than one of them needs"
    )
)]

#[cfg(feature = "rayon")]
mod batch;
#[cfg(feature = "ooxml")]
mod compound;
mod date;
mod edited;
mod effective;
mod error;
mod keys;
mod kind;
mod left_out;
mod licence;
mod limits;
#[cfg(feature = "ooxml")]
mod ooxml;
#[cfg(feature = "built-in-password")]
mod password;
#[cfg(feature = "pdf")]
mod pdf;
mod pdf_outcome;
mod protect;
mod range_reader;
mod read;
mod reading;
mod replace;
mod rights;
mod same;
mod signatures;
mod source;
#[cfg(feature = "text")]
pub mod text;
mod verify;
mod window;
mod write;
mod xml;

#[cfg(feature = "rayon")]
pub use batch::{LabelEdit, change_many, read_many};
pub use date::SetDate;
pub use edited::EditedFile;
pub use effective::TenantStorage;
pub use error::{LicenceError, WriteError};
pub use kind::FileKind;
#[cfg(not(feature = "pdf"))]
use left_out::pdf;
#[cfg(not(feature = "ooxml"))]
use left_out::{compound, ooxml};
pub use licence::{
    AuthenticatedValue, LicencePrincipal, LicenceTemplate, PublishingLicence, ServiceUrl,
    TemplateText,
};
#[cfg(feature = "licence-signature")]
pub use licence::{LicenceChain, LicenceSignature};
pub use limits::Limits;
pub use pdf_outcome::{PdfOutcome, PdfPlaces, PdfSave, PdfSignatureOutlook};
pub use protect::{Decrypted, Decryptor, EncryptingIdentity, ProtectRequest, Protected, Protector};
pub use range_reader::{RangeReader, Step};
pub use read::{ReadOptions, read};
pub use reading::{Diagnostic, DiagnosticCode, Protection, Reading, Status};
pub use replace::{Replaced, TEMPORARY_PREFIX, replace_file, replace_file_if};
pub use rights::{CachedUseLicence, RightsManagement};
pub use signatures::{PdfCertification, PdfSignatures};
pub use source::{ByteSource, CountingSource, FileSource, SeekSource};
pub use verify::{
    Difference, DifferenceKind, LabelChange, Side, Verification, VerifyError, VerifyOptions, verify,
};
pub use write::{
    ApplyRequest, WriteOptions, WriteOutcome, WritePlan, apply, plan_apply, plan_remove, remove,
};
