//! Encrypted workbooks, written from the specification.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeEncrypt, KeyInit, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::compound::{PACKAGE, compound};
use super::licence::{encode, wide};

pub(crate) const BUILT_IN: &str = "VelvetSweatshop";
pub(crate) const INFO: &str = "/EncryptionInfo";

/// How a workbook is encrypted the newer way.
#[derive(Clone)]
pub(crate) struct Agile {
    pub(crate) password: &'static str,
    pub(crate) key_bits: usize,
    pub(crate) hash: &'static str,
    pub(crate) turns: u32,
    pub(crate) has_integrity: bool,
}

impl Default for Agile {
    fn default() -> Self {
        Self {
            password: BUILT_IN,
            key_bits: 256,
            hash: "SHA512",
            turns: 10,
            has_integrity: true,
        }
    }
}

fn hash(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    let whole = parts.concat();
    match name {
        "SHA1" => Sha1::digest(whole).to_vec(),
        "SHA256" => Sha256::digest(whole).to_vec(),
        "SHA384" => Sha384::digest(whole).to_vec(),
        "SHA512" => Sha512::digest(whole).to_vec(),
        other => panic!("{other}"),
    }
}

fn code(name: &str, key: &[u8], bytes: &[u8]) -> Vec<u8> {
    fn run<M: Mac + KeyInit>(key: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut mac = <M as KeyInit>::new_from_slice(key).unwrap();
        mac.update(bytes);
        mac.finalize().into_bytes().to_vec()
    }
    match name {
        "SHA1" => run::<Hmac<Sha1>>(key, bytes),
        "SHA256" => run::<Hmac<Sha256>>(key, bytes),
        "SHA384" => run::<Hmac<Sha384>>(key, bytes),
        "SHA512" => run::<Hmac<Sha512>>(key, bytes),
        other => panic!("{other}"),
    }
}

fn fitted(mut bytes: Vec<u8>, len: usize) -> Vec<u8> {
    bytes.resize(len, 0x36);
    bytes
}

fn run<C: BlockModeEncrypt>(cipher: C, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    let len = bytes.len();
    cipher.encrypt_padded::<NoPadding>(&mut bytes, len).unwrap();
    bytes
}

fn chained(key: &[u8], vector: &[u8], bytes: &[u8]) -> Vec<u8> {
    match key.len() {
        16 => run(
            cbc::Encryptor::<Aes128>::new_from_slices(key, vector).unwrap(),
            bytes,
        ),
        24 => run(
            cbc::Encryptor::<Aes192>::new_from_slices(key, vector).unwrap(),
            bytes,
        ),
        _ => run(
            cbc::Encryptor::<Aes256>::new_from_slices(key, vector).unwrap(),
            bytes,
        ),
    }
}

fn single(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    match key.len() {
        16 => run(
            ecb::Encryptor::<Aes128>::new_from_slice(key).unwrap(),
            bytes,
        ),
        24 => run(
            ecb::Encryptor::<Aes192>::new_from_slice(key).unwrap(),
            bytes,
        ),
        _ => run(
            ecb::Encryptor::<Aes256>::new_from_slice(key).unwrap(),
            bytes,
        ),
    }
}

fn turned(name: &str, salt: &[u8], password: &str, turns: u32) -> Vec<u8> {
    let mut value = hash(name, &[salt, &wide(password)]);
    for at in 0..turns {
        value = hash(name, &[&at.to_le_bytes(), &value]);
    }
    value
}

impl Agile {
    /// The two streams: the description and the package.
    pub(crate) fn streams(&self, content: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let salt: Vec<u8> = (0..16).collect();
        let data_salt: Vec<u8> = (16..32).collect();
        let key_bytes = self.key_bits / 8;
        let key: Vec<u8> = (100..).take(key_bytes).collect();
        let size = hash(self.hash, &[]).len();
        let password = turned(self.hash, &salt, self.password, self.turns);
        let closed = |purpose: u64, value: &[u8]| {
            let key = fitted(
                hash(self.hash, &[&password, &purpose.to_be_bytes()]),
                key_bytes,
            );
            encode(&chained(&key, &salt, value))
        };
        let vector = |purpose: &[u8]| fitted(hash(self.hash, &[&data_salt, purpose]), 16);
        let mut package = (content.len() as u64).to_le_bytes().to_vec();
        for (number, segment) in (0_u32..).zip(content.chunks(4096)) {
            package.extend(chained(&key, &vector(&number.to_le_bytes()), segment));
        }
        let verifier: Vec<u8> = (40..56).collect();
        let code_key: Vec<u8> = (1..).take(size).collect();
        let integrity = format!(
            "<dataIntegrity encryptedHmacKey=\"{}\" encryptedHmacValue=\"{}\"/>",
            encode(&chained(
                &key,
                &vector(&0x5fb2_ad01_0cb9_e1f6_u64.to_be_bytes()),
                &code_key
            )),
            encode(&chained(
                &key,
                &vector(&0xa067_7f02_b22c_8433_u64.to_be_bytes()),
                &code(self.hash, &code_key, &package)
            )),
        );
        let scheme = |salt: &[u8]| {
            format!(
                "saltSize=\"16\" blockSize=\"16\" keyBits=\"{}\" hashSize=\"{size}\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" hashAlgorithm=\"{}\" saltValue=\"{}\"",
                self.key_bits,
                self.hash,
                encode(salt)
            )
        };
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<encryption xmlns=\"http://schemas.microsoft.com/office/2006/encryption\" xmlns:p=\"http://schemas.microsoft.com/office/2006/keyEncryptor/password\" xmlns:c=\"http://schemas.microsoft.com/office/2006/keyEncryptor/certificate\"><keyData {}/>{}<keyEncryptors><keyEncryptor uri=\"http://schemas.microsoft.com/office/2006/keyEncryptor/certificate\"><c:encryptedKey encryptedKeyValue=\"AAAA\" X509Certificate=\"AAAA\" certVerifier=\"AAAA\"/></keyEncryptor><keyEncryptor uri=\"http://schemas.microsoft.com/office/2006/keyEncryptor/password\"><p:encryptedKey spinCount=\"{}\" {} encryptedVerifierHashInput=\"{}\" encryptedVerifierHashValue=\"{}\" encryptedKeyValue=\"{}\"/></keyEncryptor></keyEncryptors></encryption>",
            scheme(&data_salt),
            if self.has_integrity { &integrity } else { "" },
            self.turns,
            scheme(&salt),
            closed(0xfea7_d276_3b4b_9e79, &verifier),
            closed(0xd7aa_0f6d_3061_344e, &hash(self.hash, &[&verifier])),
            closed(0x146e_0be7_abac_d0d6, &key),
        );
        let mut info = vec![4, 0, 4, 0, 0x40, 0, 0, 0];
        info.extend(xml.into_bytes());
        (info, package)
    }

    pub(crate) fn file(&self, content: &[u8]) -> Vec<u8> {
        let (info, package) = self.streams(content);
        compound(&[(INFO, &info), (PACKAGE, &package)])
    }
}

/// The two streams of a workbook encrypted the older way.
pub(crate) fn standard(password: &str, key_bits: u32, content: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let salt: Vec<u8> = (0..16).collect();
    let algorithm: u32 = match key_bits {
        128 => 0x660e,
        192 => 0x660f,
        _ => 0x6610,
    };
    let turned = turned("SHA1", &salt, password, 50_000);
    let block = hash("SHA1", &[&turned, &[0; 4]]);
    let half = |filler: u8| {
        let mut filled = vec![filler; 64];
        for (place, byte) in filled.iter_mut().zip(&block) {
            *place ^= byte;
        }
        hash("SHA1", &[&filled])
    };
    let key = [half(0x36), half(0x5c)].concat()[..key_bits as usize / 8].to_vec();
    let verifier: Vec<u8> = (40..56).collect();
    let name = wide("Example Provider\0");
    let mut header = Vec::new();
    for number in [0x24, 0, algorithm, 0x8004, key_bits, 0x18, 0, 0] {
        header.extend(number.to_le_bytes());
    }
    header.extend(name);
    let mut info = vec![4, 0, 2, 0, 0x24, 0, 0, 0];
    info.extend(u32::try_from(header.len()).unwrap().to_le_bytes());
    info.extend(header);
    info.extend(16_u32.to_le_bytes());
    info.extend(&salt);
    info.extend(single(&key, &verifier));
    info.extend(20_u32.to_le_bytes());
    info.extend(single(&key, &hash("SHA1", &[&verifier])));
    let mut package = (content.len() as u64).to_le_bytes().to_vec();
    package.extend(single(&key, content));
    (info, package)
}
