//! Any bytes as a label list: refused, or a catalogue that agrees with itself.
#![no_main]

use label_core::{LabelCatalog, LabelState, LabelView, NotAppliable, TenantId, source::graph};
use libfuzzer_sys::fuzz_target;

const FOUND_MAX: usize = 50;

fuzz_target!(|input: &[u8]| {
    let tenant = TenantId::from_u128(0x74f7_1239);
    let Ok(list) = graph::parse(tenant, input) else {
        return;
    };
    let count = list.labels.len();
    let (catalog, diagnostics) =
        LabelCatalog::build(tenant, list.labels.clone()).expect("what was read can be built");
    assert!(catalog.len() <= count);
    check(&catalog);
    for diagnostic in &diagnostics {
        assert!(!diagnostic.to_string().is_empty());
    }
    let (again, _) = LabelCatalog::build(tenant, list.labels.clone()).expect("built before");
    assert!(catalog.labels().eq(again.labels()), "another order");

    // The first half goes, then all come back.
    let half = list.labels.split_at(count / 2).1.to_vec();
    let (fewer, _) = catalog.refresh(half).expect("fewer labels");
    check(&fewer);
    for label in catalog.with_deleted() {
        assert!(fewer.by_id(label.key.label).is_some(), "forgotten");
    }
    let (back, _) = fewer.refresh(list.labels).expect("the same labels");
    check(&back);
    assert_eq!(back.labels().count(), catalog.labels().count());
});

fn check(catalog: &LabelCatalog) {
    let mut last = None;
    let view = LabelView::new(catalog.clone().into());
    for (at, label) in catalog.labels().enumerate() {
        let id = label.key.label;
        assert_ne!(label.state, LabelState::Deleted);
        assert!(!label.name().is_empty());
        let path = catalog.path(id).expect("a path");
        assert!(!path.is_empty());
        let order = catalog.order(id).expect("an order");
        assert!(last.is_none_or(|last| last < order), "not in order");
        last = Some(order);
        assert!(!catalog.is_downgrade(id, Some(id)));
        assert_eq!(view.not_appliable(label.key), catalog.not_appliable(id));
        if catalog.has_sublabels(id) {
            assert!(catalog.not_appliable(id).is_some());
        }
        if at < FOUND_MAX {
            assert_eq!(catalog.find(&id.to_string()), Ok(label));
            let _ = catalog.find(path);
            let _ = catalog.find(&format!("{path}x"));
        }
    }
    for label in catalog.appliable() {
        assert_eq!(catalog.not_appliable(label.key.label), None);
    }
    for label in catalog.with_deleted() {
        if label.state == LabelState::Deleted {
            let id = label.key.label;
            assert_eq!(catalog.not_appliable(id), Some(NotAppliable::Deleted));
        }
    }
}
