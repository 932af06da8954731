//! What can be said of policies without a file: whether they can match, whether one takes in
//! another, and what looks like a mistake.
//!
//! Exact where conditions compare whole values and times; where they look at parts of texts, and for
//! groups of filters, the answer may be *unknown*, and never a wrong one. Labels count as read.

mod constraint;
mod lints;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use lints::{LINT_PAIRS_MAX, Lint, LintKind};

use self::constraint::Constraint;
use crate::document::{FolderScope, OwnerScope};
use crate::field::Field;
use crate::filter::Filter;
use crate::policy::Policy;
use crate::program::{Deleted, GroupKind, Program};

/// Whether something was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// It is so for every file.
    Yes,
    /// There can be a file for which it is not so.
    No,
    /// Neither was proved.
    Unknown,
}

impl Proof {
    /// Whether both are so.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }
}

impl Filter {
    /// Whether no file can ever match.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{LabelCatalog, LabelView, TenantId};
    /// use policy_engine::{BuildContext, Filter, Proof};
    ///
    /// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    /// let filters = serde_json::json!({"sharing": [{"eq": [2, 3]}, {"neq": [2, 3, 4]}]});
    /// let filter = Filter::build(&filters, &BuildContext::new(&labels))?;
    /// assert_eq!(filter.never_matches(), Proof::Yes);
    /// # Ok::<(), policy_engine::BuildErrors>(())
    /// ```
    pub fn never_matches(&self) -> Proof {
        Asked::of(self.program()).never()
    }

    /// Whether every file that this filter matches is matched by the other one, too.
    pub fn is_within(&self, other: &Self) -> Proof {
        Asked::of(self.program()).within(&Asked::of(other.program()))
    }

    /// Whether no file matches both.
    pub fn is_apart_from(&self, other: &Self) -> Proof {
        Asked::of(self.program()).apart(&Asked::of(other.program()))
    }
}

impl Policy {
    /// Whether no file can ever match, enabled or not.
    pub fn never_matches(&self) -> Proof {
        let scope = match (
            &self.definition().folder_scope,
            &self.definition().owner_scope,
        ) {
            (FolderScope::Selected(folders), _) if folders.is_empty() => Proof::Yes,
            (_, OwnerScope::Selected(groups)) if groups.is_empty() => Proof::Yes,
            _ => Proof::No,
        };
        match (scope, Asked::of(&self.compiled().program).never()) {
            (Proof::Yes, _) | (_, Proof::Yes) => Proof::Yes,
            // What inspection finds is not known here.
            (_, Proof::No) if !self.needs_content() => Proof::No,
            _ => Proof::Unknown,
        }
    }

    /// Whether every file that this policy matches is matched by the other one, too, if both are
    /// enabled.
    pub fn is_within(&self, other: &Self) -> Proof {
        let filters =
            Asked::of(&self.compiled().program).within(&Asked::of(&other.compiled().program));
        let (ours, theirs) = (self.definition(), other.definition());
        let folders = match (&ours.folder_scope, &theirs.folder_scope) {
            (_, FolderScope::All) => Proof::Yes,
            (one, other) if one == other => Proof::Yes,
            (FolderScope::Selected(one), FolderScope::Selected(other))
                if one.iter().all(|folder| other.contains(folder)) =>
            {
                Proof::Yes
            }
            (FolderScope::Excluding(one), FolderScope::Excluding(other))
                if other.iter().all(|folder| one.contains(folder)) =>
            {
                Proof::Yes
            }
            _ => Proof::Unknown,
        };
        let owners = match (&ours.owner_scope, &theirs.owner_scope) {
            (_, OwnerScope::All) => Proof::Yes,
            (one, other) if one == other => Proof::Yes,
            (OwnerScope::Selected(one), OwnerScope::Selected(other))
                if one.iter().all(|group| other.contains(group)) =>
            {
                Proof::Yes
            }
            (OwnerScope::Excluding(one), OwnerScope::Excluding(other))
                if other.iter().all(|group| one.contains(group)) =>
            {
                Proof::Yes
            }
            _ => Proof::Unknown,
        };
        let content = match (&ours.inspection, &theirs.inspection) {
            (_, None) => Proof::Yes,
            (one, other) if one == other => Proof::Yes,
            _ => Proof::Unknown,
        };
        // A file for which the filters say no shows it only where the rest lets this policy match it.
        match filters {
            Proof::Yes => folders.and(owners).and(content),
            Proof::No if self.covers_every_place() => Proof::No,
            _ => Proof::Unknown,
        }
    }

    /// Whether no file matches both, if both are enabled.
    pub fn is_apart_from(&self, other: &Self) -> Proof {
        let filters =
            Asked::of(&self.compiled().program).apart(&Asked::of(&other.compiled().program));
        match filters {
            Proof::No if !(self.covers_every_place() && other.covers_every_place()) => {
                Proof::Unknown
            }
            proof => proof,
        }
    }

    /// Whether nothing but its filters decides.
    fn covers_every_place(&self) -> bool {
        let definition = self.definition();
        definition.folder_scope == FolderScope::All
            && definition.owner_scope == OwnerScope::All
            && definition.inspection.is_none()
    }
}

/// What a filter asks, field by field.
struct Asked {
    fields: BTreeMap<Field, Constraint>,
    /// Whether there are groups that were not looked into.
    is_vague: bool,
    deleted: Deleted,
}

impl Asked {
    fn of(program: &Program) -> Self {
        let mut asked = Self {
            fields: BTreeMap::new(),
            is_vague: false,
            deleted: program.gate.deleted,
        };
        asked.add(&program.root);
        asked
    }

    fn add(&mut self, group: &crate::program::Group) {
        for condition in &group.conditions {
            let field = match condition.field {
                // Two names of one property.
                Field::CollaboratorsDomains => Field::CollaboratorsWithDomain,
                field => field,
            };
            self.fields.entry(field).or_default().add(condition);
        }
        for group in &group.groups {
            if group.kind == GroupKind::All {
                self.add(group);
            } else {
                self.is_vague = true;
            }
        }
    }

    fn never(&self) -> Proof {
        let mut possible = Proof::No;
        for (field, constraint) in &self.fields {
            match constraint.is_impossible(*field) {
                Proof::Yes => return Proof::Yes,
                Proof::Unknown => possible = Proof::Unknown,
                Proof::No => {}
            }
        }
        if self.is_vague {
            Proof::Unknown
        } else {
            possible
        }
    }

    fn within(&self, other: &Self) -> Proof {
        if self.never() == Proof::Yes {
            return Proof::Yes;
        }
        let mut all = match (self.deleted, other.deleted) {
            (Deleted::Allowed, Deleted::Excluded) => Proof::No,
            _ => Proof::Yes,
        };
        let nothing = Constraint::default();
        for (field, wanted) in &other.fields {
            let own = self.fields.get(field).unwrap_or(&nothing);
            all = all.and(own.implies(wanted, *field));
        }
        match all {
            Proof::Yes if other.is_vague => Proof::Unknown,
            // The file that shows it must match this filter as a whole.
            Proof::No if self.never() != Proof::No => Proof::Unknown,
            proof => proof,
        }
    }

    fn apart(&self, other: &Self) -> Proof {
        let mut both = Self {
            fields: self.fields.clone(),
            is_vague: self.is_vague || other.is_vague,
            deleted: self.deleted,
        };
        for (field, constraint) in &other.fields {
            both.fields.entry(*field).or_default().join(constraint);
        }
        both.never()
    }
}
