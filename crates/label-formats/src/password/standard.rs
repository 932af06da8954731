//! Standard encryption, that of Office 2007 (3.3). It has no check of the content.

use super::cipher::decrypt_single;
use super::hash::Hash;

/// How often hashing a password is repeated.
const TURNS: u32 = 50_000;

/// The header says that it is AES.
const FLAG_AES: u32 = 0x20;

/// The algorithms that are read, with the size of their keys in bytes.
const ALGORITHMS: [(u32, usize); 3] = [(0x660e, 16), (0x660f, 24), (0x6610, 32)];

/// Longest header, in bytes. Genuine ones have about 150.
const HEADER_BYTES_MAX: usize = 4_096;

const HASH: Hash = Hash::Sha1;
const SALT_BYTES: usize = 16;
const VERIFIER_BYTES: usize = 16;
const VERIFIER_HASH_BYTES: usize = 32;

/// What decrypts a package.
pub(crate) struct ContentKey(Vec<u8>);

/// The key of the package, if the password, in UTF-16, is the right one.
pub(super) fn unlock(info: &[u8], password: &[u8]) -> Option<ContentKey> {
    let (_flags, rest) = number(info)?;
    let (header_bytes, rest) = number(rest)?;
    let header_bytes = usize::try_from(header_bytes)
        .ok()
        .filter(|bytes| *bytes <= HEADER_BYTES_MAX)?;
    let (header, verifier) = rest.split_at_checked(header_bytes)?;
    let (flags, header) = number(header)?;
    let (_extra, header) = number(header)?;
    let (algorithm, header) = number(header)?;
    let (_hash, header) = number(header)?;
    let (key_bits, _provider) = number(header)?;
    let (_, key_bytes) = ALGORITHMS.into_iter().find(|(id, bytes)| {
        *id == algorithm && usize::try_from(key_bits).ok() == Some(*bytes * 8)
    })?;
    let (salt_bytes, rest) = number(verifier)?;
    if flags & FLAG_AES == 0 || usize::try_from(salt_bytes).ok() != Some(SALT_BYTES) {
        return None;
    }
    let (salt, rest) = rest.split_at_checked(SALT_BYTES)?;
    let (verifier, rest) = rest.split_at_checked(VERIFIER_BYTES)?;
    let (_hash_bytes, rest) = number(rest)?;
    let mut verifier = verifier.to_vec();
    let mut verifier_hash = rest.get(..VERIFIER_HASH_BYTES)?.to_vec();
    let key = derive(salt, password, key_bytes);
    decrypt_single(&key, &mut verifier)?;
    decrypt_single(&key, &mut verifier_hash)?;
    // The password is no secret, so the comparison may stop early.
    let is_right = verifier_hash.get(..HASH.bytes()) == Some(&HASH.of(&[&verifier]));
    is_right.then_some(ContentKey(key))
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

/// The key from a password.
fn derive(salt: &[u8], password: &[u8], key_bytes: usize) -> Vec<u8> {
    let hashed = HASH.of_password(salt, password, TURNS);
    let block = HASH.of(&[&hashed, &[0; 4]]);
    let half = |filler: u8| {
        let mut filled = [filler; 64];
        for (place, byte) in filled.iter_mut().zip(&block) {
            *place ^= byte;
        }
        HASH.of(&[&filled])
    };
    let mut key = [half(0x36), half(0x5c)].concat();
    key.truncate(key_bytes);
    key
}

impl ContentKey {
    /// Decrypts the package behind its size, in place.
    pub(super) fn decrypt(&self, bytes: &mut [u8]) -> Option<()> {
        decrypt_single(&self.0, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_015_known_answer_of_the_older_scheme() {
        let password: Vec<u8> = "Password1234_"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let salt = 0xe882_6649_0c5b_d1ee_bd2b_4394_e3f8_30ef_u128.to_be_bytes();
        let key = derive(&salt, &password, 16);
        assert_eq!(
            key,
            0x40b1_3a71_f90b_966e_3754_08f2_d181_a1aa_u128.to_be_bytes()
        );
    }
}
