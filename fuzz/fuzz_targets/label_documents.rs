//! Any bytes as a document with labels, of whatever source: refused, or labels that keep what they
//! say on the way through our own form.
#![no_main]

use label_core::migration::MigrationRule;
use label_core::source::{Document, Import, combine};
use label_core::{Label, LabelCatalog, LabelProtection, TenantId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let tenant = TenantId::from_u128(0x74f7_1239_3dea_461b_910f_15d1_5a71_655a);
    let Ok(documents) = Document::read(tenant, input) else {
        return;
    };
    assert_eq!(
        Document::read(tenant, input),
        Ok(documents.clone()),
        "another answer"
    );
    for rule in [MigrationRule::SeedNote, MigrationRule::PreferUnifiedIfAny] {
        let mut import = Import::default();
        import.rule = rule;
        // A page of several is no list.
        let Ok(combined) = combine(tenant, documents.clone(), import) else {
            continue;
        };
        let Some(list) = combined.chosen.list else {
            continue;
        };
        assert!(!list.labels.is_empty());
        for label in &list.labels {
            check(label);
            assert!(!combined.chosen.shadowed.contains(&label.key.label));
        }
        let (catalog, _) = LabelCatalog::build(tenant, list.labels).expect("what was read builds");
        for label in catalog.labels() {
            check(label);
            let meant = catalog.meant_by(label.key.label);
            let meant = catalog.by_id(meant).expect("in the list");
            assert!(meant.key == label.key || meant.parent == Some(label.key.label));
        }
    }
});

fn check(label: &Label) {
    // What encrypts says how, or says that it is not known how.
    if label.protection == LabelProtection::Template {
        assert!(label.encryption.is_some());
    }
    if label.protection == LabelProtection::Unknown {
        assert_eq!(label.encryption, None);
    }
    let json = serde_json::to_string(label).expect("plain data");
    let back: Label = serde_json::from_str(&json).expect("what was written");
    assert_eq!(back, *label);
}
