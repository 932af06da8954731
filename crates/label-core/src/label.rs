//! A label: its names, place in the hierarchy, state, targets and protection.

use std::collections::BTreeMap;
use std::fmt;

use crate::id::{LabelId, LabelKey, TenantId};
use crate::marking::ContentMarking;
use crate::protection::Encryption;

/// Longest name of a label that is kept, in characters. The product allows 64; exports and foreign
/// files are not trusted to.
pub const NAME_CHARS_MAX: usize = 255;

/// Whether a label can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LabelState {
    /// In use.
    #[default]
    Active,
    /// Disabled at the source: shown as disabled wherever it appears, never applied anew (R-186,
    /// R-187).
    Disabled,
    /// Gone from the source: not displayed, still resolved on files that carry it (R-189, R-190).
    Deleted,
    /// The source doesn't say: counts as active.
    Unknown,
}

impl LabelState {
    /// Whether the label is in use, as far as is known.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active | Self::Unknown)
    }
}

/// Who set the label up, and so which documents it may be written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LabelScheme {
    /// A sensitivity label of the compliance centre (R-013).
    #[default]
    Unified,
    /// A classic Azure Information Protection label: not for PDF (R-014, R-053).
    Classic,
}

/// Whether some user can see the label (R-031).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Publication {
    /// In at least one label policy.
    Published,
    /// In none: can't be selected for an action, still resolves on files (R-032).
    NotPublished,
    /// The source does not say: a tenant-wide Graph list has no publication (L-020).
    #[default]
    Unknown,
}

/// What protection the label brings (R-007).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LabelProtection {
    /// None: applying the label writes metadata only.
    #[default]
    None,
    /// Rights chosen by the administrator.
    Template,
    /// Rights chosen by the person who applies the label.
    UserDefined,
    /// The label encrypts, and the source does not say how: Graph gives only the flag.
    Unspecified,
    /// The source says nothing about protection.
    Unknown,
}

impl LabelProtection {
    /// Whether applying the label has to encrypt the document.
    ///
    /// [`Unknown`](Self::Unknown) counts as no: the source is a list without the member, and the
    /// writer never claims encryption that it did not apply.
    pub const fn encrypts(self) -> bool {
        matches!(self, Self::Template | Self::UserDefined | Self::Unspecified)
    }
}

/// What kinds of thing a label may be put on: Graph's `applicableTo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Targets {
    /// Whether the source said anything; if not, the label counts as one for files and e-mail.
    pub known: bool,
    /// Files.
    pub file: bool,
    /// E-mail.
    pub email: bool,
    /// Sites.
    pub site: bool,
    /// Groups.
    pub unified_group: bool,
    /// Meetings and chats.
    pub teamwork: bool,
    /// Tables of databases.
    pub schematized_data: bool,
    /// Other data that the compliance centre knows.
    pub purview_assets: bool,
    /// Words that this version doesn't know, as they are written.
    pub other: Vec<String>,
}

/// Most unknown words that are kept.
const TARGET_WORDS_MAX: usize = 32;

impl Targets {
    /// Reads Graph's flags text, an array already joined by commas, or PowerShell's `ContentType`
    /// (L-006): letter case and white space don't matter, and `unknownFutureValue` makes the
    /// targets unknown, because Graph hides `file` behind it.
    pub fn parse(text: &str) -> Self {
        let mut targets = Self {
            known: true,
            ..Self::default()
        };
        for word in text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            let named = [
                ("file", &mut targets.file),
                ("email", &mut targets.email),
                ("site", &mut targets.site),
                ("unifiedGroup", &mut targets.unified_group),
                ("teamwork", &mut targets.teamwork),
                ("schematizedData", &mut targets.schematized_data),
                ("purviewAssets", &mut targets.purview_assets),
            ];
            let mut named = named.into_iter();
            match named.find(|(name, _)| name.eq_ignore_ascii_case(word)) {
                Some((_, target)) => *target = true,
                None if word.eq_ignore_ascii_case("unknownFutureValue") => {
                    return Self::default();
                }
                None if word.eq_ignore_ascii_case("none") => {}
                None => {
                    let is_known = targets.other.iter().any(|known| known == word);
                    if !is_known && targets.other.len() < TARGET_WORDS_MAX {
                        targets.other.push(word.to_owned());
                    }
                }
            }
        }
        targets
    }

    /// The words of Graph, in a fixed order; nothing if the targets are unknown.
    pub fn words(&self) -> Option<Vec<&str>> {
        let named = [
            (self.file, "file"),
            (self.email, "email"),
            (self.site, "site"),
            (self.unified_group, "unifiedGroup"),
            (self.teamwork, "teamwork"),
            (self.schematized_data, "schematizedData"),
            (self.purview_assets, "purviewAssets"),
        ];
        self.known.then(|| {
            named
                .into_iter()
                .filter_map(|(is_there, word)| is_there.then_some(word))
                .chain(self.other.iter().map(String::as_str))
                .collect()
        })
    }

    /// Whether documents may carry the label.
    pub const fn usable_for_files(&self) -> bool {
        !self.known || self.file
    }

    /// The stricter rule of later years: files and e-mail both (A-043).
    pub const fn usable_for_files_and_email(&self) -> bool {
        !self.known || (self.file && self.email)
    }
}

/// A list of words, or null where the targets are unknown.
#[cfg(feature = "serde")]
impl serde::Serialize for Targets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.words().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Targets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words: Option<Vec<String>> = serde::Deserialize::deserialize(deserializer)?;
        Ok(words.map_or_else(Self::default, |words| Self::parse(&words.join(","))))
    }
}

/// Who applies the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ApplicationMode {
    /// People.
    Manual,
    /// Office, by what it finds in the content.
    Automatic,
    /// Office recommends it.
    Recommended,
}

/// Names and texts in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct LocalizedTexts {
    /// What people see.
    pub display_name: Option<String>,
    /// The text shown to users.
    pub tooltip: Option<String>,
}

/// A label as its tenant defines it.
///
/// Built by a [`LabelSource`](crate::source::LabelSource) or by hand, and given to
/// [`LabelCatalog::build`](crate::LabelCatalog::build), which checks the hierarchy and derives the
/// normalised order.
///
/// # Examples
///
/// ```
/// use label_core::{Label, LabelId, TenantId};
///
/// let tenant = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
/// let label = Label::new(tenant, LabelId::from_u128(1), "General");
/// assert_eq!(label.name(), "General");
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Label {
    /// Tenant and id.
    pub key: LabelKey,
    /// What people see; unique among siblings only. Absent in Graph until the vendor fixed it.
    pub display_name: Option<String>,
    /// The name at the back end, unique in the tenant; for migrated labels the label's id.
    pub back_end_name: Option<String>,
    /// The administrator's text.
    pub description: Option<String>,
    /// The text shown to users.
    pub tooltip: Option<String>,
    /// `#RRGGBB`, or nothing: then a sublabel shows its parent's colour (L-008).
    pub color: Option<String>,
    /// The parent of a sublabel.
    pub parent: Option<LabelId>,
    /// The place that the source gives the label; the larger, the more sensitive.
    pub source_order: i64,
    /// Active, disabled, deleted.
    pub state: LabelState,
    /// Whether some user can see it.
    pub publication: Publication,
    /// Unified or classic.
    pub scheme: LabelScheme,
    /// What it may be put on.
    pub targets: Targets,
    /// What protection it brings.
    pub protection: LabelProtection,
    /// How it encrypts, where the source says.
    pub encryption: Option<Encryption>,
    /// What it writes visibly into documents; nothing where the source doesn't say.
    pub markings: Option<Vec<ContentMarking>>,
    /// Whether it can be applied at all, where the source says; a label with sublabels never can.
    pub is_appliable: Option<bool>,
    /// A label group holds names only and is never applied.
    pub is_group: bool,
    /// The sublabel that choosing this parent means (L-007).
    pub default_sublabel: Option<LabelId>,
    /// The text shown with automatic or recommended labelling.
    pub auto_tooltip: Option<String>,
    /// Who applies it, where the source says.
    pub application_mode: Option<ApplicationMode>,
    /// The policies that publish it, by name, where the source says.
    pub published_in: Vec<String>,
    /// Names and texts by language, a BCP-47 tag in lower case ([`Label::localized`]).
    pub locales: BTreeMap<String, LocalizedTexts>,
    /// Settings of the label, by lower-case key.
    pub settings: BTreeMap<String, String>,
    /// What finds content for it, as it is written.
    pub conditions: Option<String>,
    /// Members that the model has no place for, as JSON text (L-003).
    pub extras: BTreeMap<String, String>,
}

impl Label {
    /// An active, published, unprotected unified label with this display name.
    pub fn new(tenant: TenantId, id: LabelId, display_name: &str) -> Self {
        Self {
            key: LabelKey::new(tenant, id),
            display_name: Some(display_name.to_owned()),
            back_end_name: None,
            description: None,
            tooltip: None,
            color: None,
            parent: None,
            source_order: 0,
            state: LabelState::Active,
            publication: Publication::Published,
            scheme: LabelScheme::Unified,
            targets: Targets::default(),
            protection: LabelProtection::None,
            is_appliable: None,
            is_group: false,
            default_sublabel: None,
            encryption: None,
            markings: None,
            auto_tooltip: None,
            application_mode: None,
            published_in: Vec::new(),
            locales: BTreeMap::new(),
            settings: BTreeMap::new(),
            conditions: None,
            extras: BTreeMap::new(),
        }
    }

    /// Name and tooltip in a language: that of the whole tag, else of its language, else the usual
    /// ones (L-062).
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{Label, LabelId, LocalizedTexts, TenantId};
    ///
    /// let mut label = Label::new(TenantId::from_u128(1), LabelId::from_u128(2), "General");
    /// let mut german = LocalizedTexts::default();
    /// german.display_name = Some("Allgemein".to_owned());
    /// label.locales.insert("de".to_owned(), german);
    /// assert_eq!(label.localized("de-AT").0, "Allgemein");
    /// assert_eq!(label.localized("fr").0, "General");
    /// ```
    pub fn localized(&self, tag: &str) -> (&str, Option<&str>) {
        let tag = tag.to_lowercase();
        let language = tag.split('-').next().unwrap_or_default();
        let nearest = || {
            self.locales
                .iter()
                .find(|(known, _)| known.split('-').next() == Some(language))
                .map(|(_, texts)| texts)
        };
        let exact = self.locales.get(&tag);
        let texts = exact
            .or_else(|| self.locales.get(language))
            .or_else(nearest);
        let name = texts.and_then(|texts| texts.display_name.as_deref());
        let tooltip = texts.and_then(|texts| texts.tooltip.as_deref());
        (
            name.unwrap_or_else(|| self.name()),
            tooltip.or(self.tooltip.as_deref()),
        )
    }

    /// The label's name: display name, else back-end name, else nothing (L-005). The catalogue
    /// fills in the id where both are missing, so that a label of a catalogue always has a name.
    pub fn name(&self) -> &str {
        self.display_name
            .as_deref()
            .or(self.back_end_name.as_deref())
            .unwrap_or_default()
    }
}

/// A label's name.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_006_three_spellings_give_the_same_targets() {
        for (text, words) in [
            ("email,teamwork,file", vec!["file", "email", "teamwork"]),
            (
                "File, Email, Site, UnifiedGroup",
                vec!["file", "email", "site", "unifiedGroup"],
            ),
            (
                " FILE ,email,purviewAssets,Brand New,Brand New,",
                vec!["file", "email", "purviewAssets", "Brand New"],
            ),
            ("schematizedData", vec!["schematizedData"]),
            ("None", vec![]),
        ] {
            let targets = Targets::parse(text);
            assert_eq!(targets.words(), Some(words), "{text}");
        }
        let unknown = Targets::parse("email,teamwork,unknownFutureValue");
        assert!(!unknown.known && unknown.usable_for_files());
        assert_eq!(unknown.words(), None);
        assert!(!Targets::parse("site,unifiedGroup").usable_for_files());
        assert!(!Targets::parse("None").usable_for_files());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn l_006_targets_round_trip() {
        for text in ["file,x", "none", "unknownFutureValue", "site,teamwork"] {
            let targets = Targets::parse(text);
            let json = serde_json::to_string(&targets).unwrap();
            let back: Targets = serde_json::from_str(&json).unwrap();
            assert_eq!(back, targets, "{json}");
        }
    }

    #[test]
    fn a_043_scope_of_files_and_email() {
        assert!(Targets::parse("file").usable_for_files());
        assert!(!Targets::parse("file").usable_for_files_and_email());
        assert!(Targets::parse("file,email").usable_for_files_and_email());
    }

    #[test]
    fn r_007_protection_kinds() {
        for (protection, encrypts) in [
            (LabelProtection::None, false),
            (LabelProtection::Template, true),
            (LabelProtection::UserDefined, true),
            (LabelProtection::Unspecified, true),
            (LabelProtection::Unknown, false),
        ] {
            assert_eq!(protection.encrypts(), encrypts, "{protection:?}");
        }
    }
}
