//! Agile encryption, that of Office 2010 and later (3.2).

use super::cipher::{BLOCK_BYTES, decrypt_chained};
use super::hash::Hash;
use crate::licence::base64;
use crate::limits::Limits;
use crate::xml::{Element, Item, XmlReader, XmlText};

/// What stands before the XML: a reserved number.
const RESERVED: [u8; 4] = [0x40, 0, 0, 0];

/// Most turns that hashing a password may take. Office takes 100,000, and its schema allows ten
/// million.
const TURNS_MAX: u32 = 1_000_000;

/// Most items of the XML. Genuine ones have about thirty.
const ITEMS_MAX: usize = 1_000;

/// How much of the package is encrypted at a time, in bytes.
const SEGMENT_BYTES: usize = 4_096;

/// What fills a derived value that is too short.
const FILLER: u8 = 0x36;

// What is hashed together with the password or the salt, for each purpose.
const VERIFIER_INPUT: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
const VERIFIER_HASH: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
const KEY_VALUE: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];
const INTEGRITY_KEY: [u8; 8] = [0x5f, 0xb2, 0xad, 0x01, 0x0c, 0xb9, 0xe1, 0xf6];
const INTEGRITY_VALUE: [u8; 8] = [0xa0, 0x67, 0x7f, 0x02, 0xb2, 0x2c, 0x84, 0x33];

/// How something is encrypted.
struct Scheme {
    salt: Vec<u8>,
    key_bytes: usize,
    hash: Hash,
}

impl Scheme {
    fn read(element: &Element) -> Option<Self> {
        let number = |name| element.attribute(name)?.parse::<usize>().ok();
        let is_known = element.attribute("cipherAlgorithm") == Some("AES")
            && element.attribute("cipherChaining") == Some("ChainingModeCBC")
            && number("blockSize") == Some(BLOCK_BYTES);
        let hash = Hash::parse(element.attribute("hashAlgorithm")?)?;
        (is_known && number("hashSize") == Some(hash.bytes())).then_some(())?;
        // Only these: room for a key of any size would be taken before it is found too long.
        let key_bytes = match number("keyBits")? {
            128 => 16,
            192 => 24,
            256 => 32,
            _ => return None,
        };
        Some(Self {
            salt: base64::decode(element.attribute("saltValue")?)?,
            key_bytes,
            hash,
        })
    }

    /// A key for this purpose from the hash of the password.
    fn key(&self, password: &[u8], purpose: &[u8]) -> Vec<u8> {
        let mut key = self.hash.of(&[password, purpose]);
        key.resize(self.key_bytes, FILLER);
        key
    }

    /// The initialisation vector for this purpose.
    fn vector(&self, purpose: &[u8]) -> Vec<u8> {
        let mut vector = self.hash.of(&[&self.salt, purpose]);
        vector.resize(BLOCK_BYTES, FILLER);
        vector
    }
}

/// The description of the encryption, as far as a password needs it.
struct Description {
    data: Scheme,
    /// The encrypted key and value of the message authentication code.
    integrity: Option<[Vec<u8>; 2]>,
    password: Scheme,
    turns: u32,
    verifier_input: Vec<u8>,
    verifier_hash: Vec<u8>,
    key_value: Vec<u8>,
}

impl Description {
    fn read(xml: &[u8]) -> Option<Self> {
        let limits = Limits {
            xml_items_max: ITEMS_MAX,
            ..Limits::default()
        };
        let text = XmlText::decode("EncryptionInfo", xml.to_vec()).ok()?.text;
        let mut reader = XmlReader::new("EncryptionInfo", text.trim_end_matches('\0'), &limits);
        let bytes = |element: &Element, name| base64::decode(element.attribute(name)?);
        let mut data = None;
        let mut integrity = None;
        let mut password = None;
        let mut is_password = false;
        while let Some(item) = reader.next().ok()? {
            let Item::Start(element) = item else { continue };
            match element.name {
                "keyData" => data = Some(Scheme::read(&element)?),
                "dataIntegrity" => {
                    integrity = Some([
                        bytes(&element, "encryptedHmacKey")?,
                        bytes(&element, "encryptedHmacValue")?,
                    ]);
                }
                // A certificate's key has the same name as a password's.
                "keyEncryptor" => {
                    is_password = element
                        .attribute("uri")
                        .is_some_and(|uri| uri.ends_with("/keyEncryptor/password"));
                }
                "encryptedKey" if is_password && password.is_none() => password = Some(element),
                _ => {}
            }
        }
        let password = password?;
        Some(Self {
            data: data?,
            integrity,
            turns: password
                .attribute("spinCount")?
                .parse()
                .ok()
                .filter(|turns| *turns <= TURNS_MAX)?,
            verifier_input: bytes(&password, "encryptedVerifierHashInput")?,
            verifier_hash: bytes(&password, "encryptedVerifierHashValue")?,
            key_value: bytes(&password, "encryptedKeyValue")?,
            password: Scheme::read(&password)?,
        })
    }

    /// Decrypts one of the values that the password protects.
    fn opened(&self, password: &[u8], purpose: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let mut value = value.to_vec();
        let key = self.password.key(password, purpose);
        let vector = self.password.salt.get(..BLOCK_BYTES)?;
        decrypt_chained(&key, vector, &mut value)?;
        Some(value)
    }
}

/// What decrypts a package.
pub(crate) struct ContentKey {
    scheme: Scheme,
    key: Vec<u8>,
    /// The key and the value of the message authentication code.
    integrity: Option<[Vec<u8>; 2]>,
}

/// The key of the package, if the password, in UTF-16, is the right one.
pub(super) fn unlock(info: &[u8], password: &[u8]) -> Option<ContentKey> {
    let description = Description::read(info.strip_prefix(&RESERVED)?)?;
    let Description {
        password: scheme, ..
    } = &description;
    let hash = scheme.hash;
    let password = hash.of_password(&scheme.salt, password, description.turns);
    let input = description.opened(&password, &VERIFIER_INPUT, &description.verifier_input)?;
    let expected = description.opened(&password, &VERIFIER_HASH, &description.verifier_hash)?;
    // The password is no secret, so the comparison may stop early.
    if expected.get(..hash.bytes()) != Some(&hash.of(&[&input])) {
        return None;
    }
    let mut key = description.opened(&password, &KEY_VALUE, &description.key_value)?;
    key.truncate(description.data.key_bytes);
    let scheme = description.data;
    let integrity = match description.integrity {
        Some([mut code_key, mut code]) => {
            decrypt_chained(&key, &scheme.vector(&INTEGRITY_KEY), &mut code_key)?;
            decrypt_chained(&key, &scheme.vector(&INTEGRITY_VALUE), &mut code)?;
            // What is behind them fills the last block. Some write a key as long as the salt.
            code_key.truncate(scheme.hash.bytes());
            code.truncate(scheme.hash.bytes());
            Some([code_key, code])
        }
        None => None,
    };
    Some(ContentKey {
        scheme,
        key,
        integrity,
    })
}

impl ContentKey {
    /// Whether the package, with the size before it, is as it was encrypted. Files without a code
    /// can't tell.
    pub(super) fn is_intact(&self, package: &[u8]) -> bool {
        self.integrity
            .as_ref()
            .is_none_or(|[key, code]| self.scheme.hash.authenticates(key, package, code))
    }

    /// Decrypts the package behind its size, in place.
    pub(super) fn decrypt(&self, bytes: &mut [u8]) -> Option<()> {
        for (number, segment) in (0_u32..).zip(bytes.chunks_mut(SEGMENT_BYTES)) {
            let vector = self.scheme.vector(&number.to_le_bytes());
            decrypt_chained(&self.key, &vector, segment)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::block_padding::NoPadding;
    use aes::cipher::{BlockModeEncrypt, KeyIvInit};
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha512;

    fn bytes(range: std::ops::Range<u8>) -> Vec<u8> {
        range.collect()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn encrypt(key: &[u8], vector: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        let len = bytes.len();
        cbc::Encryptor::<aes::Aes256>::new_from_slices(key, vector)
            .unwrap()
            .encrypt_padded::<NoPadding>(&mut bytes, len)
            .unwrap();
        bytes
    }

    fn scheme(salt: std::ops::Range<u8>) -> Scheme {
        Scheme {
            salt: bytes(salt),
            key_bytes: 32,
            hash: Hash::Sha512,
        }
    }

    #[test]
    fn p_015_known_answers_of_the_password() {
        let password: Vec<u8> = "correct horse"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let salt = scheme(0..16);
        let hashed = Hash::Sha512.of_password(&salt.salt, &password, 100_000);
        assert_eq!(
            hex(&hashed),
            "42c53633dae33f1bcfbf3d7b4f253ed9038a924497eb34dfdeb2e04a6c7ad29717ac011965827ac8e7c8186093110665b5eda6d46235ceb9066b43fb1ea977ce"
        );
        let key = salt.key(&hashed, &KEY_VALUE);
        assert_eq!(
            hex(&key),
            "43f578d1622747dc255c224df3099e323928b36895e8f326d86f5bd189df8821"
        );
        let description = Description {
            data: scheme(16..32),
            integrity: None,
            password: salt,
            turns: 100_000,
            verifier_input: Vec::new(),
            verifier_hash: Vec::new(),
            key_value: Vec::new(),
        };
        for (purpose, plain, closed) in [
            (
                KEY_VALUE,
                bytes(0..32),
                "c5aa69aa0a0cd39537dc7b7e87641dd5ee3e2c406f5d0a90378531eb6554175e",
            ),
            (
                VERIFIER_INPUT,
                bytes(0x20..0x30),
                "164c93adda7a40c06dd324cd33dcef68",
            ),
        ] {
            let value = encrypt(
                &description.password.key(&hashed, &purpose),
                &description.password.salt,
                &plain,
            );
            assert_eq!(hex(&value), closed);
            let opened = description.opened(&hashed, &purpose, &value).unwrap();
            assert_eq!(opened, plain);
        }
    }

    #[test]
    fn p_015_known_answers_of_the_package() {
        let scheme = scheme(16..32);
        let key = bytes(0..32);
        let numbers = (0..4_996_usize).map(|at| u8::try_from(7 * at % 256).unwrap());
        let plain: Vec<u8> = b"PK\x03\x04".iter().copied().chain(numbers).collect();
        assert_eq!(plain.len(), 5_000);
        let mut package = 5_000_u64.to_le_bytes().to_vec();
        for (number, segment) in (0_u32..).zip(plain.chunks(SEGMENT_BYTES)) {
            package.extend(encrypt(
                &key,
                &scheme.vector(&number.to_le_bytes()),
                segment,
            ));
        }
        assert_eq!(package.len(), 5_016);
        assert_eq!(
            hex(&Hash::Sha256.of(&[&package])),
            "d9cfd2a685c0f71e171466eea85ab87e855ff285c88107a8ab28d001b0ebdfd2"
        );
        let code_key = bytes(0..64);
        let mut mac = <Hmac<Sha512> as KeyInit>::new_from_slice(&code_key).unwrap();
        mac.update(&package);
        let code = mac.finalize().into_bytes().to_vec();
        assert_eq!(
            hex(&code[..32]),
            "7551591054116b595f0cc401ebd92974efd0f382271086b330d3b6e7a160d661"
        );
        let key = ContentKey {
            scheme,
            key,
            integrity: Some([code_key, code]),
        };
        assert!(key.is_intact(&package));
        let opened = super::super::Key::Agile(key).decrypt(package).unwrap();
        assert_eq!(opened, plain);
    }
}
