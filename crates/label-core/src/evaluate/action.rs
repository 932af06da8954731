//! What the caller has to do, in the kinds that Graph knows.

use std::collections::BTreeSet;

use super::content::NameValue;
use crate::catalog::LabelCatalog;
use crate::id::{LabelId, SensitiveTypeId};
use crate::marking::{ContentMarking, MarkingPlace};

/// Most parents of a label that an action tells.
const PARENTS_MAX: usize = 16;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelAction {
    /// Insert a header, footer or watermark.
    AddMarking(AddMarking),
    /// Take out the header, footer or watermark of a label.
    RemoveMarking {
        /// Which of them.
        place: MarkingPlace,
        /// The names of the shapes.
        element_names: Vec<String>,
    },
    /// Change the metadata. The last one, so that it is written when all else is done.
    Metadata(MetadataAction),
    /// Encrypt with a template's rights.
    ProtectByTemplate {
        /// The template at the rights service.
        template_id: String,
    },
    /// Encrypt with rights that the person is asked for.
    ProtectAdhoc,
    /// Encrypt a message so that its recipients can't forward it.
    ProtectDoNotForward,
    /// Take the encryption off.
    RemoveProtection,
    /// Ask the person why, and then call again.
    Justify,
    /// Set a label that was found by the content.
    ApplyLabel(LabelChange),
    /// Recommend a label that was found by the content.
    RecommendLabel(LabelChange),
    /// Something that the caller defined.
    Custom(CustomAction),
}

/// A header, footer or watermark to insert.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddMarking {
    /// Which of them.
    pub place: MarkingPlace,
    /// The name of the shape: one that is there already is replaced.
    pub element_name: String,
    /// Its text, variables expanded.
    pub text: String,
    /// The font; Calibri where the label says nothing.
    pub font_name: String,
    /// Its size in points, where the label says it.
    pub font_size: Option<u32>,
    /// Its colour, `#RRGGBB`; black where the label says nothing.
    pub font_color: String,
    /// Of headers and footers.
    pub alignment: Option<MarkingAlignment>,
    /// Of headers and footers: the distance from the edge, in points.
    pub margin: Option<u32>,
    /// Of watermarks.
    pub layout: Option<WatermarkLayout>,
}

impl AddMarking {
    pub(super) fn new(marking: &ContentMarking, text: String) -> Self {
        let word = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim).unwrap_or_default();
            text.to_ascii_lowercase()
        };
        let or = |text: &Option<String>, default: &str| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.unwrap_or(default).to_owned()
        };
        let is_watermark = marking.place == MarkingPlace::Watermark;
        Self {
            place: marking.place,
            element_name: marking.place.element_name().to_owned(),
            text,
            font_name: or(&marking.font_name, "Calibri"),
            font_size: marking.font_size,
            font_color: or(&marking.font_color, "#000000"),
            alignment: match word(&marking.alignment).as_str() {
                _ if is_watermark => None,
                "left" => Some(MarkingAlignment::Left),
                "right" => Some(MarkingAlignment::Right),
                "center" => Some(MarkingAlignment::Center),
                _ => None,
            },
            margin: marking.margin.filter(|_| !is_watermark),
            layout: match word(&marking.layout).as_str() {
                _ if !is_watermark => None,
                "horizontal" => Some(WatermarkLayout::Horizontal),
                "diagonal" => Some(WatermarkLayout::Diagonal),
                _ => None,
            },
        }
    }
}

/// Where in its line a header or footer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum MarkingAlignment {
    Left,
    Right,
    Center,
}

/// How a watermark lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum WatermarkLayout {
    Horizontal,
    Diagonal,
}

/// A change of the metadata: first the removals, then the additions. A name may stand in both if it
/// is written in another letter case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataAction {
    /// Names to remove, as they stand there.
    pub to_remove: Vec<String>,
    /// Names and values to write; a value that is there already is replaced.
    pub to_add: Vec<NameValue>,
}

impl MetadataAction {
    /// Makes the change: what is written is found without regard to letter case and keeps its
    /// place.
    pub fn carry_out(&self, metadata: &mut Vec<NameValue>) {
        let removed: BTreeSet<&str> = self.to_remove.iter().map(String::as_str).collect();
        metadata.retain(|entry| !removed.contains(entry.name.as_str()));
        for added in &self.to_add {
            let found = metadata
                .iter_mut()
                .find(|entry| entry.name.eq_ignore_ascii_case(&added.name));
            match found {
                Some(entry) => entry.clone_from(added),
                None => metadata.push(added.clone()),
            }
        }
    }
}

/// Something that a caller wants done with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomAction {
    /// What it is called.
    pub name: String,
    /// What it needs to know.
    pub properties: Vec<NameValue>,
}

/// Who brought the label up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ActionSource {
    /// A person.
    Manual,
    /// The content, by an automatic rule.
    Automatic,
    /// The content, by a rule that recommends.
    Recommended,
    /// The policy's default.
    Default,
}

/// A label that was found by the content, and all that setting it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelChange {
    /// The label.
    pub label: ActionLabel,
    /// What setting it takes.
    pub actions: Vec<LabelAction>,
    /// Who brought it up.
    pub source: ActionSource,
    /// The sensitive types that were found for it, without repetition.
    pub responsible_types: Vec<SensitiveTypeId>,
}

/// A label as an action tells it, with its parents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionLabel {
    /// Its id.
    pub id: LabelId,
    /// What people see.
    pub name: String,
    /// The administrator's text; may be empty.
    pub description: String,
    /// `#RRGGBB`, its own or its parent's; may be empty.
    pub color: String,
    /// The rank of its family, 0 the least sensitive.
    pub sensitivity: u32,
    /// The text shown to users; may be empty.
    pub tooltip: String,
    /// Whether it can be used.
    pub is_active: bool,
    /// Its heading.
    pub parent: Option<Box<ActionLabel>>,
}

impl ActionLabel {
    /// The label of this id, if the list has it.
    pub fn of(catalog: &LabelCatalog, id: LabelId) -> Option<Self> {
        Self::with_parents(catalog, id, PARENTS_MAX)
    }

    /// A label of which nothing but the id is known.
    #[cfg(feature = "sources")]
    pub(super) fn of_id(id: LabelId) -> Self {
        Self {
            id,
            name: String::new(),
            description: String::new(),
            color: String::new(),
            sensitivity: 0,
            tooltip: String::new(),
            is_active: true,
            parent: None,
        }
    }

    fn with_parents(catalog: &LabelCatalog, id: LabelId, parents: usize) -> Option<Self> {
        let label = catalog.by_id(id)?;
        let parent = match (label.parent, parents.checked_sub(1)) {
            (Some(parent), Some(parents)) => Self::with_parents(catalog, parent, parents),
            _ => None,
        };
        Some(Self {
            id,
            name: label.name().to_owned(),
            description: label.description.clone().unwrap_or_default(),
            color: catalog.color(id).unwrap_or_default().to_owned(),
            sensitivity: catalog.order(id).map_or(0, |(level, _)| level),
            tooltip: label.tooltip.clone().unwrap_or_default(),
            is_active: label.state.is_active(),
            parent: parent.map(Box::new),
        })
    }
}

/// What a caller can carry out beyond metadata, which everybody can, and asking a person.
///
/// # Examples
///
/// ```
/// use label_core::evaluate::SupportedActions;
///
/// let headers = SupportedActions::ADD_HEADER.with(SupportedActions::REMOVE_HEADER);
/// assert!(headers.contains(SupportedActions::ADD_HEADER));
/// assert!(!headers.contains(SupportedActions::PROTECT));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SupportedActions(u16);

impl SupportedActions {
    /// Metadata alone: what labelling outside of Office does.
    pub const METADATA_ONLY: Self = Self(0);
    /// Insert headers.
    pub const ADD_HEADER: Self = Self(1);
    /// Insert footers.
    pub const ADD_FOOTER: Self = Self(1 << 1);
    /// Insert watermarks.
    pub const ADD_WATERMARK: Self = Self(1 << 2);
    /// Take out headers.
    pub const REMOVE_HEADER: Self = Self(1 << 3);
    /// Take out footers.
    pub const REMOVE_FOOTER: Self = Self(1 << 4);
    /// Take out watermarks.
    pub const REMOVE_WATERMARK: Self = Self(1 << 5);
    /// Encrypt with a template's rights.
    pub const PROTECT_BY_TEMPLATE: Self = Self(1 << 6);
    /// Encrypt with rights that a person is asked for.
    pub const PROTECT_ADHOC: Self = Self(1 << 7);
    /// Encrypt a message so that its recipients can't forward it.
    pub const PROTECT_DO_NOT_FORWARD: Self = Self(1 << 8);
    /// Take encryption off.
    pub const REMOVE_PROTECTION: Self = Self(1 << 9);
    /// What the caller defined.
    pub const CUSTOM: Self = Self(1 << 10);
    /// All ways to encrypt.
    pub const PROTECT: Self = Self::PROTECT_BY_TEMPLATE
        .with(Self::PROTECT_ADHOC)
        .with(Self::PROTECT_DO_NOT_FORWARD);
    /// Everything.
    pub const ALL: Self = Self((1 << 11) - 1);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// All but these.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of these are supported.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) const fn adds(self, place: MarkingPlace) -> bool {
        self.contains(match place {
            MarkingPlace::Header => Self::ADD_HEADER,
            MarkingPlace::Footer => Self::ADD_FOOTER,
            MarkingPlace::Watermark => Self::ADD_WATERMARK,
        })
    }

    pub(super) const fn removes(self, place: MarkingPlace) -> bool {
        self.contains(match place {
            MarkingPlace::Header => Self::REMOVE_HEADER,
            MarkingPlace::Footer => Self::REMOVE_FOOTER,
            MarkingPlace::Watermark => Self::REMOVE_WATERMARK,
        })
    }
}

/// Everything.
impl Default for SupportedActions {
    fn default() -> Self {
        Self::ALL
    }
}
