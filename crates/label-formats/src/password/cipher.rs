//! AES by the length of its key, in the two modes of encrypted documents.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, KeyInit, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};

pub(super) const BLOCK_BYTES: usize = 16;

/// Decrypts whole blocks in place, each chained to the one before; `None` for a key or vector of
/// another length, or a block that is not whole.
pub(super) fn decrypt_chained(key: &[u8], vector: &[u8], bytes: &mut [u8]) -> Option<()> {
    fn run<C: KeyIvInit + BlockModeDecrypt>(
        key: &[u8],
        vector: &[u8],
        bytes: &mut [u8],
    ) -> Option<()> {
        let cipher = C::new_from_slices(key, vector).ok()?;
        cipher.decrypt_padded::<NoPadding>(bytes).ok().map(|_| ())
    }
    match key.len() {
        16 => run::<cbc::Decryptor<Aes128>>(key, vector, bytes),
        24 => run::<cbc::Decryptor<Aes192>>(key, vector, bytes),
        32 => run::<cbc::Decryptor<Aes256>>(key, vector, bytes),
        _ => None,
    }
}

/// The same, each block on its own.
pub(super) fn decrypt_single(key: &[u8], bytes: &mut [u8]) -> Option<()> {
    fn run<C: KeyInit + BlockModeDecrypt>(key: &[u8], bytes: &mut [u8]) -> Option<()> {
        let cipher = C::new_from_slice(key).ok()?;
        cipher.decrypt_padded::<NoPadding>(bytes).ok().map(|_| ())
    }
    match key.len() {
        16 => run::<ecb::Decryptor<Aes128>>(key, bytes),
        24 => run::<ecb::Decryptor<Aes192>>(key, bytes),
        32 => run::<ecb::Decryptor<Aes256>>(key, bytes),
        _ => None,
    }
}
