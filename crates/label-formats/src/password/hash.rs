//! The hash algorithms of encrypted documents, chosen by name.

use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By the name in the description.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "SHA1" | "SHA-1" => Some(Self::Sha1),
            "SHA256" => Some(Self::Sha256),
            "SHA384" => Some(Self::Sha384),
            "SHA512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The size of its values, in bytes.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of the parts one after the other.
    pub(super) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => hash::<Sha1>(parts),
            Self::Sha256 => hash::<Sha256>(parts),
            Self::Sha384 => hash::<Sha384>(parts),
            Self::Sha512 => hash::<Sha512>(parts),
        }
    }

    /// The hash of a password, made costly: hashed again this many times, each time with the
    /// number of the turn before it.
    pub(super) fn of_password(self, salt: &[u8], password: &[u8], turns: u32) -> Vec<u8> {
        match self {
            Self::Sha1 => turn::<Sha1>(salt, password, turns),
            Self::Sha256 => turn::<Sha256>(salt, password, turns),
            Self::Sha384 => turn::<Sha384>(salt, password, turns),
            Self::Sha512 => turn::<Sha512>(salt, password, turns),
        }
    }

    /// Whether the bytes have this message authentication code.
    pub(super) fn authenticates(self, key: &[u8], bytes: &[u8], code: &[u8]) -> bool {
        match self {
            Self::Sha1 => authenticates::<Sha1>(key, bytes, code),
            Self::Sha256 => authenticates::<Sha256>(key, bytes, code),
            Self::Sha384 => authenticates::<Sha384>(key, bytes, code),
            Self::Sha512 => authenticates::<Sha512>(key, bytes, code),
        }
    }
}

fn hash<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().to_vec()
}

fn turn<D: Digest>(salt: &[u8], password: &[u8], turns: u32) -> Vec<u8> {
    let mut value = D::new()
        .chain_update(salt)
        .chain_update(password)
        .finalize();
    for at in 0..turns {
        value = D::new()
            .chain_update(at.to_le_bytes())
            .chain_update(&value)
            .finalize();
    }
    value.to_vec()
}

fn authenticates<D: EagerHash>(key: &[u8], bytes: &[u8], code: &[u8]) -> bool
where
    Hmac<D>: Mac + KeyInit,
{
    <Hmac<D> as KeyInit>::new_from_slice(key).is_ok_and(|mut mac| {
        mac.update(bytes);
        mac.verify_slice(code).is_ok()
    })
}
