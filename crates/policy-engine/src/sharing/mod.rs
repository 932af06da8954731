//! How far a file is shared, from what its app says of who may reach it (L-100).
//!
//! Every app says it in its own way; [`sharepoint`], [`box_drive`] and [`google`] read the JSON of
//! their interfaces into [`Grant`]s, and [`access_level`] takes the widest of those that hold.

mod box_drive;
mod google;
mod sharepoint;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::record::AccessLevel;

pub use box_drive::box_drive;
pub use google::google;
pub use sharepoint::sharepoint;

/// Most grants of one file that are looked at. Apps allow far fewer; beyond it the level is not
/// known, rather than perhaps too low.
pub const GRANTS_MAX: usize = 100_000;

/// The organisation's own mail domains, as the administrator lists them: who has an address in
/// another one is outside. A sub-domain is managed only if it is listed.
///
/// # Examples
///
/// ```
/// use policy_engine::sharing::ManagedDomains;
///
/// let managed = ManagedDomains::new(["Contoso.example"]);
/// assert!(managed.contains_address("ada@CONTOSO.example"));
/// assert!(!managed.contains_address("ada@eu.contoso.example"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedDomains(BTreeSet<String>);

impl ManagedDomains {
    /// These domains; letter case doesn't matter.
    pub fn new<D: AsRef<str>>(domains: impl IntoIterator<Item = D>) -> Self {
        Self(
            domains
                .into_iter()
                .map(|domain| domain.as_ref().trim().to_lowercase())
                .filter(|domain| !domain.is_empty())
                .collect(),
        )
    }

    /// Whether the domain is one of them.
    pub fn contains(&self, domain: &str) -> bool {
        self.0.contains(&domain.trim().to_lowercase())
    }

    /// Whether the address is in one of them. A guest's name is that of their home:
    /// `ada_fabrikam.example#EXT#@contoso.example` is of `fabrikam.example`.
    pub fn contains_address(&self, address: &str) -> bool {
        domain_of(address).is_some_and(|domain| self.contains(domain))
    }
}

/// The domain of a mail address or sign-in name, in the letter case in which it is written; nothing
/// where the text is no address.
///
/// # Examples
///
/// ```
/// use policy_engine::sharing::domain_of;
///
/// assert_eq!(domain_of("ada@fabrikam.example"), Some("fabrikam.example"));
/// let guest = "ada_fabrikam.example#EXT#@contoso.example";
/// assert_eq!(domain_of(guest), Some("fabrikam.example"));
/// assert_eq!(domain_of("Finance Members"), None);
/// ```
pub fn domain_of(address: &str) -> Option<&str> {
    const GUEST: &str = "#ext#";
    let address = address.trim();
    // Letter case is that of ASCII, so that places in both texts are the same.
    let guest = address.to_ascii_lowercase().find(GUEST);
    // The `@` of a guest's address is written `_`, which a domain can't have.
    let (text, mark) = match guest.and_then(|at| address.get(..at)) {
        Some(home) => (home, '_'),
        None => (address, '@'),
    };
    let (name, domain) = text.rsplit_once(mark)?;
    (!name.is_empty() && !domain.is_empty()).then_some(domain)
}

/// Whom a grant reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// The owner, who has the file anyway.
    Owner,
    /// Nobody beside those who are named elsewhere.
    Nobody,
    /// A person, or a group with a mail address.
    Address(String),
    /// A group or person of whom no address is known.
    Unnamed,
    /// Everybody with an address in this domain.
    Domain(String),
    /// Everybody in the organisation.
    Organization,
    /// Everybody who can sign in, guests too.
    Everyone,
    /// Somebody of whom the app says that they are outside.
    Outside,
    /// Anyone who has the link.
    AnyoneWithLink,
    /// Anyone, and it can be searched for.
    AnyoneSearchable,
}

/// A grant that holds: expired, rejected and deleted ones are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whom it reaches.
    pub reach: Reach,
}

impl From<Reach> for Grant {
    fn from(reach: Reach) -> Self {
        Self { reach }
    }
}

/// How far a file is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// The widest level that applies.
    pub level: AccessLevel,
    /// Somebody has access of whom it isn't known whether they are outside: a group that can't be
    /// looked into. They count as inside.
    pub uncertain: bool,
}

/// The widest of these grants (L-100). Without any, the file is private.
///
/// # Examples
///
/// ```
/// use policy_engine::AccessLevel;
/// use policy_engine::sharing::{Grant, ManagedDomains, Reach, access_level};
///
/// let managed = ManagedDomains::new(["contoso.example"]);
/// let grants = [
///     Grant::from(Reach::Owner),
///     Grant::from(Reach::Address("ben@fabrikam.example".to_owned())),
/// ];
/// assert_eq!(access_level(&grants, &managed).level, AccessLevel::External);
/// ```
pub fn access_level(grants: &[Grant], managed: &ManagedDomains) -> Sharing {
    let mut sharing = Sharing {
        level: AccessLevel::Private,
        uncertain: false,
    };
    let side = |is_managed| match is_managed {
        true => AccessLevel::Internal,
        false => AccessLevel::External,
    };
    for grant in grants {
        let level = match &grant.reach {
            Reach::Owner | Reach::Nobody => AccessLevel::Private,
            Reach::Organization => AccessLevel::Internal,
            Reach::Everyone | Reach::Outside => AccessLevel::External,
            Reach::AnyoneWithLink => AccessLevel::Public,
            Reach::AnyoneSearchable => AccessLevel::PublicInternet,
            Reach::Domain(domain) => side(managed.contains(domain)),
            Reach::Address(address) => match domain_of(address) {
                Some(domain) => side(managed.contains(domain)),
                None => {
                    sharing.uncertain = true;
                    AccessLevel::Internal
                }
            },
            Reach::Unnamed => {
                sharing.uncertain = true;
                AccessLevel::Internal
            }
        };
        sharing.level = sharing.level.max(level);
    }
    sharing
}

/// The entries of a list; nothing where the app gave none, or too many. What can't be read is not
/// known, and never "not shared".
fn entries(list: Option<&Value>) -> Option<&[Value]> {
    match list {
        Some(Value::Array(items)) if items.len() <= GRANTS_MAX => Some(items),
        _ => None,
    }
}

/// A text that isn't empty.
fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value
        .get(name)?
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Whether a time of RFC 3339 has come; one that can't be read has not, so that nothing counts as
/// ended by mistake.
fn is_over(time: Option<&str>, now_ms: i64) -> bool {
    time.and_then(|time| chrono::DateTime::parse_from_rfc3339(time).ok())
        .is_some_and(|time| time.timestamp_millis() <= now_ms)
}
