//! What protection a label brings, in detail: rights, expiry, offline use (section 1.6).

use std::fmt;

/// Most grants of one label that are kept. Administrators list groups, and those by the dozen.
pub const GRANTS_MAX: usize = 1_000;

/// Rights to a protected document, in the spellings of policies and in the numbers of Graph.
///
/// # Examples
///
/// ```
/// use label_core::UsageRights;
///
/// let (rights, unknown) = UsageRights::parse("VIEW, edit,FLY");
/// assert!(rights.contains(UsageRights::EDIT) && !rights.contains(UsageRights::PRINT));
/// assert_eq!(unknown, ["FLY"]);
/// assert_eq!(rights.to_string(), "VIEW,EDIT");
/// assert_eq!(rights.bits(), 1024 | 4);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct UsageRights(u32);

/// Bit and policy spelling of each right, in the order in which they are printed.
const RIGHTS: [(u32, &str); 14] = [
    (1_024, "VIEW"),
    (4_096, "VIEWRIGHTSDATA"),
    (2, "DOCEDIT"),
    (4, "EDIT"),
    (128, "PRINT"),
    (2_048, "EXTRACT"),
    (256, "REPLY"),
    (512, "REPLYALL"),
    (32, "FORWARD"),
    (16_384, "OBJMODEL"),
    (16, "EXPORT"),
    (8, "COMMENT"),
    (64, "OWNER"),
    (8_192, "EDITRIGHTSDATA"),
];

impl UsageRights {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Change the content in the application.
    pub const DOC_EDIT: Self = Self(2);
    /// Change and save.
    pub const EDIT: Self = Self(4);
    /// Comment.
    pub const COMMENT: Self = Self(8);
    /// Save under another name or take the protection off.
    pub const EXPORT: Self = Self(16);
    /// Forward a message.
    pub const FORWARD: Self = Self(32);
    /// All rights.
    pub const OWNER: Self = Self(64);
    /// Print.
    pub const PRINT: Self = Self(128);
    /// Reply to a message.
    pub const REPLY: Self = Self(256);
    /// Reply to all.
    pub const REPLY_ALL: Self = Self(512);
    /// Open and read.
    pub const VIEW: Self = Self(1_024);
    /// Copy out of the document.
    pub const EXTRACT: Self = Self(2_048);
    /// See who has which rights.
    pub const VIEW_RIGHTS_DATA: Self = Self(4_096);
    /// Change who has which rights.
    pub const EDIT_RIGHTS_DATA: Self = Self(8_192);
    /// Use macros and other access by programs.
    pub const OBJECT_MODEL: Self = Self(16_384);

    /// From Graph's flags; bits that name no right (unknown, access denied, error marks) are left
    /// out.
    pub const fn from_bits(bits: u32) -> Self {
        let mut known = 0;
        let mut at = 0;
        while at < RIGHTS.len() {
            #[allow(
                clippy::indexing_slicing,
                reason = "constant evaluation; bounded above"
            )]
            {
                known |= RIGHTS[at].0;
            }
            at += 1;
        }
        Self(bits & known)
    }

    /// Graph's flags.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether it has all of these.
    pub const fn contains(self, rights: Self) -> bool {
        self.0 & rights.0 == rights.0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, rights: Self) -> Self {
        Self(self.0 | rights.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Reads a list with commas, in any letter case; words that name no right come back (L-016).
    pub fn parse(text: &str) -> (Self, Vec<String>) {
        let mut rights = Self::NONE;
        let mut unknown = Vec::new();
        for word in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            match RIGHTS
                .iter()
                .find(|(_, name)| name.eq_ignore_ascii_case(word))
            {
                Some((bit, _)) => rights.0 |= bit,
                None => unknown.push(word.to_owned()),
            }
        }
        (rights, unknown)
    }
}

/// The policy spelling, with commas.
impl fmt::Display for UsageRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        for (bit, name) in RIGHTS {
            if self.0 & bit == 0 {
                continue;
            }
            if !is_first {
                f.write_str(",")?;
            }
            is_first = false;
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// Who gets which rights.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Grant {
    /// A person, group or domain, or `AuthenticatedUsers`.
    pub identity: String,
    /// What they may do.
    pub rights: UsageRights,
    /// Rights that this version doesn't know, as they are written.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Vec::is_empty")
    )]
    pub other_rights: Vec<String>,
}

impl Grant {
    /// A grant with the rights in this text.
    pub fn new(identity: &str, rights: &str) -> Self {
        let (rights, other_rights) = UsageRights::parse(rights);
        Self {
            identity: identity.trim().to_owned(),
            rights,
            other_rights,
        }
    }

    /// Reads `id:R1,R2;id2:R3`, the form of the flat properties (L-016).
    ///
    /// # Errors
    ///
    /// The first piece that has no colon.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        text.split(';')
            .map(str::trim)
            .filter(|piece| !piece.is_empty())
            .take(GRANTS_MAX)
            .map(|piece| match piece.rsplit_once(':') {
                Some((identity, rights)) => Ok(Self::new(identity, rights)),
                None => Err(piece.to_owned()),
            })
            .collect()
    }

    /// Whether it lets everybody who signs in, or everybody of an organisation, read (A-044). An
    /// organisation is named by a domain, people and groups by an address.
    pub fn lets_all_read(&self) -> bool {
        let identity = self.identity.trim();
        let is_all = identity.eq_ignore_ascii_case("AuthenticatedUsers")
            || (identity.contains('.') && !identity.contains(['@', ':', '/']));
        let reads = UsageRights::VIEW;
        is_all && (self.rights.contains(reads) || self.rights.contains(UsageRights::OWNER))
    }

    /// The form of the flat properties.
    pub fn write_list(grants: &[Self]) -> String {
        let one = |grant: &Self| {
            let mut rights = grant.rights.to_string();
            for other in &grant.other_rights {
                if !rights.is_empty() {
                    rights.push(',');
                }
                rights.push_str(other);
            }
            format!("{}:{rights}", grant.identity)
        };
        grants.iter().map(one).collect::<Vec<_>>().join(";")
    }
}

/// How long a protected document can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ContentExpiry {
    /// For ever.
    Never,
    /// So many days from when it was protected.
    Days(u32),
}

/// How long it can be opened without a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum OfflineAccess {
    /// For ever: −1.
    Always,
    /// Not at all: 0.
    Never,
    /// So many days.
    Days(u32),
}

/// Who chooses the rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum EncryptionKind {
    /// The administrator.
    Template,
    /// The person who applies the label. In Office asked for where `prompt` is set; in Outlook the
    /// recipients may not forward, or only encryption is added.
    UserDefined {
        /// Word, Excel and PowerPoint ask.
        prompt: bool,
        /// Outlook: the recipients may not forward.
        do_not_forward: bool,
        /// Outlook: encryption and nothing else.
        encrypt_only: bool,
    },
    /// The label takes protection off.
    Remove,
}

/// The encryption settings of a label, from a source that has them. Graph has only a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Encryption {
    /// Who chooses the rights.
    pub kind: EncryptionKind,
    /// The template at the rights service.
    pub template_id: Option<String>,
    /// Who gets which rights, at most [`GRANTS_MAX`].
    pub grants: Vec<Grant>,
    /// How long the content can be opened.
    pub expiry: Option<ContentExpiry>,
    /// How long it can be opened without a connection.
    pub offline: Option<OfflineAccess>,
    /// The address of the second key, where there is one.
    pub double_key_url: Option<String>,
    /// Whether everybody can read what it protects: everybody who signs in, or everybody of an
    /// organisation (A-044). Without that, services can't read the label inside a protected file.
    /// Nothing where the source doesn't say who has rights. It stays where the grants are dropped.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub readable_by_all: Option<bool>,
}

impl Encryption {
    /// Settings of this kind, with nothing else said.
    pub fn new(kind: EncryptionKind) -> Self {
        Self {
            kind,
            template_id: None,
            grants: Vec::new(),
            expiry: None,
            offline: None,
            double_key_url: None,
            readable_by_all: None,
        }
    }

    /// Takes grants over, and with them whether everybody can read.
    pub fn set_grants(&mut self, grants: Vec<Grant>) {
        self.readable_by_all = match grants.is_empty() {
            true => None,
            false => Some(grants.iter().any(Grant::lets_all_read)),
        };
        self.grants = grants;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_016_rights_round_trip_in_both_forms() {
        let text = "a@contoso.example:VIEW,EDIT;contoso.example:VIEW,PRINT,FLY";
        let grants = Grant::parse_list(text).unwrap();
        assert_eq!(grants.len(), 2);
        assert_eq!(grants[0].rights.bits(), 1_028);
        assert_eq!(grants[1].other_rights, ["FLY"]);
        assert_eq!(Grant::write_list(&grants), text);
        assert_eq!(
            Grant::parse_list("a:VIEW;b"),
            Err("b".to_owned()),
            "a piece without rights"
        );
        // A colon in an identity belongs to it.
        let grants = Grant::parse_list("urn:group:VIEW").unwrap();
        assert_eq!(grants[0].identity, "urn:group");
    }

    #[test]
    fn a_044_whether_everybody_can_read() {
        for (text, expected) in [
            ("AuthenticatedUsers:VIEW,EDIT", Some(true)),
            ("authenticatedusers:VIEW", Some(true)),
            ("a@contoso.example:VIEW;contoso.example:VIEW", Some(true)),
            ("contoso.example:OWNER", Some(true)),
            ("contoso.example:PRINT", Some(false)),
            (
                "a@contoso.example:OWNER;b@contoso.example:VIEW",
                Some(false),
            ),
            ("", None),
        ] {
            let mut encryption = Encryption::new(EncryptionKind::Template);
            encryption.set_grants(Grant::parse_list(text).unwrap());
            assert_eq!(encryption.readable_by_all, expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn l_016_flags_map_both_ways(bits: u32) {
            let rights = UsageRights::from_bits(bits);
            let (again, unknown) = UsageRights::parse(&rights.to_string());
            proptest::prop_assert_eq!(again, rights);
            proptest::prop_assert!(unknown.is_empty());
            proptest::prop_assert_eq!(UsageRights::from_bits(rights.bits()), rights);
        }
    }
}
