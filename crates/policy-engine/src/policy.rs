//! A policy that was checked: what it looks for and what it does.

use std::fmt;
use std::sync::Arc;

use label_core::{AppId, LabelOrigin, LabelView, PolicyId};

use crate::action::Action;
use crate::document::{FolderReference, Inspection, PolicyDefinition};
use crate::error::{BuildCause, BuildError};
use crate::filter::{LabelReference, Purpose};
use crate::program::Program;

/// A checked policy, compiled. Cheap to clone, `Send + Sync`.
///
/// Made by [`PolicySet::build`](crate::PolicySet::build); evaluated by
/// [`evaluate`](Self::evaluate), one record at a time, or through the set.
#[derive(Clone)]
pub struct Policy {
    enabled: bool,
    compiled: Arc<Compiled>,
}

pub(crate) struct Compiled {
    /// Where the policy stands in its document.
    pub(crate) pointer: String,
    /// As written, with every label by its id.
    pub(crate) definition: PolicyDefinition,
    pub(crate) program: Program,
    pub(crate) folders: FolderRule,
    pub(crate) owners: OwnerRule,
    pub(crate) actions: Vec<(AppId, Box<[Action]>)>,
    /// For apps without actions of their own: the alert, if there is one.
    pub(crate) actions_elsewhere: Box<[Action]>,
    pub(crate) references: Vec<LabelReference>,
    /// For the names of labels in explanations.
    pub(crate) labels: Arc<LabelView>,
}

/// The folder scope with folded ids.
pub(crate) enum FolderRule {
    All,
    Selected(Box<[FolderReference]>),
    Excluding(Box<[FolderReference]>),
}

/// The owner scope with folded groups.
pub(crate) enum OwnerRule {
    All,
    Selected(Box<[Box<str>]>),
    Excluding(Box<[Box<str>]>),
}

impl Policy {
    pub(crate) fn new(enabled: bool, compiled: Compiled) -> Self {
        Self {
            enabled,
            compiled: Arc::new(compiled),
        }
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// Its identity.
    pub fn id(&self) -> &PolicyId {
        &self.compiled.definition.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.compiled.definition.name
    }

    /// Whether it is enabled. A disabled policy matches nothing.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The same, enabled or disabled.
    #[must_use]
    pub fn with_enabled(&self, enabled: bool) -> Self {
        Self {
            enabled,
            compiled: Arc::clone(&self.compiled),
        }
    }

    /// The definition it was made from, with every label by tenant and id instead of by name: so
    /// written down, it stays the same policy when a label is renamed.
    pub fn definition(&self) -> &PolicyDefinition {
        &self.compiled.definition
    }

    /// What it looks for in the content of files, if anything.
    pub fn inspection(&self) -> Option<&Inspection> {
        self.compiled.definition.inspection.as_ref()
    }

    /// Whether its filters look at labels.
    pub fn needs_labels(&self) -> bool {
        self.compiled.program.needs_labels()
    }

    /// Whether it inspects content. Inspecting a file also reads its labels.
    pub fn needs_content(&self) -> bool {
        self.inspection().is_some()
    }

    /// What is due for a matching file of this app, and no other app's actions. The
    /// alert, where the policy raises one, comes last.
    pub fn actions(&self, app: AppId) -> &[Action] {
        self.compiled
            .actions
            .iter()
            .find(|(known, _)| *known == app)
            .map_or(&self.compiled.actions_elsewhere, |(_, actions)| actions)
    }

    /// What the labels it names have become since it was built: deleted ones, and, among those it
    /// applies, ones that can't be applied any more. A policy with such a problem should be
    /// disabled and say why.
    ///
    /// Pointers lead into the document that the policy was built from.
    pub fn label_problems(&self, labels: &LabelView) -> Vec<BuildError> {
        let problem = |reference: &LabelReference| {
            let text = reference.key.to_string();
            let cause = match (labels.origin_of(reference.key), reference.purpose) {
                (LabelOrigin::OwnDeleted(_), _) => BuildCause::DeletedLabel { text },
                (_, Purpose::Find) => return None,
                (_, Purpose::Apply) => {
                    let reason = labels.not_appliable(reference.key)?;
                    BuildCause::NotAppliable { text, reason }
                }
            };
            Some(BuildError {
                pointer: reference.pointer.clone(),
                cause,
                suggestion: None,
            })
        };
        self.compiled
            .references
            .iter()
            .filter_map(problem)
            .collect()
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("id", self.id())
            .field("name", &self.name())
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
