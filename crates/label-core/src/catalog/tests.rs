use super::*;
use crate::error::CatalogError;
use crate::label::{NAME_CHARS_MAX, Targets};

fn tenant() -> TenantId {
    TenantId::from_u128(0xa)
}

fn label(id: u128, name: &str, order: i64, parent: Option<u128>) -> Label {
    let mut label = Label::new(tenant(), LabelId::from_u128(id), name);
    label.source_order = order;
    label.parent = parent.map(LabelId::from_u128);
    label
}

fn catalog(labels: Vec<Label>) -> (LabelCatalog, Vec<CatalogDiagnostic>) {
    LabelCatalog::build(tenant(), labels).unwrap()
}

fn taxonomy() -> Vec<Label> {
    vec![
        label(3, "Confidential", 30, None),
        label(1, "Public", 10, None),
        label(2, "General", 20, None),
        label(32, "Finance", 32, Some(3)),
        label(31, "All Employees", 31, Some(3)),
        label(4, "Secret", 40, None),
        label(41, "All Employees", 41, Some(4)),
    ]
}

#[test]
fn l_010_levels_are_dense_and_independent_of_the_numbers() {
    let (one, _) = catalog(taxonomy());
    let mut renumbered = taxonomy();
    for label in &mut renumbered {
        label.source_order = label.source_order * label.source_order + 7;
    }
    let (two, _) = catalog(renumbered);
    let expected = [
        (1, (0, 0)),
        (2, (1, 0)),
        (3, (2, 0)),
        (31, (2, 1)),
        (32, (2, 2)),
        (4, (3, 0)),
        (41, (3, 1)),
    ];
    for (id, order) in expected {
        let id = LabelId::from_u128(id);
        assert_eq!(one.order(id), Some(order));
        assert_eq!(two.order(id), Some(order));
    }
}

#[test]
fn l_011_downgrade_by_level_only() {
    let (catalog, _) = catalog(taxonomy());
    let id = LabelId::from_u128;
    for (from, to, downgrade) in [
        (31, Some(32), false),
        (32, Some(31), false),
        (32, Some(41), false),
        (41, Some(32), true),
        (3, Some(1), true),
        (1, Some(4), false),
        (1, None, true),
        (99, Some(1), false),
    ] {
        assert_eq!(
            catalog.is_downgrade(id(from), to.map(id)),
            downgrade,
            "{from} to {to:?}"
        );
    }
}

#[test]
fn r_175_find_by_id_path_and_unique_name() {
    let (catalog, _) = catalog(taxonomy());
    let id = |text: &str| catalog.find(text).map(|label| label.key.label.as_u128());
    assert_eq!(id("confidential"), Ok(3));
    assert_eq!(id("Confidential/Finance"), Ok(32));
    assert_eq!(id("Confidential\\Finance"), Ok(32));
    assert_eq!(id("Finance"), Ok(32));
    assert_eq!(id("00000000-0000-0000-0000-000000000020"), Ok(32));
    assert_eq!(
        id("All Employees").unwrap_err().to_string(),
        "`All Employees` names several labels: `Confidential/All Employees`, \
         `Secret/All Employees`"
    );
    assert_eq!(
        id("Confidental").unwrap_err().to_string(),
        "no label is called `Confidental`; did you mean `Confidential`?"
    );
    assert_eq!(
        id("Zebra").unwrap_err().to_string(),
        "no label is called `Zebra`"
    );
}

#[test]
fn l_009_siblings_of_one_name_are_reported_not_lost() {
    let mut labels = taxonomy();
    labels.push(label(33, "Finance", 33, Some(3)));
    let (catalog, diagnostics) = catalog(labels);
    assert_eq!(catalog.len(), 8);
    assert_eq!(diagnostics.len(), 1);
    assert!(diagnostics[0].to_string().contains("`Finance`"));
}

#[test]
fn l_009_a_path_of_several_labels_is_an_error_that_lists_them() {
    let (catalog, _) = catalog(vec![
        label(1, "General", 1, None),
        label(2, "GENERAL", 2, None),
        label(3, "Other", 3, None),
    ]);
    let error = catalog.find("general").unwrap_err().to_string();
    for id in [1, 2] {
        let id = LabelId::from_u128(id).to_string();
        assert!(error.contains(&id), "{error}");
        assert!(catalog.find(&id).is_ok());
    }
    assert!(catalog.find("other").is_ok());
}

/// A file may carry a label that is gone: it is still compared by where the label stood.
#[test]
fn l_011_l_045_a_deleted_label_stays_behind_the_one_it_stood_behind() {
    let numbered = |labels: Vec<Label>| {
        let (catalog, _) = catalog(labels);
        (0..)
            .zip(catalog.with_deleted())
            .map(|(place, label)| {
                let mut label = label.clone();
                label.source_order = place;
                label
            })
            .collect::<Vec<Label>>()
    };
    let (first, _) = catalog(numbered(vec![
        label(1, "A", 0, None),
        label(2, "B", 1, None),
        label(3, "C", 2, None),
        label(4, "D", 3, None),
    ]));
    // D goes, and A gets sublabels, so that all numbers move.
    let second = numbered(vec![
        label(1, "A", 0, None),
        label(11, "a1", 0, Some(1)),
        label(12, "a2", 1, Some(1)),
        label(13, "a3", 2, Some(1)),
        label(2, "B", 1, None),
        label(3, "C", 2, None),
    ]);
    let (second, _) = first.refresh(second).unwrap();
    let id = LabelId::from_u128;
    for to in [1, 13, 2, 3] {
        assert!(second.is_downgrade(id(4), Some(id(to))), "{to}");
        assert!(!second.is_downgrade(id(to), Some(id(4))), "{to}");
    }
    // Then the lowest goes too, and the one that D stood behind.
    let third = numbered(vec![label(2, "B", 1, None)]);
    let (third, _) = second.refresh(third).unwrap();
    for (from, to, expected) in [
        (4, 2, true),
        (3, 2, true),
        (4, 3, true),
        (1, 2, false),
        (2, 1, true),
    ] {
        let found = third.is_downgrade(id(from), Some(id(to)));
        assert_eq!(found, expected, "{from} to {to}");
    }
    // What is shown has no gaps (L-010).
    assert_eq!(third.order(id(2)), Some((0, 0)));
    let shown: Vec<_> = second
        .labels()
        .map(|label| second.order(label.key.label).unwrap())
        .collect();
    assert_eq!(shown, [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (2, 0)]);
}

/// Whatever the order of the list, the same parents are cut (L-047).
#[test]
fn l_014_l_047_a_circle_is_cut_whole() {
    let mut labels = vec![
        label(1, "A", 1, Some(2)),
        label(2, "B", 2, Some(1)),
        label(3, "C", 3, Some(1)),
        label(4, "D", 4, Some(3)),
        label(5, "E", 5, Some(5)),
    ];
    labels
        .extend((20..60).map(|at| label(at, &format!("deep {at}"), 9, (at > 20).then(|| at - 1))));
    let parents = |labels: Vec<Label>| {
        let (catalog, diagnostics) = catalog(labels);
        let parents: std::collections::BTreeMap<LabelId, Option<LabelId>> = catalog
            .labels()
            .map(|label| (label.key.label, label.parent))
            .collect();
        (parents, diagnostics.len())
    };
    let id = LabelId::from_u128;
    let (expected, cuts) = parents(labels.clone());
    // A, B and E; and of the 40 nested ones, every seventeenth.
    assert_eq!(cuts, 5);
    for (label, parent) in [(1, None), (2, None), (3, Some(1)), (4, Some(3)), (5, None)] {
        assert_eq!(expected[&id(label)], parent.map(id), "{label}");
    }
    for turn in 0..labels.len() {
        labels.rotate_left(1);
        assert_eq!(parents(labels.clone()), (expected.clone(), cuts), "{turn}");
        let mut reversed = labels.clone();
        reversed.reverse();
        assert_eq!(parents(reversed), (expected.clone(), cuts), "{turn}");
    }
}

#[test]
fn l_014_cycles_and_missing_parents_become_top_level() {
    let (catalog, diagnostics) = catalog(vec![
        label(1, "A", 1, Some(2)),
        label(2, "B", 2, Some(1)),
        label(3, "C", 3, Some(3)),
        label(4, "D", 4, Some(99)),
        label(5, "E", 5, None),
    ]);
    assert_eq!(catalog.len(), 5);
    assert!(diagnostics.len() >= 3, "{diagnostics:?}");
    for id in [3, 4, 5] {
        assert!(
            catalog
                .by_id(LabelId::from_u128(id))
                .unwrap()
                .parent
                .is_none()
        );
    }
}

#[test]
fn l_055_duplicates_merge_to_the_nested_form() {
    let mut labels = taxonomy();
    labels.push(label(32, "Finance", 32, None));
    let (catalog, diagnostics) = catalog(labels);
    assert_eq!(catalog.len(), 7);
    assert_eq!(
        catalog.path(LabelId::from_u128(32)),
        Some("Confidential/Finance")
    );
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn r_130_picker_offers_what_can_be_applied() {
    let mut labels = taxonomy();
    labels[1].state = LabelState::Disabled;
    labels[2].publication = Publication::NotPublished;
    let mut site = label(5, "Site", 50, None);
    site.targets = Targets::parse("site");
    labels.push(site);
    let mut group = label(6, "Group", 60, None);
    group.is_group = true;
    labels.push(group);
    let mut gone = label(7, "Gone", 70, None);
    gone.state = LabelState::Deleted;
    labels.push(gone);
    let (catalog, _) = catalog(labels);
    let offered: Vec<u128> = catalog
        .appliable()
        .map(|label| label.key.label.as_u128())
        .collect();
    assert_eq!(offered, [31, 32, 41]);
    let why = |id| catalog.not_appliable(LabelId::from_u128(id));
    assert_eq!(why(1), Some(NotAppliable::Disabled));
    assert_eq!(why(2), Some(NotAppliable::NotPublished));
    assert_eq!(why(3), Some(NotAppliable::Heading));
    assert_eq!(why(5), Some(NotAppliable::NotForFiles));
    assert_eq!(why(6), Some(NotAppliable::Heading));
    assert_eq!(why(7), Some(NotAppliable::Deleted));
    assert_eq!(why(99), Some(NotAppliable::Unknown));
}

#[test]
fn r_189_deleted_labels_are_not_listed_but_resolve() {
    let mut labels = taxonomy();
    labels[5].state = LabelState::Deleted;
    let (catalog, _) = catalog(labels);
    assert!(catalog.labels().all(|label| label.name() != "Secret"));
    assert_eq!(
        catalog.by_id(LabelId::from_u128(4)).unwrap().name(),
        "Secret"
    );
    assert!(catalog.find("Secret").is_err());
}

#[test]
fn r_190_a_removed_label_stays_as_a_tombstone_and_returns() {
    let (first, _) = catalog(taxonomy());
    let secret = LabelId::from_u128(4);
    let without: Vec<Label> = taxonomy()
        .into_iter()
        .filter(|label| label.key.label != secret)
        .collect();
    let (second, _) = first.refresh(without.clone()).unwrap();
    assert_eq!(second.by_id(secret).unwrap().state, LabelState::Deleted);
    let (third, _) = second.refresh(without).unwrap();
    assert_eq!(third.by_id(secret).unwrap().state, LabelState::Deleted);
    let (back, _) = third.refresh(taxonomy()).unwrap();
    assert_eq!(back.by_id(secret).unwrap().state, LabelState::Active);
    assert_eq!(back.order(secret), first.order(secret));
}

#[test]
fn r_065_changes_at_the_source_show_after_a_refresh() {
    let (first, _) = catalog(taxonomy());
    let mut labels = taxonomy();
    labels[0].display_name = Some("Internal only".to_owned());
    labels[1].state = LabelState::Disabled;
    labels.push(label(9, "New", 90, None));
    let (second, _) = first.refresh(labels).unwrap();
    assert!(second.find("Internal only/Finance").is_ok());
    assert!(second.find("Confidential").is_err());
    assert_eq!(second.find("Public").unwrap().state, LabelState::Disabled);
    assert!(second.find("New").is_ok());
}

#[test]
fn l_008_colour_is_the_only_thing_inherited() {
    let mut labels = taxonomy();
    labels[0].color = Some("#FF8C00".to_owned());
    labels[0].tooltip = Some("heading".to_owned());
    let (catalog, _) = catalog(labels);
    let finance = LabelId::from_u128(32);
    assert_eq!(catalog.color(finance), Some("#FF8C00"));
    assert_eq!(catalog.by_id(finance).unwrap().tooltip, None);
    assert_eq!(catalog.color(LabelId::from_u128(1)), None);
}

#[test]
fn l_001_another_tenants_key_does_not_resolve() {
    let (catalog, _) = catalog(taxonomy());
    let id = LabelId::from_u128(1);
    assert!(catalog.label(LabelKey::new(tenant(), id)).is_some());
    let other = LabelKey::new(TenantId::from_u128(0xb), id);
    assert!(catalog.label(other).is_none());
}

#[test]
fn a_name_that_was_cut_stays_as_it_is_when_built_again() {
    let long = format!("{} {}", "x".repeat(NAME_CHARS_MAX - 1), "y");
    let (first, _) = catalog(vec![label(1, &long, 1, None)]);
    let (second, _) = catalog(first.labels().cloned().collect());
    assert!(first.labels().eq(second.labels()));
}

#[test]
fn slashes_in_names_are_escaped_in_paths() {
    let (catalog, _) = catalog(vec![label(1, "R/D ~ draft", 1, None)]);
    assert_eq!(catalog.path(LabelId::from_u128(1)), Some("R~1D ~0 draft"));
    assert!(catalog.find("R~1D ~0 draft").is_ok());
    assert!(catalog.find("R/D ~ draft").is_ok());
}

#[test]
fn a_label_of_another_tenant_is_refused() {
    let stray = Label::new(TenantId::from_u128(0xb), LabelId::from_u128(1), "X");
    assert!(matches!(
        LabelCatalog::build(tenant(), vec![stray]),
        Err(CatalogError::OtherTenant { .. })
    ));
}

#[test]
fn l_005_the_display_name_comes_before_the_name_and_that_before_the_id() {
    for (display, back_end, expected) in [
        (Some("Shown"), Some("name"), "Shown".to_owned()),
        (None, Some("name"), "name".to_owned()),
        (Some(" "), Some(" name "), "name".to_owned()),
        (None, None, LabelId::from_u128(1).to_string()),
        (Some(""), Some(""), LabelId::from_u128(1).to_string()),
    ] {
        let mut one = label(1, "", 0, None);
        one.display_name = display.map(str::to_owned);
        one.back_end_name = back_end.map(str::to_owned);
        let (catalog, _) = catalog(vec![one]);
        let found = catalog.labels().next().unwrap();
        assert_eq!(found.name(), expected, "{display:?} {back_end:?}");
    }
}

#[test]
fn l_009_names_are_those_of_siblings() {
    let (catalog, diagnostics) = catalog(vec![
        label(1, "Confidential", 0, None),
        label(2, "All Employees", 1, Some(1)),
        label(3, "Highly Confidential", 2, None),
        label(4, "All Employees", 3, Some(3)),
    ]);
    assert!(diagnostics.is_empty(), "under two parents: {diagnostics:?}");
    for path in ["Confidential\\All Employees", "confidential/all employees"] {
        assert_eq!(catalog.find(path).unwrap().key.label, LabelId::from_u128(2));
    }
    let error = catalog.find("All Employees").unwrap_err().to_string();
    assert!(error.contains("`Confidential/All Employees`"), "{error}");
    assert!(
        error.contains("`Highly Confidential/All Employees`"),
        "{error}"
    );
    let (_, diagnostics) = LabelCatalog::build(
        tenant(),
        vec![
            label(1, "Confidential", 0, None),
            label(2, "All Employees", 1, Some(1)),
            label(3, "all employees", 2, Some(1)),
        ],
    )
    .unwrap();
    assert!(
        diagnostics[0]
            .detail
            .contains("a sibling has the same name")
    );
}

#[test]
fn l_007_a_heading_means_its_default_sublabel() {
    let heading = |sublabel: u128| {
        let mut label = label(1, "Confidential", 1, None);
        label.default_sublabel = Some(LabelId::from_u128(sublabel));
        label
    };
    let mut off = label(3, "Off", 3, Some(1));
    off.state = LabelState::Disabled;
    let rest = || {
        vec![
            label(2, "All", 2, Some(1)),
            off.clone(),
            label(4, "Other", 4, None),
        ]
    };
    for (sublabel, meant, problem) in [
        (2, 2, None),
        (3, 1, Some("is disabled or deleted")),
        (4, 1, Some("is not one of its sublabels")),
        (9, 1, Some("is not in the list")),
    ] {
        let mut labels = rest();
        labels.push(heading(sublabel));
        let (catalog, diagnostics) = catalog(labels);
        let id = LabelId::from_u128(1);
        assert_eq!(
            catalog.meant_by(id),
            LabelId::from_u128(meant),
            "{sublabel}"
        );
        assert_eq!(catalog.not_appliable(id), Some(NotAppliable::Heading));
        match problem {
            None => assert!(diagnostics.is_empty()),
            Some(problem) => {
                assert!(diagnostics[0].detail.contains(problem), "{diagnostics:?}");
            }
        }
        let other = LabelId::from_u128(4);
        assert_eq!(catalog.meant_by(other), other);
    }
}

#[test]
fn l_012_the_most_sensitive_by_level_then_position() {
    let (catalog, _) = catalog(vec![
        label(1, "General", 0, None),
        label(2, "Secret", 5, None),
        label(3, "A", 1, Some(2)),
        label(4, "B", 9, Some(2)),
    ]);
    let id = LabelId::from_u128;
    for (ids, expected) in [
        (vec![1, 3], Some(3)),
        (vec![3, 1], Some(3)),
        (vec![4, 3, 2], Some(4)),
        (vec![2, 1], Some(2)),
        (vec![9, 1], Some(1)),
        (vec![9], None),
        (vec![], None),
    ] {
        let found = catalog.max_label(ids.iter().copied().map(id));
        assert_eq!(found, expected.map(id), "{ids:?}");
        let found = catalog.max_label(ids.iter().rev().copied().map(id));
        assert_eq!(found, expected.map(id), "{ids:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_hierarchy_builds_without_losing_a_label(
        parents in proptest::collection::vec((0_u128..40, -5_i64..5, proptest::option::of(0_u128..45)), 0..60)
    ) {
        let labels: Vec<Label> = parents
            .iter()
            .map(|&(id, order, parent)| label(id, &format!("L{id}"), order, parent))
            .collect();
        let mut ids: Vec<u128> = parents.iter().map(|entry| entry.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let (catalog, _) = catalog(labels);
        let mut kept: Vec<u128> = catalog
            .with_deleted()
            .map(|label| label.key.label.as_u128())
            .collect();
        kept.sort_unstable();
        proptest::prop_assert_eq!(ids, kept);
    }
}
