//! Which list a tenant's labels come from: the classic portal's or the unified one (section 2.2).

use std::collections::BTreeSet;

use crate::id::LabelId;
use crate::source::LabelList;

/// Whether the tenant has migrated to unified labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum UnifiedStatus {
    /// Yes.
    Activated,
    /// Not yet.
    NotActivated,
    /// Nobody says. With a classic list at hand it counts as not yet, else as yes.
    #[default]
    Unknown,
}

/// What counts where a tenant has not migrated and there are labels of both kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum MigrationRule {
    /// Only the labels of the classic portal (R-014, R-016).
    #[default]
    SeedNote,
    /// The unified ones, as the migration's own description has it.
    PreferUnifiedIfAny,
}

/// The list that counts, and what it leaves aside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChosenList {
    /// The labels; `None` where the list that counts is empty or was not supplied, whatever the other
    /// one has: no failure, the tenant has no labels.
    pub list: Option<LabelList>,
    /// Labels of the other list that are in this one neither: on a file they are the tenant's own
    /// and not in force (L-032).
    pub shadowed: BTreeSet<LabelId>,
}

/// Chooses between the two lists (L-030, L-031). A classic list that was supplied and is empty means
/// that there is nothing but unified labels.
///
/// # Examples
///
/// ```
/// use label_core::migration::{MigrationRule, UnifiedStatus, choose};
/// use label_core::source::LabelList;
/// use label_core::{Label, LabelId, TenantId};
///
/// let tenant = TenantId::from_u128(1);
/// let with = |id| {
///     let mut list = LabelList::new(tenant);
///     list.labels.push(Label::new(tenant, LabelId::from_u128(id), "L"));
///     list
/// };
/// let chosen = choose(
///     UnifiedStatus::NotActivated,
///     MigrationRule::SeedNote,
///     Some(with(1)),
///     Some(with(2)),
/// );
/// assert_eq!(chosen.list, Some(with(1)));
/// assert!(chosen.shadowed.contains(&LabelId::from_u128(2)));
/// ```
pub fn choose(
    status: UnifiedStatus,
    rule: MigrationRule,
    classic: Option<LabelList>,
    unified: Option<LabelList>,
) -> ChosenList {
    let has_any =
        |list: &Option<LabelList>| list.as_ref().is_some_and(|one| !one.labels.is_empty());
    let is_migrated = match status {
        UnifiedStatus::Activated => true,
        UnifiedStatus::NotActivated => false,
        UnifiedStatus::Unknown => classic.is_none(),
    };
    let takes_unified = is_migrated
        || !has_any(&classic)
        || rule == MigrationRule::PreferUnifiedIfAny && has_any(&unified);
    let (chosen, other) = if takes_unified {
        (unified, classic)
    } else {
        (classic, unified)
    };
    let list = chosen.filter(|list| !list.labels.is_empty());
    let ids = |list: &Option<LabelList>| -> BTreeSet<LabelId> {
        let labels = list.iter().flat_map(|list| &list.labels);
        labels.map(|label| label.key.label).collect()
    };
    let known = ids(&list);
    // What migrated is in the unified list under the same id; what is left of a classic list after
    // that was deleted, not shadowed.
    let shadowed = if takes_unified && is_migrated {
        BTreeSet::new()
    } else {
        ids(&other).difference(&known).copied().collect()
    };
    ChosenList { list, shadowed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TenantId;
    use crate::label::Label;

    fn list(ids: &[u128]) -> Option<LabelList> {
        let tenant = TenantId::from_u128(1);
        let mut list = LabelList::new(tenant);
        for id in ids {
            list.labels
                .push(Label::new(tenant, LabelId::from_u128(*id), "L"));
        }
        Some(list)
    }

    #[test]
    fn l_030_l_031_l_032_r_013_r_014_r_016_which_list_counts() {
        use MigrationRule::{PreferUnifiedIfAny, SeedNote};
        use UnifiedStatus::{Activated, NotActivated, Unknown};
        for (status, rule, classic, unified, expected, shadowed) in [
            (
                NotActivated,
                SeedNote,
                list(&[1, 2]),
                list(&[2, 3]),
                list(&[1, 2]),
                vec![3],
            ),
            (
                NotActivated,
                PreferUnifiedIfAny,
                list(&[1, 2]),
                list(&[2, 3]),
                list(&[2, 3]),
                vec![1],
            ),
            (
                NotActivated,
                PreferUnifiedIfAny,
                list(&[1]),
                list(&[]),
                list(&[1]),
                vec![],
            ),
            (
                NotActivated,
                SeedNote,
                list(&[]),
                list(&[3]),
                list(&[3]),
                vec![],
            ),
            (NotActivated, SeedNote, None, list(&[3]), list(&[3]), vec![]),
            (NotActivated, SeedNote, list(&[1]), None, list(&[1]), vec![]),
            (
                Activated,
                SeedNote,
                list(&[1]),
                list(&[3]),
                list(&[3]),
                vec![],
            ),
            (Activated, SeedNote, list(&[1]), list(&[]), None, vec![]),
            (
                Unknown,
                SeedNote,
                list(&[1]),
                list(&[3]),
                list(&[1]),
                vec![3],
            ),
            (Unknown, SeedNote, list(&[]), list(&[3]), list(&[3]), vec![]),
            (Unknown, SeedNote, None, list(&[3]), list(&[3]), vec![]),
            (Activated, SeedNote, list(&[]), list(&[]), None, vec![]),
            (NotActivated, SeedNote, None, None, None, vec![]),
        ] {
            let what = format!("{status:?} {rule:?} {shadowed:?}");
            let chosen = choose(status, rule, classic, unified);
            assert_eq!(chosen.list, expected, "{what}");
            let shadowed: BTreeSet<LabelId> =
                shadowed.into_iter().map(LabelId::from_u128).collect();
            assert_eq!(chosen.shadowed, shadowed, "{what}");
        }
    }
}
