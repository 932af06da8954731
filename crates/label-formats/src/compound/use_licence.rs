//! Cached licences of users: who opened or published the document on the machine that wrote it
//! (2.4).

use super::fields::{Fields, wide_text};
use crate::error::PartError;
use crate::licence::base64;
use crate::rights::CachedUseLicence;

/// How the names of the streams begin. What follows is the machine's own.
pub(super) const NAME_START: &str = "EUL-";

/// Longest name of a user, in bytes of base64.
const USER_BYTES_MAX: usize = 1_000;

/// Largest licence, in bytes.
const LICENCE_BYTES_MAX: usize = 1_000_000;

/// How much of a stream is read: the user and the length of the licence, with their lengths.
pub(super) const HEAD_BYTES: u64 = 4 + 4 + USER_BYTES_MAX as u64 + 4;

/// Reads the beginning of a stream. The licence itself is for the user's key and not looked at.
pub(super) fn parse(place: &str, head: &[u8]) -> Result<CachedUseLicence, PartError> {
    let mut fields = Fields::new(place, head);
    fields.number("the length")?;
    let user = fields.padded(USER_BYTES_MAX, "the user")?;
    let user = std::str::from_utf8(user)
        .ok()
        .and_then(base64::decode)
        .map(|bytes| wide_text(&bytes))
        .map(|name| name.trim_end_matches('\0').to_owned())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| PartError::malformed(place, "the user's name can't be read"))?;
    let licence_bytes = fields.number("the licence")?;
    if licence_bytes > LICENCE_BYTES_MAX {
        let cause = format!("a licence of {licence_bytes} bytes");
        return Err(PartError::too_large(place, cause));
    }
    let (authentication, user) = match user.split_once(':') {
        Some((how, name)) => (Some(how.to_owned()), name.to_owned()),
        None => (None, user),
    };
    Ok(CachedUseLicence {
        authentication,
        user,
        licence_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(user: &[u8], licence_bytes: u32) -> Vec<u8> {
        let padded = user.len().next_multiple_of(4);
        let mut bytes = u32::try_from(8 + padded).unwrap().to_le_bytes().to_vec();
        bytes.extend(u32::try_from(user.len()).unwrap().to_le_bytes());
        bytes.extend(user);
        bytes.resize(8 + padded, 0);
        bytes.extend(licence_bytes.to_le_bytes());
        bytes
    }

    fn encoded(user: &str) -> Vec<u8> {
        let wide: Vec<u8> = user.encode_utf16().flat_map(u16::to_le_bytes).collect();
        base64::encode(&wide).into_bytes()
    }

    #[test]
    fn p_006_a_cached_licence_names_its_user() {
        for (name, authentication, user) in [
            (
                "Windows:ann@example.com",
                Some("Windows"),
                "ann@example.com",
            ),
            (
                "Passport:bö@example.com",
                Some("Passport"),
                "bö@example.com",
            ),
            ("ann@example.com", None, "ann@example.com"),
            ("Windows:ann\0", Some("Windows"), "ann"),
        ] {
            let parsed = parse("EUL-A", &stream(&encoded(name), 5_000)).unwrap();
            assert_eq!(parsed.authentication.as_deref(), authentication);
            assert_eq!(parsed.user, user);
            assert_eq!(parsed.licence_bytes, 5_000);
            assert!(!format!("{parsed:?}").contains("example"));
        }
        // The longest that is read, and one byte more.
        let longest = encoded(&"a".repeat(375));
        assert_eq!(longest.len(), 1_000);
        assert!(parse("EUL-A", &stream(&longest, 1_000_000)).is_ok());
        assert_eq!(stream(&longest, 0).len() as u64, HEAD_BYTES);
        for (user, licence_bytes) in [(&[b'A'; 1_001][..], 0), (b"AA==", 1_000_001)] {
            assert!(parse("EUL-A", &stream(user, licence_bytes)).is_err());
        }
        for user in [&b""[..], b"not base64!", b"\xff\xff"] {
            let error = parse("EUL-A", &stream(user, 0)).unwrap_err();
            assert!(matches!(error, PartError::Malformed(_)), "{error}");
        }
    }
}
