//! Whether a licence is as its issuer signed it (4.4).
//!
//! The rule is known from genuine licences, not from a text: what is signed are the characters from
//! `<BODY` to `</BODY>` as they stand there, in UTF-16 whatever the file's encoding, so no form of
//! XML has to be agreed upon.

use rsa::{BoxedUint, PublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::base64;
use super::facts::body;
use super::xrml::Node;
use crate::limits::Limits;

/// Most certificates behind a licence that are looked at. Genuine licences have up to seven.
const CERTIFICATES_MAX: usize = 16;

/// Sizes of keys that are used, in bits.
const KEY_BITS: std::ops::RangeInclusive<usize> = 1_024..=4_096;

/// The one algorithm of signatures that is known, by its name in licences.
const ALGORITHM: &str = "RSA PKCS#1-V1.5";

/// How the signed characters become bytes, by its name in licences.
const CODING: &str = "surface-coding";

/// How many characters are hashed at a time.
const HASH_UNITS: usize = 2_048;

/// Whether a licence is as its issuer signed it. The issuer's key stands in the licence, so this
/// tells of later changes, not who the issuer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LicenceSignature {
    /// Unmodified since the issuer that it names signed it.
    Valid,
    /// Changed since, or not signed at all.
    Invalid,
    /// Signed in a way that is not known here.
    #[default]
    Unsupported,
}

/// Whether the certificates that follow a licence vouch for its issuer. None is compared with keys
/// that are known to be Microsoft's, so a forger can make such a chain too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LicenceChain {
    /// A certificate with a valid signature names the issuer's key, another one the key of that
    /// certificate's issuer, and so on.
    SelfConsistent {
        /// How many certificates.
        depth: usize,
    },
    /// No certificate vouches for the issuer. So it is where a server signed.
    #[default]
    Absent,
}

/// The signature of the first document, and the chain behind it.
pub(super) fn check(
    documents: &[&str],
    root: &Node,
    limits: &Limits,
) -> (LicenceSignature, LicenceChain) {
    let licence = documents.first().copied().unwrap_or_default();
    let mut certificates: Vec<Certificate> = documents
        .iter()
        .skip(1)
        .take(CERTIFICATES_MAX)
        .filter_map(|document| Certificate::read(document, limits))
        .collect();
    let mut depth = 0;
    let mut key = issuer_key(root);
    while let Some(wanted) = key.take() {
        let found = certificates
            .iter()
            .position(|certificate| certificate.names.contains(&wanted));
        let Some(at) = found else { break };
        depth += 1;
        // Each vouches once, so that two that name each other come to an end.
        key = certificates.swap_remove(at).issuer;
    }
    let chain = match depth {
        0 => LicenceChain::Absent,
        depth => LicenceChain::SelfConsistent { depth },
    };
    (verify(licence, root), chain)
}

/// A certificate whose own signature is valid.
struct Certificate {
    issuer: Option<Key>,
    /// The keys that it vouches for.
    names: Vec<Key>,
}

impl Certificate {
    fn read(document: &str, limits: &Limits) -> Option<Self> {
        let root = Node::parse(document, limits).ok()?;
        if verify(document, &root) != LicenceSignature::Valid {
            return None;
        }
        Some(Self {
            issuer: issuer_key(&root),
            names: body(&root)
                .ok()?
                .all("ISSUEDPRINCIPALS")
                .flat_map(|list| list.all("PRINCIPAL"))
                .filter_map(|principal| Key::read(principal.at(&["PUBLICKEY"])?))
                .collect(),
        })
    }
}

/// A public key as licences have it.
#[derive(PartialEq, Eq)]
struct Key {
    /// Least significant byte first, unlike in any other format.
    modulus: Vec<u8>,
    exponent: u32,
}

impl Key {
    fn read(node: &Node) -> Option<Self> {
        let parameter = |name: &str| {
            node.all("PARAMETER")
                .find(|parameter| parameter.attribute("name") == Some(name))?
                .at(&["VALUE"])
        };
        if node.at(&["ALGORITHM"])?.text() != "RSA" {
            return None;
        }
        let mut modulus = base64::decode(parameter("modulus")?.text())?;
        // Zeros at this end have no value, and would count as key length.
        while modulus.last() == Some(&0) {
            modulus.pop();
        }
        Some(Self {
            modulus,
            exponent: parameter("public-exponent")?.text().parse().ok()?,
        })
    }

    fn to_public_key(&self) -> Option<PublicKey> {
        let is_short = self.modulus.len() <= KEY_BITS.end() / 8;
        let modulus = is_short.then(|| BoxedUint::from_le_slice_vartime(&self.modulus))?;
        PublicKey::new_with_size_limits(modulus, BoxedUint::from(self.exponent), KEY_BITS).ok()
    }
}

fn issuer_key(root: &Node) -> Option<Key> {
    Key::read(body(root).ok()?.at(&["ISSUER", "PUBLICKEY"])?)
}

/// Checks the signature of one document against the key of the issuer in it.
fn verify(document: &str, root: &Node) -> LicenceSignature {
    let (Ok(body), Some(signature)) = (body(root), root.at(&["SIGNATURE"])) else {
        return LicenceSignature::Invalid;
    };
    let text = |path: &[&str]| signature.at(path).map(Node::text);
    let coding = signature.at(&["DIGEST"]).and_then(|digest| {
        digest
            .all("PARAMETER")
            .find(|parameter| parameter.attribute("name") == Some("codingtype"))?
            .at(&["VALUE"])
    });
    if text(&["ALGORITHM"]) != Some(ALGORITHM) || coding.map(Node::text) != Some(CODING) {
        return LicenceSignature::Unsupported;
    }
    let check = match text(&["DIGEST", "ALGORITHM"]) {
        Some("SHA256") => verify_with::<Sha256>,
        Some("SHA1") => verify_with::<Sha1>,
        _ => return LicenceSignature::Unsupported,
    };
    let Some(key) = issuer_key(root).and_then(|key| key.to_public_key()) else {
        return LicenceSignature::Unsupported;
    };
    let decoded = |path| text(path).and_then(base64::decode);
    let is_valid = document
        .get(body.span.clone())
        .zip(decoded(&["DIGEST", "VALUE"]))
        .zip(decoded(&["VALUE"]))
        .is_some_and(|((signed, digest), value)| check(signed, &digest, &key, &value));
    if is_valid {
        LicenceSignature::Valid
    } else {
        LicenceSignature::Invalid
    }
}

/// Whether the text has this digest, and the digest this signature.
fn verify_with<D>(text: &str, digest: &[u8], key: &PublicKey, signature: &[u8]) -> bool
where
    D: Digest + sha2::digest::const_oid::AssociatedOid,
{
    let mut hash = D::new();
    let mut units = text.encode_utf16();
    let mut bytes = Vec::with_capacity(HASH_UNITS * 2);
    loop {
        bytes.clear();
        bytes.extend(units.by_ref().take(HASH_UNITS).flat_map(u16::to_le_bytes));
        if bytes.is_empty() {
            break;
        }
        hash.update(&bytes);
    }
    let hashed = hash.finalize();
    // Nothing here is secret, so the comparison may stop early.
    hashed.as_slice() == digest && key.pkcs1v15_verify_prehash::<D>(digest, signature).is_ok()
}
