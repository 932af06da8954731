//! Why a label can't be applied, and what was odd.

use std::fmt;

use thiserror::Error;

use super::content::{ContentFormat, Method};
use crate::catalog::NotAppliable;
use crate::id::{LabelId, TenantId};
use crate::marking::MarkingPlace;

/// Why there is no answer: choose another label or mend the request (L-077).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Not in the tenant's list.
    #[error("label `{label}` is not in the tenant's list")]
    UnknownLabel {
        /// Which label.
        label: LabelId,
    },
    /// Gone from the source.
    #[error("label `{name}` was deleted")]
    Deleted {
        /// Which label.
        label: LabelId,
        /// Its name.
        name: String,
    },
    /// Disabled at the source.
    #[error("label `{name}` is disabled")]
    Disabled {
        /// Which label.
        label: LabelId,
        /// Its name.
        name: String,
    },
    /// In no label policy.
    #[error("label `{name}` is not published")]
    NotPublished {
        /// Which label.
        label: LabelId,
        /// Its name.
        name: String,
    },
    /// A heading of sublabels, without one that stands for it.
    #[error(
        "label `{name}` is only the heading of its sublabels, and {}",
        default_sublabel.map_or_else(
            || "none of them is its default".to_owned(),
            |id| format!("its default sublabel `{id}` can't be applied")
        )
    )]
    Heading {
        /// Which label.
        label: LabelId,
        /// Its name.
        name: String,
        /// The sublabel that would stand for it and can't.
        default_sublabel: Option<LabelId>,
    },
    /// Not for content of this format.
    #[error("label `{name}` is not for content of the format `{format}`")]
    WrongFormat {
        /// Which label.
        label: LabelId,
        /// Its name.
        name: String,
        /// The content's format.
        format: ContentFormat,
    },
    /// The present label was chosen on purpose, and the request does not weigh as much (L-074).
    #[error(
        "the present label `{current}` was set with method `Privileged`; method `{requested}` does \
         not replace it"
    )]
    PrivilegedRequired {
        /// The present label.
        current: LabelId,
        /// The method asked for.
        requested: Method,
    },
    /// The list does not say how the label encrypts; or the content is encrypted, and the list does
    /// not say whether the label encrypts too or takes that off.
    #[error("the label list does not say how label `{name}` protects")]
    ProtectionUnknown {
        /// Which label.
        label: LabelId,
        /// Its name.
        name: String,
    },
    /// Another tenant's label of the same id holds the metadata's names.
    #[error("the metadata of label `{label}` of tenant `{tenant}` has the names that are needed")]
    NameCollision {
        /// Which id both have.
        label: LabelId,
        /// Whose metadata is there, as it is written.
        tenant: String,
    },
    /// An extended property can't be written.
    #[error("extended property `{name}`: {problem}")]
    ExtendedProperty {
        /// Its name, cut to a line.
        name: String,
        /// What is wrong with it.
        problem: PropertyProblem,
    },
    /// None of the labels can be inherited (L-080).
    #[error("none of the {count} labels can be inherited")]
    NothingInherited {
        /// How many labels there were.
        count: usize,
    },
}

/// What is wrong with an extended property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PropertyProblem {
    /// It has no name.
    NoName,
    /// Its name is longer than [`PROPERTY_CHARS_MAX`](super::PROPERTY_CHARS_MAX).
    NameTooLong,
    /// Its value is longer than [`PROPERTY_CHARS_MAX`](super::PROPERTY_CHARS_MAX).
    ValueTooLong,
    /// A control character in it.
    ControlCharacter,
    /// The label itself has an attribute of this name.
    Reserved,
    /// Another property has the same name; letter case doesn't matter.
    Twice,
    /// There are [`PROPERTIES_MAX`](super::PROPERTIES_MAX) before it.
    TooMany,
}

impl fmt::Display for PropertyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoName => "it has no name",
            Self::NameTooLong => "its name is longer than 255 characters",
            Self::ValueTooLong => "its value is longer than 255 characters",
            Self::ControlCharacter => "it holds a control character",
            Self::Reserved => "the label itself has an attribute of this name",
            Self::Twice => "it is given twice",
            Self::TooMany => "there are 100 before it",
        })
    }
}

/// Something that the caller may want to know and that did not stop the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluateNote {
    /// The label is a heading; its default sublabel stands for it (L-007).
    DefaultSublabel {
        /// The heading.
        heading: LabelId,
        /// The sublabel that is applied.
        sublabel: LabelId,
    },
    /// The content has several labels of the tenant; the first of these counts (L-079).
    SeveralLabels(Vec<LabelId>),
    /// A marking is longer than the application shows.
    MarkingTooLong {
        /// Which marking.
        place: MarkingPlace,
        /// How long it is, in characters.
        characters: usize,
        /// How long it may be.
        limit: usize,
    },
    /// A label that was found by a rule, or that an input has, is passed over.
    PassedOver {
        /// Which label.
        label: LabelId,
        /// Why.
        reason: NotAppliable,
    },
    /// The present label weighs as much as what was found, or more.
    Kept {
        /// The present label.
        current: LabelId,
        /// What was found.
        found: LabelId,
    },
    /// A lower label would be set automatically, and nobody is there to say why.
    NeedsJustification {
        /// The label that was found.
        found: LabelId,
    },
}

impl fmt::Display for EvaluateNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DefaultSublabel { heading, sublabel } => write!(
                f,
                "label `{heading}` is a heading; its default sublabel `{sublabel}` is applied"
            ),
            Self::SeveralLabels(labels) => {
                f.write_str("several labels of the tenant, the first counts:")?;
                for (at, label) in labels.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma} `{label}`")?;
                }
                Ok(())
            }
            Self::MarkingTooLong {
                place,
                characters,
                limit,
            } => {
                let place = match place {
                    MarkingPlace::Header => "header",
                    MarkingPlace::Footer => "footer",
                    MarkingPlace::Watermark => "watermark",
                };
                write!(
                    f,
                    "the {place} has {characters} characters, at most {limit} are shown"
                )
            }
            Self::PassedOver { label, reason } => {
                write!(f, "label `{label}` is passed over: ")?;
                match reason {
                    NotAppliable::NotForFiles => f.write_str("not for content of this format"),
                    reason => reason.fmt(f),
                }
            }
            Self::Kept { current, found } => {
                write!(f, "label `{current}` stays; `{found}` does not replace it")
            }
            Self::NeedsJustification { found } => {
                write!(f, "label `{found}` is lower, and nobody can say why")
            }
        }
    }
}

impl EvaluateError {
    pub(super) fn collision(label: LabelId, tenant: &str) -> Self {
        let tenant = TenantId::parse(tenant)
            .map_or_else(|_| crate::error::quote(tenant), |tenant| tenant.to_string());
        Self::NameCollision { label, tenant }
    }
}
