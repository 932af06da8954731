//! The set of changes between two catalogues.

use label_core::sync::{ApplyError, diff};
use label_core::{
    Encryption, EncryptionKind, Label, LabelCatalog, LabelProtection, LabelState, Publication,
    Targets, TenantId,
};
use proptest::prelude::*;

use super::{catalog, content, id, label, taxonomy, tenant};

/// What happened, as lines for people.
fn lines(old: &LabelCatalog, new: &LabelCatalog) -> Vec<String> {
    diff(old, new)
        .to_string()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn l_048_r_065_each_change_is_told_exactly() {
    type Edit = fn(&mut Vec<Label>);
    let cases: [(&str, Edit, &[&str]); 19] = [
        ("nothing", |_| {}, &[]),
        (
            "other numbers",
            |labels| labels.iter_mut().for_each(|label| label.source_order *= 7),
            &[],
        ),
        ("another order in the list", |labels| labels.reverse(), &[]),
        (
            "added in the middle",
            |labels| labels.push(label(5, "Internal", 25, None)),
            &["label `Internal`: added"],
        ),
        (
            "removed from the middle",
            |labels| drop(labels.remove(1)),
            &["label `General`: removed"],
        ),
        (
            "renamed",
            |labels| labels[4].display_name = Some("Money".to_owned()),
            &["label `Confidential/Money`: was `Confidential/Finance`"],
        ),
        (
            "the parent renamed",
            |labels| labels[5].display_name = Some("Top".to_owned()),
            &[
                "label `Top`: was `Secret`",
                "label `Top/Board`: was `Secret/Board`",
            ],
        ),
        (
            "renamed at the back end",
            |labels| labels[0].back_end_name = Some("public-2".to_owned()),
            &["label `Public`: its name at the back end was `public` and is `public-2`"],
        ),
        (
            "disabled",
            |labels| labels[0].state = LabelState::Disabled,
            &["label `Public`: disabled"],
        ),
        (
            "enabled",
            |labels| labels[1].state = LabelState::Active,
            &["label `General`: enabled"],
        ),
        (
            "families reordered",
            |labels| labels[5].source_order = 5,
            &[
                "label `Public`: was at level 0 place 0 and is at level 1 place 0",
                "label `General`: was at level 1 place 0 and is at level 2 place 0",
                "label `Confidential`: was at level 2 place 0 and is at level 3 place 0",
                "label `Secret`: was at level 3 place 0 and is at level 0 place 0",
                "label `Confidential/All Employees`: was at level 2 place 1 and is at level 3 place 1",
                "label `Confidential/Finance`: was at level 2 place 2 and is at level 3 place 2",
                "label `Secret/Board`: was at level 3 place 1 and is at level 0 place 1",
            ],
        ),
        (
            "sublabels reordered",
            |labels| labels[3].source_order = 33,
            &[
                "label `Confidential/All Employees`: was at level 2 place 1 and is at level 2 place 2",
                "label `Confidential/Finance`: was at level 2 place 2 and is at level 2 place 1",
            ],
        ),
        (
            "below another parent",
            |labels| labels[4].parent = Some(id(4)),
            &[
                "label `Secret/Finance`: was `Confidential/Finance`",
                "label `Secret/Finance`: was at level 2 place 2 and is at level 3 place 1",
                "label `Secret/Finance`: now below `00000000-0000-0000-0000-000000000004`",
            ],
        ),
        (
            "protection",
            |labels| labels[4].protection = LabelProtection::Template,
            &["label `Confidential/Finance`: protection changed"],
        ),
        (
            "settings of the protection",
            |labels| labels[4].encryption = Some(Encryption::new(EncryptionKind::Template)),
            &["label `Confidential/Finance`: protection changed"],
        ),
        (
            "targets",
            |labels| labels[0].targets = Targets::parse("file"),
            &["label `Public`: what it can be applied to changed"],
        ),
        (
            "publication",
            |labels| labels[0].publication = Publication::NotPublished,
            &["label `Public`: publication changed"],
        ),
        (
            "published by another policy",
            |labels| labels[0].published_in = vec!["Global".to_owned()],
            &["label `Public`: publication changed"],
        ),
        (
            "cosmetic, and several at once",
            |labels| {
                labels[0].color = Some("#FF0000".to_owned());
                labels[1].tooltip = Some("t".to_owned());
                labels[2].extras.insert("new".to_owned(), "1".to_owned());
                labels[3].state = LabelState::Disabled;
                labels.push(label(6, "Z", 60, None));
            },
            &[
                "label `Z`: added",
                "label `Confidential/All Employees`: disabled",
                "label `Public`: texts or settings changed",
                "label `General`: texts or settings changed",
                "label `Confidential`: texts or settings changed",
            ],
        ),
    ];
    let mut before = taxonomy();
    before[0].back_end_name = Some("public".to_owned());
    before[1].state = LabelState::Disabled;
    for (name, edit, expected) in cases {
        let mut after = before.clone();
        edit(&mut after);
        let (old, new) = (catalog(before.clone()), catalog(after));
        assert_eq!(lines(&old, &new), expected, "{name}");
        let made = diff(&old, &new).apply(&old).unwrap();
        assert_eq!(content(&made), content(&new), "{name}");
    }
}

#[test]
fn l_033_a_display_name_that_appears_with_the_same_text_is_no_rename() {
    let mut bare = label(1, "", 0, None);
    bare.display_name = None;
    bare.back_end_name = Some("General".to_owned());
    let mut mended = label(1, "General", 0, None);
    mended.back_end_name = Some(id(1).to_string());
    assert_eq!(
        lines(&catalog(vec![bare]), &catalog(vec![mended.clone()])),
        ["label `General`: texts or settings changed"]
    );
    // After migration the id and the display name stay, and the name does not.
    let mut migrated = mended.clone();
    migrated.back_end_name = Some("General".to_owned());
    assert_eq!(
        lines(&catalog(vec![mended]), &catalog(vec![migrated])),
        [format!(
            "label `General`: its name at the back end was `{}` and is `General`",
            id(1)
        )]
    );
}

#[test]
fn l_054_a_label_that_comes_back_is_restored() {
    let first = catalog(taxonomy());
    let (second, _) = first.refresh(taxonomy()[..5].to_vec()).unwrap();
    assert_eq!(
        lines(&first, &second),
        ["label `Secret`: removed", "label `Secret/Board`: removed"]
    );
    let (third, _) = second.refresh(taxonomy()).unwrap();
    assert_eq!(
        lines(&second, &third),
        [
            "label `Secret`: back again",
            "label `Secret/Board`: back again"
        ]
    );
    let undone = diff(&second, &third).apply(&second).unwrap();
    assert_eq!(content(&undone), content(&third));
}

#[test]
fn changes_are_refused_on_what_they_do_not_start_from() {
    let (old, new) = (catalog(taxonomy()), catalog(taxonomy()[..6].to_vec()));
    let changes = diff(&old, &new);
    assert_eq!(
        changes.apply(&LabelCatalog::empty(tenant())).unwrap_err(),
        ApplyError::Missing { label: id(1) }
    );
    let other = LabelCatalog::empty(TenantId::from_u128(9));
    assert_eq!(
        changes.apply(&other).unwrap_err().to_string(),
        "the catalogue belongs to tenant `00000000-0000-0000-0000-000000000009`"
    );
    // Another tenant's list replaces everything.
    let foreign = LabelCatalog::build(
        TenantId::from_u128(9),
        vec![Label::new(TenantId::from_u128(9), id(1), "Public")],
    )
    .unwrap()
    .0;
    let made = diff(&old, &foreign).apply(&old).unwrap();
    assert_eq!(content(&made), content(&foreign));
}

pub(super) fn any_labels() -> impl Strategy<Value = Vec<Label>> {
    let one = (
        0_u128..12,
        "[ab /~]{0,3}",
        -2_i64..5,
        proptest::option::of(0_u128..14),
        0_u8..4,
        any::<(bool, bool, bool)>(),
    );
    proptest::collection::vec(one, 0..14).prop_map(|drafts| {
        drafts
            .into_iter()
            .map(|(number, name, order, parent, state, flags)| {
                let mut label = label(number, &name, order, parent);
                label.state = [
                    LabelState::Active,
                    LabelState::Disabled,
                    LabelState::Deleted,
                    LabelState::Unknown,
                ][usize::from(state)];
                if flags.0 {
                    label.protection = LabelProtection::Template;
                }
                if flags.1 {
                    label.back_end_name = label.display_name.take();
                }
                if flags.2 {
                    label.tooltip = Some("t".to_owned());
                }
                label
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn l_048_applying_the_changes_gives_the_new_catalogue(
        before in any_labels(),
        after in any_labels(),
        tombstones: bool,
    ) {
        let old = catalog(before);
        let new = if tombstones { old.refresh(after).unwrap().0 } else { catalog(after) };
        let changes = diff(&old, &new);
        prop_assert_eq!(content(&changes.apply(&old).unwrap()), content(&new));
        prop_assert!(diff(&new, &new).is_empty());
        prop_assert!(diff(&changes.apply(&old).unwrap(), &new).is_empty());
        let back = diff(&new, &old);
        prop_assert_eq!(content(&back.apply(&new).unwrap()), content(&old));
    }
}
