//! Signatures of publishing licences: made here with keys of our own, and genuine ones.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![cfg(feature = "licence-signature")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_formats::{LicenceChain, LicenceSignature, Limits, PublishingLicence};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use support::A;
use support::licence::{Licence, encode, person, server, wide};

/// Two keys for tests, as pairs of primes. They protect nothing.
const KEYS: [[&str; 2]; 2] = [
    [
        "e0bef410d27b48dc4bb0fe64952d29e8dd0b84ac9a24d97161e235293c0236273e3fe68680cb59f773ac66265efee8b624ee46af4015e6f2f23c659bb0376b71",
        "d41c03fe9a0511d738dbc3ed886cd5d234402bcd2d134cdffe4334ad4649aefa591733e3babce660627a7c7c697af753f4739d7a4f78ebf50853e3455a0aa427",
    ],
    [
        "e944acb753045f8301021f5ca413c7ba06f2de27f723b0cdd0aaa41d5933d44ebb9252a49d6444f08b46beb09d6add65e6748e8d7c28b31390a24bdabfed147d",
        "e8a5987a7446cb61d301344f5da9591645122e9502b819507ea4e5cf2fa53a28f7b439fc8017f526181ef1614008c9f56d355d73118f3a79fd32a4959263617d",
    ],
];

fn key(at: usize) -> PrivateKey {
    let [p, q] = KEYS[at].map(|prime| {
        let bytes: Vec<u8> = (0..prime.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&prime[at..at + 2], 16).unwrap())
            .collect();
        BoxedUint::from_be_slice_vartime(&bytes)
    });
    PrivateKey::from_p_q(p, q, BoxedUint::from(65_537_u32)).unwrap()
}

/// The key as a licence has it: the modulus least significant byte first.
fn public(key: &PrivateKey) -> String {
    let modulus = key.n().to_le_bytes();
    format!(
        "<PUBLICKEY><ALGORITHM>RSA</ALGORITHM><PARAMETER name=\"public-exponent\"><VALUE encoding=\"integer32\">65537</VALUE></PARAMETER><PARAMETER name=\"modulus\"><VALUE encoding=\"base64\" size=\"1024\">{}</VALUE></PARAMETER></PUBLICKEY>",
        encode(&modulus)
    )
}

/// Signs a body; the algorithm by its name in licences.
fn signature(body: &str, algorithm: &str, key: &PrivateKey) -> String {
    let bytes = wide(body);
    let (digest, value) = if algorithm == "SHA1" {
        let digest = Sha1::digest(&bytes).to_vec();
        let value = key.pkcs1v15_sign_prehash::<Sha1>(&digest).unwrap();
        (digest, value)
    } else {
        let digest = Sha256::digest(&bytes).to_vec();
        let value = key.pkcs1v15_sign_prehash::<Sha256>(&digest).unwrap();
        (digest, value)
    };
    format!(
        "<SIGNATURE><DIGEST><ALGORITHM>{algorithm}</ALGORITHM><PARAMETER name=\"codingtype\"><VALUE encoding=\"string\">surface-coding</VALUE></PARAMETER><VALUE encoding=\"base64\">{}</VALUE></DIGEST><ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM><VALUE encoding=\"base64\">{}</VALUE></SIGNATURE>",
        encode(&digest),
        encode(&value)
    )
}

/// A licence signed by a server.
fn signed(algorithm: &str) -> String {
    let key = key(0);
    let licence = Licence {
        issuer: server(&public(&key)),
        ..Licence::default()
    };
    licence.text_with(&signature(&licence.body(), algorithm, &key))
}

fn parse(bytes: &[u8]) -> Option<PublishingLicence> {
    PublishingLicence::parse(bytes, &Limits::default()).ok()
}

fn outcome(text: &str) -> (LicenceSignature, LicenceChain) {
    let licence = parse(text.as_bytes()).unwrap();
    (licence.signature, licence.chain)
}

/// The places of the characters of the body.
fn body_of(text: &str) -> std::ops::Range<usize> {
    let end = "</BODY>";
    text.find("<BODY").unwrap()..text.find(end).unwrap() + end.len()
}

/// The text with another character at this place.
fn changed(text: &str, at: usize) -> String {
    let old = text[at..].chars().next().unwrap();
    let new = if old == 'x' { 'y' } else { 'x' };
    format!("{}{new}{}", &text[..at], &text[at + old.len_utf8()..])
}

#[test]
fn p_008_a_signed_licence_is_valid_in_any_encoding() {
    for algorithm in ["SHA256", "SHA1"] {
        let text = signed(algorithm);
        let marked = format!("\u{feff}{text}");
        for bytes in [
            text.as_bytes(),
            marked.as_bytes(),
            &wide(&text),
            &wide(&marked),
        ] {
            let licence = parse(bytes).unwrap();
            assert_eq!(licence.signature, LicenceSignature::Valid, "{algorithm}");
            assert_eq!(licence.chain, LicenceChain::Absent);
        }
    }
}

#[test]
fn p_008_any_changed_character_of_the_body_is_noticed() {
    let text = signed("SHA256");
    let body = body_of(&text);
    let (mut invalid, mut refused) = (0, 0);
    for at in body.filter(|at| text.is_char_boundary(*at)) {
        match parse(changed(&text, at).as_bytes()) {
            Some(licence) => {
                assert_ne!(licence.signature, LicenceSignature::Valid, "{at}");
                // Where the key itself is spoiled there may be none left to check with.
                invalid += usize::from(licence.signature == LicenceSignature::Invalid);
            }
            // No longer a licence at all.
            None => refused += 1,
        }
    }
    assert!(invalid > 1_400 && refused > 1_000, "{invalid} {refused}");
    // What is put in or taken out is noticed too.
    let at = text.find("ann@").unwrap();
    let longer = format!("{} {}", &text[..at], &text[at..]);
    let shorter = format!("{}{}", &text[..at], &text[at + 1..]);
    for text in [longer, shorter] {
        assert_eq!(outcome(&text).0, LicenceSignature::Invalid);
    }
}

#[test]
fn p_008_only_what_was_signed_counts() {
    let text = signed("SHA256");
    let body = body_of(&text);
    let (start, end) = (&text[..body.start], &text[body.end..]);
    let genuine = &text[body.clone()];
    let forged = genuine.replace("ann@", "eve@");
    // The genuine body beside, before or in a comment of a forged one lends it nothing.
    for text in [
        format!("{start}<!--{genuine}-->{forged}{end}"),
        format!("{start}{forged}<!--{genuine}-->{end}"),
        format!("{start}<OTHER>{genuine}</OTHER>{forged}{end}"),
    ] {
        let licence = parse(text.as_bytes()).unwrap();
        assert_eq!(licence.owner.as_deref(), Some("eve@example.com"));
        assert_eq!(licence.signature, LicenceSignature::Invalid);
    }
    assert!(parse(format!("{start}{genuine}{forged}{end}").as_bytes()).is_none());
    // Another key, or a digest without a signature.
    let other = Licence {
        issuer: server(&public(&key(0))),
        ..Licence::default()
    };
    let by_another = signature(&other.body(), "SHA256", &key(1));
    assert_eq!(
        outcome(&other.text_with(&by_another)).0,
        LicenceSignature::Invalid
    );
    assert_eq!(outcome(&other.text()).0, LicenceSignature::Invalid);
}

#[test]
fn p_008_other_algorithms_and_keys_are_told_as_such() {
    let text = signed("SHA256");
    for (from, to) in [
        ("RSA PKCS#1-V1.5", "RSA PSS"),
        ("surface-coding", "other-coding"),
        ("<ALGORITHM>SHA256", "<ALGORITHM>MD5"),
        ("<ALGORITHM>RSA<", "<ALGORITHM>DSA<"),
        ("65537", "65538000000000"),
        ("65537", "1"),
        ("name=\"modulus\"", "name=\"none\""),
    ] {
        let text = text.replace(from, to);
        assert_eq!(outcome(&text).0, LicenceSignature::Unsupported, "{to}");
    }
    // An even modulus, none, one that is too small and one that is too large.
    let modulus = encode(&key(0).n().to_le_bytes());
    for other in [
        [vec![0; 127], vec![0x80]].concat(),
        vec![],
        vec![0xff; 64],
        vec![0xff; 100_000],
    ] {
        let text = text.replace(&modulus, &encode(&other));
        assert_eq!(outcome(&text).0, LicenceSignature::Unsupported);
    }
}

/// A certificate in which one key vouches for another.
fn certificate(issuer: &PrivateKey, named: &PrivateKey) -> String {
    let body = format!(
        "<BODY type=\"LICENSE\" version=\"3.0\"><ISSUER>{}</ISSUER><ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">{}</PRINCIPAL></ISSUEDPRINCIPALS></BODY>",
        server(&public(issuer)),
        person(&public(named))
    );
    let signature = signature(&body, "SHA256", issuer);
    format!("<XrML xmlns=\"\" version=\"1.2\">{body}{signature}</XrML>")
}

#[test]
fn p_008_certificates_vouch_for_the_issuer() {
    let (client, server_key) = (key(0), key(1));
    let with = |certificates: &[String]| {
        let licence = Licence {
            issuer: person(&public(&client)),
            certificates: certificates.concat(),
            ..Licence::without_label(A)
        };
        outcome(&licence.text_with(&signature(&licence.body(), "SHA256", &client)))
    };
    let vouching = certificate(&server_key, &client);
    let root = certificate(&server_key, &server_key);
    let valid = |depth| {
        let chain = match depth {
            0 => LicenceChain::Absent,
            depth => LicenceChain::SelfConsistent { depth },
        };
        (LicenceSignature::Valid, chain)
    };
    assert_eq!(with(&[]), valid(0));
    assert_eq!(with(std::slice::from_ref(&vouching)), valid(1));
    assert_eq!(with(&[vouching.clone(), root.clone()]), valid(2));
    assert_eq!(with(&[root.clone(), vouching.clone()]), valid(2));
    assert_eq!(with(std::slice::from_ref(&root)), valid(0));
    // One that was changed vouches for nobody.
    let forged = vouching.replace("Contoso", "Fabrikam");
    assert_eq!(with(&[forged, root.clone()]), valid(0));
    // Two that name each other come to an end, and so do many.
    let back = certificate(&client, &server_key);
    assert_eq!(with(&[vouching.clone(), back.clone()]), valid(2));
    let many = [vouching, back].concat().repeat(20);
    assert_eq!(with(&[many]), valid(16));
}

#[test]
fn p_008_genuine_licences_are_valid_and_no_change_passes() {
    let Some(folder) = std::env::var_os("LABEL_CORPUS") else {
        println!("corpus: LABEL_CORPUS is not set");
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(std::path::Path::new(&folder).join("protected")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let reading = support::read_default(&std::fs::read(&path).unwrap());
        let Some(licence) = reading.licence() else {
            continue;
        };
        assert_eq!(licence.signature, LicenceSignature::Valid, "{name}");
        let Ok(mut file) = cfb::open(&path) else {
            continue;
        };
        let mut stream = Vec::new();
        let mut primary = file.open_stream(support::compound::PRIMARY).unwrap();
        std::io::Read::read_to_end(&mut primary, &mut stream).unwrap();
        let start = stream
            .windows(5)
            .position(|found| found == b"<?xml")
            .unwrap();
        let text = String::from_utf8(stream.split_off(start)).unwrap();
        let text = text.trim_end_matches('\0');
        let body = body_of(text);
        // A few in every part of so long a text.
        let step = body.len() / 15;
        for at in body.step_by(step).filter(|at| text.is_char_boundary(*at)) {
            if let Some(licence) = parse(changed(text, at).as_bytes()) {
                assert_ne!(licence.signature, LicenceSignature::Valid, "{name} {at}");
            }
        }
        count += 1;
    }
    assert!(count >= 8, "{count}");
    println!("signatures: {count} genuine licences");
}
