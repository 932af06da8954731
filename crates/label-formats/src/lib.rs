//! Read, apply and remove Microsoft sensitivity labels in Word, Excel, PowerPoint and PDF files.

mod compound;
mod date;
mod edited;
mod effective;
mod error;
mod keys;
mod kind;
mod limits;
mod ooxml;
mod pdf;
mod protect;
mod read;
mod reading;
mod replace;
mod source;
#[cfg(feature = "text")]
pub mod text;
mod write;
mod xml;

pub use date::SetDate;
pub use edited::EditedFile;
pub use effective::TenantStorage;
pub use error::WriteError;
pub use kind::FileKind;
pub use limits::Limits;
pub use protect::{Decrypted, Decryptor, EncryptingIdentity, ProtectRequest, Protected, Protector};
pub use read::{ReadOptions, read};
pub use reading::{Diagnostic, DiagnosticCode, Protection, Reading, Status};
pub use replace::{TEMPORARY_PREFIX, replace_file};
pub use source::{ByteSource, CountingSource, FileSource, SeekSource};
pub use write::{
    ApplyRequest, WriteOptions, WriteOutcome, WritePlan, apply, plan_apply, plan_remove, remove,
};
