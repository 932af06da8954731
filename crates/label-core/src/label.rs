//! A label: its names, place in the hierarchy, state, targets and protection.

use std::fmt;

use crate::id::{LabelId, LabelKey, TenantId};

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Targets {
    /// Whether the source said anything; if not, the label counts as one for files and e-mail.
    pub known: bool,
    /// Files.
    pub file: bool,
    /// E-mail.
    pub email: bool,
    /// Sites, groups, teams, data assets: containers, not documents.
    pub container: bool,
}

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
            if word.eq_ignore_ascii_case("file") {
                targets.file = true;
            } else if word.eq_ignore_ascii_case("email") {
                targets.email = true;
            } else if word.eq_ignore_ascii_case("unknownFutureValue") {
                return Self::default();
            } else if !word.eq_ignore_ascii_case("none") {
                targets.container = true;
            }
        }
        targets
    }

    /// Whether documents may carry the label.
    pub const fn usable_for_files(self) -> bool {
        !self.known || self.file
    }

    /// The stricter rule of later years: files and e-mail both (A-043).
    pub const fn usable_for_files_and_email(self) -> bool {
        !self.known || (self.file && self.email)
    }
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
    /// A label group holds names only and is never applied.
    pub is_group: bool,
    /// The sublabel that choosing this parent means (L-007).
    pub default_sublabel: Option<LabelId>,
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
            is_group: false,
            default_sublabel: None,
        }
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
        let expected = Targets {
            known: true,
            file: true,
            email: true,
            container: true,
        };
        for text in [
            "email,teamwork,file",
            "File, Email, Site, UnifiedGroup",
            " FILE ,email,purviewAssets,",
        ] {
            assert_eq!(Targets::parse(text), expected, "{text}");
        }
        let unknown = Targets::parse("email,teamwork,unknownFutureValue");
        assert!(!unknown.known && unknown.usable_for_files());
        assert!(!Targets::parse("site,unifiedGroup").usable_for_files());
        assert!(!Targets::parse("None").usable_for_files());
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
