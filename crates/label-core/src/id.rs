//! Identities: of labels, tenants, apps, files and policies.
//!
//! Every kind of identity is its own type, so that two GUIDs in a row can't be swapped. A label's
//! identity is the pair of tenant and label, [`LabelKey`]: Microsoft's default labels carry ids
//! that recur in unrelated tenants.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::IdError;

/// Longest identifier of a file or a policy, in bytes.
///
/// SharePoint's file ids are two GUIDs and a bar; a path inside a library may have 400 characters.
/// The bound is what keeps an identifier that came from a file or a server harmless.
pub const IDENTIFIER_BYTES_MAX: usize = 2048;

/// Parses a GUID: hyphenated, any letter case, with or without one pair of braces, surrounding
/// white space ignored (L-002).
fn parse_guid(kind: &'static str, text: &str) -> Result<Uuid, IdError> {
    let trimmed = text.trim();
    let bare = trimmed
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(trimmed);
    // `Uuid::try_parse` also takes the forms without hyphens and with `urn:uuid:`; nothing in this
    // field writes those, and a reader that accepts more than its neighbours finds other labels.
    if bare.len() != 36 {
        return Err(IdError::guid(kind, text));
    }
    Uuid::try_parse(bare).map_err(|_| IdError::guid(kind, text))
}

macro_rules! guid_id {
    ($(#[$meta:meta])* $name:ident, $kind:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
        pub struct $name(Uuid);

        impl $name {
            /// The identity with these 128 bits, most significant first.
            pub const fn from_u128(bits: u128) -> Self {
                Self(Uuid::from_u128(bits))
            }

            /// The 128 bits, most significant first.
            pub const fn as_u128(self) -> u128 {
                self.0.as_u128()
            }

            /// Reads a GUID in any letter case, with or without braces (L-002).
            ///
            /// # Errors
            ///
            /// [`IdError`] with the offending text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse_guid($kind, text).map(Self)
            }
        }

        /// Lower case, hyphenated, no braces: the form that file metadata uses.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

guid_id!(
    /// A label's id inside its tenant. Not unique by itself: see [`LabelKey`].
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::LabelId;
    ///
    /// let id = LabelId::parse("{11111111-1111-4111-8111-11111111111A}")?;
    /// assert_eq!(id.to_string(), "11111111-1111-4111-8111-11111111111a");
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    LabelId,
    "label id"
);

guid_id!(
    /// A Microsoft Entra directory, called `SiteId` in file metadata.
    TenantId,
    "tenant id"
);

guid_id!(
    /// One act of labelling, called `ActionId` in file metadata: finds the act in an audit log.
    ActionId,
    "action id"
);

guid_id!(
    /// A sensitive information type that classification looks for.
    SensitiveTypeId,
    "sensitive type id"
);

impl TenantId {
    /// Whether this is the all-zero GUID, which names no tenant.
    pub fn is_nil(self) -> bool {
        self.as_u128() == 0
    }
}

/// The identity of a label everywhere in this project: the tenant and the label's id in it.
///
/// # Examples
///
/// ```
/// use label_core::{LabelId, LabelKey, TenantId};
///
/// let label = LabelId::parse("defa4170-0d19-0005-0005-bc88714345d2")?;
/// let contoso = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
/// let fabrikam = TenantId::parse("954a5c8e-2013-4eaf-9806-f27804879c6e")?;
/// assert_ne!(LabelKey::new(contoso, label), LabelKey::new(fabrikam, label));
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct LabelKey {
    /// Whose label it is.
    pub tenant: TenantId,
    /// Which label of that tenant.
    pub label: LabelId,
}

impl LabelKey {
    /// The key of label `label` of tenant `tenant`.
    pub const fn new(tenant: TenantId, label: LabelId) -> Self {
        Self { tenant, label }
    }

    /// Reads `<tenant guid>_<label guid>`, the form of the product's file records.
    ///
    /// # Errors
    ///
    /// [`IdError`] with the part that is not a GUID.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let (tenant, label) = text
            .split_once('_')
            .ok_or_else(|| IdError::guid("label key", text))?;
        Ok(Self::new(TenantId::parse(tenant)?, LabelId::parse(label)?))
    }
}

/// `<tenant guid>_<label guid>`, as in the product's file records.
impl fmt::Display for LabelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [b'_'; LABEL_KEY_BYTES];
        let (tenant, label) = text.split_at_mut(GUID_BYTES + 1);
        self.tenant.0.hyphenated().encode_lower(tenant);
        self.label.0.hyphenated().encode_lower(label);
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

const GUID_BYTES: usize = uuid::fmt::Hyphenated::LENGTH;
const LABEL_KEY_BYTES: usize = 2 * GUID_BYTES + 1;

impl FromStr for LabelKey {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for LabelKey {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<LabelKey> for String {
    fn from(key: LabelKey) -> String {
        key.to_string()
    }
}

/// A cloud app by the product's number. Numbers that we don't know are fine.
///
/// # Examples
///
/// ```
/// use label_core::AppId;
///
/// assert_eq!(AppId::BOX.name(), Some("Box"));
/// assert_eq!(AppId(4711).name(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct AppId(pub u32);

impl AppId {
    /// Box.
    pub const BOX: Self = Self(10489);
    /// Google Workspace, once G Suite.
    pub const GOOGLE_WORKSPACE: Self = Self(11770);
    /// Microsoft SharePoint Online.
    pub const SHAREPOINT_ONLINE: Self = Self(20892);
    /// Microsoft OneDrive for Business.
    pub const ONEDRIVE: Self = Self(15600);
    /// Dropbox.
    pub const DROPBOX: Self = Self(11627);

    /// The app's name as people know it, if this project knows the number.
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            10489 => "Box",
            11770 => "Google Workspace",
            20892 => "SharePoint Online",
            15600 => "OneDrive for Business",
            11627 => "Dropbox",
            11161 => "Office 365",
            20893 => "Exchange Online",
            28375 => "Microsoft Teams",
            11522 => "Yammer",
            26324 => "Power BI",
            25275 => "Skype for Business",
            20595 => "Cloud App Security",
            11114 => "Salesforce",
            14509 => "ServiceNow",
            10980 => "Okta",
            11599 => "Amazon Web Services",
            12260 => "Microsoft Azure",
            _ => return None,
        })
    }
}

/// The name where it is known, else `app <number>`.
impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "app {}", self.0),
        }
    }
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $kind:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is.
            ///
            /// # Errors
            ///
            /// [`IdError`] when it is empty, longer than [`IDENTIFIER_BYTES_MAX`] bytes, or holds
            /// a control character.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if text.is_empty() {
                    return Err(IdError::Empty { kind: $kind });
                }
                if text.len() > IDENTIFIER_BYTES_MAX {
                    return Err(IdError::TooLong { kind: $kind, bytes: text.len() });
                }
                if text.chars().any(char::is_control) {
                    return Err(IdError::ControlCharacter { kind: $kind });
                }
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }
    };
}

text_id!(
    /// A file's identity in its app: independent of name, owner and place where the app has such
    /// an identity. Cheap to clone.
    FileId,
    "file id"
);

text_id!(
    /// A policy's identity: the product uses 24 hexadecimal digits, any short text will do. Cheap
    /// to clone.
    PolicyId,
    "policy id"
);

/// A file, wherever it is kept: the app, the connected instance of the app, and the file (R-001).
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey};
///
/// let key = FileKey::new(AppId::BOX, 0, FileId::parse("contracts/2021.docx")?);
/// assert_eq!(key.to_string(), "10489:0:contracts/2021.docx");
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FileKey {
    /// The app.
    pub app: AppId,
    /// Which connected instance of the app; 0 where there is one.
    pub instance: u32,
    /// The file in that instance.
    pub file: FileId,
}

impl FileKey {
    /// The file `file` of instance `instance` of `app`.
    pub const fn new(app: AppId, instance: u32, file: FileId) -> Self {
        Self {
            app,
            instance,
            file,
        }
    }
}

/// `<app>:<instance>:<file>`.
impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.app.0, self.instance, self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_002_guids_in_any_case_and_braces() {
        let plain = "aaaaaaaa-0000-4000-8000-00000000000a";
        for text in [
            plain,
            "{aaaaaaaa-0000-4000-8000-00000000000a}",
            "AAAAAAAA-0000-4000-8000-00000000000A",
            "  {AAAAAAAA-0000-4000-8000-00000000000a} ",
        ] {
            assert_eq!(
                TenantId::parse(text).unwrap().to_string(),
                plain,
                "{text:?}"
            );
        }
        for text in [
            "",
            "x",
            "aaaaaaaa00004000800000000000000a",
            "{aaaaaaaa-0000-4000-8000-00000000000a",
            "aaaaaaaa-0000-4000-8000-00000000000g",
            "urn:uuid:aaaaaaaa-0000-4000-8000-00000000000a",
            "{{aaaaaaaa-0000-4000-8000-00000000000a}}",
        ] {
            let error = TenantId::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn l_001_same_label_id_in_two_tenants_differs() {
        let label = LabelId::from_u128(5);
        let one = LabelKey::new(TenantId::from_u128(1), label);
        let two = LabelKey::new(TenantId::from_u128(2), label);
        assert_ne!(one, two);
        assert_eq!(LabelKey::parse(&one.to_string()), Ok(one));
    }

    #[test]
    fn r_001_a_file_is_named_by_app_instance_and_id() {
        let file = FileId::parse("site|item").unwrap();
        let one = FileKey::new(AppId::SHAREPOINT_ONLINE, 0, file.clone());
        let other_app = FileKey::new(AppId::ONEDRIVE, 0, file.clone());
        let other_instance = FileKey::new(AppId::SHAREPOINT_ONLINE, 1, file);
        assert_ne!(one, other_app);
        assert_ne!(one, other_instance);
    }

    #[test]
    fn text_ids_are_bounded() {
        assert!(FileId::parse("").is_err());
        assert!(FileId::parse("a\u{0}b").is_err());
        assert!(FileId::parse(&"x".repeat(IDENTIFIER_BYTES_MAX)).is_ok());
        assert!(FileId::parse(&"x".repeat(IDENTIFIER_BYTES_MAX + 1)).is_err());
    }
}
