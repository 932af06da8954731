//! What every [`LabelSource`] has to do, as checks for the tests of whoever writes one.
//!
//! Each check takes a closure that makes a source with given labels, and gives the first thing that
//! is wrong. Names, parents and order are compared, and nothing else: sources differ in what else
//! they have.
//!
//! # Examples
//!
//! ```
//! use label_core::sync::{MemoryLabels, conformance};
//!
//! conformance::check(|tenant, labels| MemoryLabels::new(tenant, labels.to_vec()))?;
//! # Ok::<(), conformance::Violation>(())
//! ```

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::catalog::LabelCatalog;
use crate::id::{LabelId, TenantId};
use crate::label::Label;
use crate::source::LabelSource;
use crate::sync::keeper::{KeeperOptions, Outcome, SnapshotKeeper};
use crate::sync::snapshot::Normalised;

/// What a source does wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// What it should do.
    pub rule: &'static str,
    /// What it does.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.detail)
    }
}

impl std::error::Error for Violation {}

fn violation(rule: &'static str, detail: impl fmt::Display) -> Violation {
    Violation {
        rule,
        detail: detail.to_string(),
    }
}

const TENANT: TenantId = TenantId::from_u128(0x74f7_1239_3dea_461b_910f_15d1_5a71_655a);

/// All checks that need nothing but sources that work.
///
/// # Errors
///
/// [`Violation`]: the first thing that is wrong.
pub fn check<S: LabelSource>(
    mut make: impl FnMut(TenantId, &[Label]) -> S,
) -> Result<(), Violation> {
    gives_the_whole_list(&mut make)?;
    gives_the_same_again(&mut make)?;
    gives_an_empty_list(&mut make)
}

/// Every label is there, once, with name, parent and order (R-061).
///
/// # Errors
///
/// [`Violation`]: the first thing that is wrong.
pub fn gives_the_whole_list<S: LabelSource>(
    mut make: impl FnMut(TenantId, &[Label]) -> S,
) -> Result<(), Violation> {
    const RULE: &str = "a source gives the whole list";
    for (name, labels) in examples() {
        let wrong = |detail: &dyn fmt::Display| violation(RULE, format_args!("{name}: {detail}"));
        let list = make(TENANT, &labels)
            .fetch()
            .map_err(|error| wrong(&error))?;
        if list.tenant != TENANT {
            return Err(wrong(&format_args!(
                "the tenant is `{}` and not `{TENANT}`",
                list.tenant
            )));
        }
        // Before the catalogue makes one of two.
        let mut seen = HashSet::new();
        if let Some(twice) = (list.labels.iter()).find(|label| !seen.insert(label.key.label)) {
            let id = twice.key.label;
            return Err(wrong(&format_args!("`{id}` is there more than once")));
        }
        let given = LabelCatalog::build(TENANT, list.labels).map_err(|error| wrong(&error))?;
        let wanted = LabelCatalog::build(TENANT, labels).map_err(|error| wrong(&error))?;
        let lines = |catalog: &LabelCatalog| -> Vec<String> {
            (catalog.labels().map(|label| label.key.label))
                .map(|id| {
                    let path = catalog.path(id).unwrap_or_default();
                    let (level, position) = catalog.order(id).unwrap_or_default();
                    format!("`{path}` ({id}) at level {level} place {position}")
                })
                .collect()
        };
        let (given, wanted) = (lines(&given.0), lines(&wanted.0));
        if let Some(lacking) = wanted.iter().find(|line| !given.contains(line)) {
            return Err(wrong(&format_args!("there is no {lacking}")));
        }
        if let Some(extra) = given.iter().find(|line| !wanted.contains(line)) {
            return Err(wrong(&format_args!("nobody asked for {extra}")));
        }
    }
    Ok(())
}

/// A source whose labels stay the same gives the same content each time (L-047).
///
/// # Errors
///
/// [`Violation`]: the first thing that is wrong.
pub fn gives_the_same_again<S: LabelSource>(
    mut make: impl FnMut(TenantId, &[Label]) -> S,
) -> Result<(), Violation> {
    const RULE: &str = "a source that stays as it is gives the same again";
    for (name, labels) in examples() {
        let wrong = |detail: &dyn fmt::Display| violation(RULE, format_args!("{name}: {detail}"));
        let mut source = make(TENANT, &labels);
        let mut hashes = Vec::new();
        for _ in 0..3 {
            let list = source.fetch().map_err(|error| wrong(&error))?;
            let normalised =
                Normalised::new(list.tenant, list.labels, true).map_err(|error| wrong(&error))?;
            hashes.push(normalised.hash);
        }
        if hashes.windows(2).any(|pair| pair.first() != pair.last()) {
            return Err(wrong(&"the content changed"));
        }
    }
    Ok(())
}

/// No labels are an empty list and no error.
///
/// # Errors
///
/// [`Violation`]: what is wrong.
pub fn gives_an_empty_list<S: LabelSource>(
    mut make: impl FnMut(TenantId, &[Label]) -> S,
) -> Result<(), Violation> {
    const RULE: &str = "a tenant without labels has an empty list";
    match make(TENANT, &[]).fetch() {
        Ok(list) if list.labels.is_empty() => Ok(()),
        Ok(list) => Err(violation(
            RULE,
            format_args!("there are {} labels", list.labels.len()),
        )),
        Err(error) => Err(violation(RULE, error)),
    }
}

/// A source that fails, before or while it reads, gives an error, and never what it has so far
/// (R-063). `make` makes sources that have the labels and can't be read to the end.
///
/// # Errors
///
/// [`Violation`]: what is wrong.
pub fn fails_as_a_whole<S: LabelSource>(
    mut make: impl FnMut(TenantId, &[Label]) -> S,
) -> Result<(), Violation> {
    const RULE: &str = "a read that fails gives an error";
    for (name, labels) in examples() {
        if let Ok(list) = make(TENANT, &labels).fetch() {
            return Err(violation(
                RULE,
                format_args!("{name}: there are {} labels", list.labels.len()),
            ));
        }
    }
    Ok(())
}

/// What changes at the source shows at the next read, and a failure in between loses nothing
/// (R-063, R-065). `set` gives a source other labels; `fail` lets its next read fail, and only that.
///
/// # Errors
///
/// [`Violation`]: the first thing that is wrong.
pub fn shows_changes<S: LabelSource>(
    mut make: impl FnMut(TenantId, &[Label]) -> S,
    mut set: impl FnMut(&mut S, &[Label]),
    mut fail: impl FnMut(&mut S),
) -> Result<(), Violation> {
    const RULE: &str = "changes show at the next read, and failures lose nothing";
    for (name, mut labels) in examples() {
        let wrong = |detail: &dyn fmt::Display| violation(RULE, format_args!("{name}: {detail}"));
        let mut source = make(TENANT, &labels);
        let mut keeper = SnapshotKeeper::new(TENANT, KeeperOptions::default());
        keeper
            .sync_from(&mut source, 0)
            .map_err(|error| wrong(&error))?;
        let first = keeper.current().ok_or_else(|| wrong(&"nothing was read"))?;
        fail(&mut source);
        if keeper.sync_from(&mut source, 1).is_ok() {
            return Err(wrong(&"the read that should fail did not"));
        }
        let is_kept = keeper
            .current()
            .is_some_and(|kept| Arc::ptr_eq(&kept, &first));
        if !is_kept {
            return Err(wrong(&"the list in force went"));
        }
        if let Some(label) = labels.first_mut() {
            label.display_name = Some("Renamed".to_owned());
        }
        set(&mut source, &labels);
        match keeper.sync_from(&mut source, 2) {
            Ok(Outcome::Replaced { changes, .. }) if !changes.is_empty() => {}
            Ok(_) => return Err(wrong(&"the change does not show")),
            Err(error) => return Err(wrong(&error)),
        }
    }
    Ok(())
}

/// The label lists that sources are checked with.
fn examples() -> Vec<(&'static str, Vec<Label>)> {
    let label = |number: u128, name: &str, order: i64, parent: Option<u128>| {
        // The form of ids that services give out.
        let id =
            |number: u128| LabelId::from_u128(0xaaaa_aaaa_0000_4000_8000_0000_0000_0000 + number);
        let mut label = Label::new(TENANT, id(number), name);
        label.source_order = order;
        label.parent = parent.map(id);
        label
    };
    let mut many = Vec::new();
    for family in 0..40_u8 {
        let parent = u128::from(family) * 100;
        let order = i64::from(family) * 100;
        many.push(label(parent, &format!("Family {family}"), order, None));
        for below in 1..25_u8 {
            let (number, place) = (parent + u128::from(below), order + i64::from(below));
            many.push(label(
                number,
                &format!("Label {below}"),
                place,
                Some(parent),
            ));
        }
    }
    vec![
        ("one label", vec![label(1, "General", 0, None)]),
        (
            "two families",
            vec![
                label(1, "Public", 0, None),
                label(2, "Confidential", 1, None),
                label(3, "Finance", 2, Some(2)),
                label(4, "All Employees", 3, Some(2)),
                label(5, "Secret", 4, None),
                label(6, "All Employees", 5, Some(5)),
            ],
        ),
        (
            "names of all kinds",
            vec![
                label(1, "Öffentlich", 0, None),
                label(2, "機密 / 社外秘", 1, None),
                label(3, "R&D <\"draft\"> \\ ~", 2, Some(2)),
                label(4, "'quoted', with comma", 3, None),
            ],
        ),
        ("a thousand labels", many),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::memory::MemoryLabels;

    #[test]
    fn r_061_a_source_that_lists_every_label_twice_does_not_conform() {
        let twice = |tenant, labels: &[Label]| MemoryLabels::new(tenant, [labels, labels].concat());
        assert_eq!(
            check(twice).unwrap_err().to_string(),
            "a source gives the whole list: one label: `aaaaaaaa-0000-4000-8000-000000000001` is \
             there more than once"
        );
        let once = |tenant, labels: &[Label]| MemoryLabels::new(tenant, labels.to_vec());
        check(once).unwrap();
    }
}
