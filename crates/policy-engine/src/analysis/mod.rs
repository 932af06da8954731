//! What can be said of policies without a file: whether they can match, whether one takes in
//! another, and what looks like a mistake.
//!
//! Exact where conditions compare whole values and times. Where they look at parts of texts, at folders
//! below others or at directory entries, and where filters stand in groups of which one or none must
//! hold, the answer may be *unknown*, and never a wrong one. Labels count as read, and times measured
//! from the present are not compared with dates.

mod constraint;
mod lints;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use label_core::AppId;

pub use lints::{LINT_PAIRS_MAX, LINT_VALUES_MAX, LINTS_MAX, Lint, LintKind};

use self::constraint::Constraint;
use crate::document::{FolderScope, OwnerScope};
use crate::field::Field;
use crate::file_type::FileTypeTable;
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

    /// Whether one of them is so.
    const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::No, Self::No) => Self::No,
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
        Asked::of(self.program()).never
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
        self.never_as(&Asked::of_policy(self))
    }

    /// The same, where what it asks is known.
    fn never_as(&self, asked: &Asked) -> Proof {
        let definition = self.definition();
        let is_nowhere = matches!(&definition.folder_scope, FolderScope::Selected(folders) if folders.is_empty())
            || matches!(&definition.owner_scope, OwnerScope::Selected(groups) if groups.is_empty());
        match asked.never {
            _ if is_nowhere => Proof::Yes,
            // What inspection finds is not known here.
            Proof::No if self.needs_content() || !self.has_certain_places(asked) => Proof::Unknown,
            proof => proof,
        }
    }

    /// Whether the folders leave a file that does all that is asked.
    fn has_certain_places(&self, asked: &Asked) -> bool {
        match &self.definition().folder_scope {
            FolderScope::All => true,
            // Apps and instances are looked at one by one, not which belongs to which.
            FolderScope::Selected(folders) => {
                let places = folders.iter().map(|folder| (folder.app, folder.instance));
                places.collect::<BTreeSet<_>>().len() == 1
            }
            // A file may lie in no folder, unless one is asked for.
            FolderScope::Excluding(_) => !asked.fields.contains_key(&Field::ParentFolder),
        }
    }

    /// Whether every file that this policy matches is matched by the other one, too, if both are
    /// enabled.
    pub fn is_within(&self, other: &Self) -> Proof {
        let filters = Asked::of_policy(self).within(&Asked::of(&other.compiled().program));
        self.within_as(other, filters)
    }

    /// The same, where it is known whether the filters lie within the other's.
    fn within_as(&self, other: &Self, filters: Proof) -> Proof {
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
        match Asked::of_policy(self).apart(&Asked::of_policy(other)) {
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
    file_types: FileTypeTable,
    /// Whether no file can do all of it.
    never: Proof,
}

impl Asked {
    fn of(program: &Program) -> Self {
        let mut asked = Self {
            fields: BTreeMap::new(),
            is_vague: false,
            deleted: program.gate.deleted,
            file_types: program.file_types,
            never: Proof::Unknown,
        };
        asked.add(&program.root);
        asked.finish()
    }

    /// With the apps and instances of the folders that are selected.
    fn of_policy(policy: &Policy) -> Self {
        let mut asked = Self::of(&policy.compiled().program);
        if let FolderScope::Selected(folders) = &policy.definition().folder_scope {
            asked.need(Field::App, folders.iter().map(|folder| folder.app.0));
            asked.need(
                Field::Instance,
                folders.iter().map(|folder| folder.instance),
            );
        }
        asked.finish()
    }

    /// Nothing but the app, of a file that is not gone.
    fn of_app(app: AppId, file_types: FileTypeTable) -> Self {
        let mut asked = Self {
            fields: BTreeMap::new(),
            is_vague: false,
            deleted: Deleted::Excluded,
            file_types,
            never: Proof::Unknown,
        };
        asked.need(Field::App, [app.0]);
        asked.finish()
    }

    fn need(&mut self, field: Field, codes: impl IntoIterator<Item = u32>) {
        self.fields.entry(field).or_default().need(codes);
    }

    /// How many values it names.
    fn len(&self) -> usize {
        self.fields.values().map(Constraint::len).sum()
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

    fn finish(mut self) -> Self {
        let start = if self.is_vague {
            Proof::Unknown
        } else {
            Proof::No
        };
        let each = self.fields.iter();
        self.never = each.fold(start, |never, (field, constraint)| {
            never.or(constraint.is_impossible(*field))
        });
        self
    }

    /// Whether no file can do all of it and have one of these codes, too.
    fn never_with(&self, field: Field, codes: impl IntoIterator<Item = u32>) -> Proof {
        self.never.or(self.with(field, codes).is_impossible(field))
    }

    /// What is asked of a field, and one of these codes.
    fn with(&self, field: Field, codes: impl IntoIterator<Item = u32>) -> Constraint {
        let mut constraint = self.fields.get(&field).cloned().unwrap_or_default();
        constraint.need(codes);
        constraint
    }

    fn within(&self, other: &Self) -> Proof {
        self.within_with(other, |_| None)
    }

    /// The same for the files of one app.
    fn within_in(&self, other: &Self, app: AppId) -> Proof {
        if self.never_with(Field::App, [app.0]) == Proof::Yes {
            return Proof::Yes;
        }
        let of_app = self.with(Field::App, [app.0]);
        self.within_with(other, |field| (field == Field::App).then_some(&of_app))
    }

    /// `narrowed` says of a field that more is asked of it.
    fn within_with<'c>(
        &'c self,
        other: &Self,
        narrowed: impl Fn(Field) -> Option<&'c Constraint>,
    ) -> Proof {
        if self.never == Proof::Yes {
            return Proof::Yes;
        }
        let mut all = match (self.deleted, other.deleted) {
            (Deleted::Allowed, Deleted::Excluded) => Proof::No,
            _ => Proof::Yes,
        };
        let nothing = Constraint::default();
        for (field, wanted) in &other.fields {
            let own = narrowed(*field).or_else(|| self.fields.get(field));
            all = all.and(match own {
                Some(_) if self.differs_in(*field, other) => Proof::Unknown,
                own => own.unwrap_or(&nothing).implies(wanted, *field),
            });
        }
        match all {
            Proof::Yes if other.is_vague => Proof::Unknown,
            // The file that shows it must match this filter as a whole.
            Proof::No if self.never != Proof::No => Proof::Unknown,
            proof => proof,
        }
    }

    /// Whether the same file may have another value for the other filter.
    fn differs_in(&self, field: Field, other: &Self) -> bool {
        field == Field::FileType && self.file_types != other.file_types
    }

    fn apart(&self, other: &Self) -> Proof {
        let mut apart = self.never.or(other.never);
        for (field, constraint) in &other.fields {
            let Some(own) = self.fields.get(field) else {
                continue;
            };
            if apart == Proof::Yes {
                break;
            }
            apart = apart.or(if self.differs_in(*field, other) {
                Proof::Unknown
            } else {
                let mut both = own.clone();
                both.join(constraint);
                both.is_impossible(*field)
            });
        }
        apart
    }

    /// Whether no file of this app does all that both ask, as far as apps say.
    fn apart_in(&self, other: &Self, app: AppId) -> Proof {
        let mut both = self.with(Field::App, [app.0]);
        if let Some(constraint) = other.fields.get(&Field::App) {
            both.join(constraint);
        }
        both.is_impossible(Field::App)
    }
}
