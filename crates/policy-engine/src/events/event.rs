//! One thing that happened to the label of a file.

use std::fmt;

use label_core::{FileKey, LabelKey, LabelView, PolicyId};

use crate::address::Address;

/// Which way a label was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeDirection {
    /// To a more sensitive one.
    Upgrade,
    /// To a less sensitive one.
    Downgrade,
    /// Between sublabels of one parent, or where the order of the two isn't known.
    Lateral,
}

impl ChangeDirection {
    /// The way from one label to another: as the own tenant's catalogue says, which goes by levels,
    /// so that a move between sublabels of one parent is neither up nor down (L-011).
    pub fn between(from: LabelKey, to: LabelKey, labels: &LabelView) -> Self {
        let catalog = labels.catalog();
        let is_own = from.tenant == labels.tenant() && to.tenant == labels.tenant();
        if is_own && catalog.is_downgrade(from.label, Some(to.label)) {
            Self::Downgrade
        } else if is_own && catalog.is_downgrade(to.label, Some(from.label)) {
            Self::Upgrade
        } else {
            Self::Lateral
        }
    }
}

impl fmt::Display for ChangeDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upgrade => "upgrade",
            Self::Downgrade => "downgrade",
            Self::Lateral => "lateral",
        })
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LabelEventKind {
    /// A label was found the first time that the file was read; who applied it and when is unknown.
    LabelDiscovered,
    /// A file without label was given one.
    LabelApplied,
    /// A label was taken off.
    LabelRemoved,
    /// A label took the place of another of the same tenant.
    LabelChanged(ChangeDirection),
    /// A label could not be applied or removed, for good.
    LabelActionFailed,
    /// The file was found to be protected, and it was not known to be.
    ProtectionDetected,
}

/// `LabelApplied`, `LabelChanged (downgrade)`.
impl fmt::Display for LabelEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LabelDiscovered => "LabelDiscovered",
            Self::LabelApplied => "LabelApplied",
            Self::LabelRemoved => "LabelRemoved",
            Self::LabelChanged(direction) => return write!(f, "LabelChanged ({direction})"),
            Self::LabelActionFailed => "LabelActionFailed",
            Self::ProtectionDetected => "ProtectionDetected",
        })
    }
}

/// How sensitive a label is, compared with the others of its tenant at the time of the event;
/// larger is more sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelPriority {
    /// The level, the same for all sublabels of a parent; from 0.
    pub level: u32,
    /// The position in its level: 0 for the parent, its sublabels from 1.
    pub position: u32,
}

/// A label in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventLabel {
    /// Its tenant and id.
    pub key: LabelKey,
    /// Its priority; unknown for labels of other tenants and ones that are not in the list.
    pub priority: Option<LabelPriority>,
}

impl EventLabel {
    /// The label of this key, with the priority it has now.
    pub fn new(key: LabelKey, labels: &LabelView) -> Self {
        let order = if key.tenant == labels.tenant() {
            labels.catalog().order(key.label)
        } else {
            None
        };
        let priority = order.map(|(level, position)| LabelPriority { level, position });
        Self { key, priority }
    }
}

/// Who caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    /// A policy of ours.
    Policy(PolicyId),
    /// An administrator, by hand.
    Administrator(Address),
    /// Somebody else, with whatever program; the address where it is known.
    Outside(Option<Address>),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(policy) => write!(f, "policy {policy}"),
            Self::Administrator(address) => write!(f, "administrator {address}"),
            Self::Outside(Some(address)) => write!(f, "{address}"),
            Self::Outside(None) => f.write_str("somebody outside"),
        }
    }
}

/// Something that happened to a file's label, or didn't although it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelEvent {
    /// What.
    pub kind: LabelEventKind,
    /// The file, with its app and instance.
    pub file: FileKey,
    /// The label before.
    pub before: Option<EventLabel>,
    /// The label afterwards; of a failed action, the one that was to be applied.
    pub after: Option<EventLabel>,
    /// Who caused it.
    pub actor: Actor,
    /// When, milliseconds UTC.
    pub at_ms: i64,
}
