//! The password that everybody knows (3.3).
//!
//! Excel encrypts workbooks whose structure is protected, or that are recommended to be opened
//! read-only, with a password of its own, and opens them without asking. Such a file is encrypted
//! and holds no secret. This is tried once, with that password and no other.

mod agile;
mod cipher;
mod hash;
mod standard;

use crate::error::PartError;

/// Excel's password.
const BUILT_IN: &str = "VelvetSweatshop";

/// Largest description of the encryption, in bytes.
pub(crate) const INFO_BYTES_MAX: u64 = 256 * 1024;

const PLACE: &str = "EncryptedPackage";

/// Before the encrypted package: its size when decrypted.
const SIZE_BYTES: usize = 8;

/// What opens a package.
pub(crate) enum Key {
    Agile(agile::ContentKey),
    Standard(standard::ContentKey),
}

/// The key of the package, if the built-in password is the one that it was encrypted with. `None`
/// also for what is not read: other schemes, and descriptions that are damaged or ask for more work
/// than genuine ones.
pub(crate) fn unlock(info: &[u8]) -> Option<Key> {
    unlock_with(info, BUILT_IN)
}

fn unlock_with(info: &[u8], password: &str) -> Option<Key> {
    let (version, rest) = info.split_first_chunk()?;
    let [major, 0, minor, 0] = *version else {
        return None;
    };
    let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    match (major, minor) {
        (4, 4) => agile::unlock(rest, &password).map(Key::Agile),
        (2..=4, 2) => standard::unlock(rest, &password).map(Key::Standard),
        _ => None,
    }
}

impl Key {
    /// The document in the package: checked, where the scheme has a check, before a byte of it is
    /// decrypted.
    ///
    /// # Errors
    ///
    /// The password fits, so whatever is wrong is damage.
    pub(crate) fn decrypt(&self, mut package: Vec<u8>) -> Result<Vec<u8>, PartError> {
        let damaged = |cause| PartError::malformed(PLACE, cause);
        if let Self::Agile(key) = self
            && !key.is_intact(&package)
        {
            return Err(damaged("it is not as it was encrypted"));
        }
        let size = package
            .first_chunk::<SIZE_BYTES>()
            .and_then(|size| usize::try_from(u64::from_le_bytes(*size)).ok())
            .ok_or_else(|| damaged("it has no size"))?;
        package.drain(..SIZE_BYTES);
        // A block that is not whole can't be decrypted, and is none of the document.
        package.truncate(package.len() - package.len() % cipher::BLOCK_BYTES);
        if size > package.len() {
            return Err(damaged("it is shorter than its size"));
        }
        let decrypted = match self {
            Self::Agile(key) => key.decrypt(&mut package),
            Self::Standard(key) => key.decrypt(&mut package),
        };
        package.truncate(size);
        if decrypted.is_none() || !package.starts_with(b"PK") {
            return Err(damaged("no package is in it"));
        }
        Ok(package)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_015_other_schemes_and_damaged_descriptions_are_left_alone() {
        for info in [
            &b""[..],
            b"\x04\0\x04",
            b"\x04\0\x04\0",
            b"\x04\0\x04\0\x40\0\0\0<encryption",
            b"\x03\0\x03\0rest",
            b"\x04\0\x03\0rest",
            b"\x03\0\x02\0rest",
            b"\x01\0\x01\0rest",
            b"\x04\x01\x04\0rest",
        ] {
            assert!(unlock(info).is_none(), "{info:?}");
        }
    }
}
