//! The seam for encryption: this crate never encrypts or decrypts, a caller can.

use label_core::{LabelKey, LabelProtection};

/// What a protector is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProtectRequest {
    /// The label whose protection is wanted.
    pub label: LabelKey,
    /// What kind of protection that is.
    pub protection: LabelProtection,
}

/// Whose identity encrypted the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EncryptingIdentity {
    /// A person.
    User,
    /// A service. Browser editors may then be unable to open the file.
    Service,
}

/// What a protector gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// The whole protected file.
    pub bytes: Vec<u8>,
    /// Whose identity encrypted it.
    pub identity: EncryptingIdentity,
}

/// Encrypts a labelled document for a label that protects.
///
/// The document already carries the label's metadata. The result must be a complete file; this
/// crate checks that it reads as protected before anything is written.
pub trait Protector {
    /// Encrypts the document.
    ///
    /// # Errors
    ///
    /// One line of reason; the document then stays as it was.
    fn protect(&self, document: &[u8], request: ProtectRequest) -> Result<Protected, String>;
}

/// What a decryptor gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decrypted {
    /// The document inside.
    pub bytes: Vec<u8>,
    /// Whose identity had encrypted it, if known.
    pub identity: Option<EncryptingIdentity>,
}

/// Opens protected documents for reading: with the tenant's permission to inspect them.
pub trait Decryptor {
    /// Decrypts the file, or says `None` if it holds no key for it.
    ///
    /// # Errors
    ///
    /// One line of reason; reading then reports the file as protected.
    fn decrypt(&self, file: &[u8]) -> Result<Option<Decrypted>, String>;
}
