//! Any text as a policy document, and as filters: built or refused, evaluated and explained alike.
//!
//! An input that begins with the byte 1 is a string of choices for a well-formed document.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Unstructured;
use label_core::{
    AppId, FileId, FileKey, LabelCatalog, LabelKey, LabelView, PolicyId, TenantId, source::graph,
};
use label_fuzz::policies;
use libfuzzer_sys::fuzz_target;
use policy_engine::{
    AccessLevel, Answer, BuildContext, ContentAnswer, FileRecord, FileStatus, Filter,
    FilterDialect, LabelScan, Outcome, PolicyDocument, PolicySet, ScanWarning, product_filters,
};
use serde_json::Value;

const NOW_MS: i64 = 1_609_840_800_000;
const LABELS: &[u8] = include_bytes!("../../examples/data/labels.json");
const TENANT: &str = "74f71239-3dea-461b-910f-15d15a71655a";

static VIEW: LazyLock<LabelView> = LazyLock::new(|| {
    let tenant = TenantId::parse(TENANT).expect("a GUID");
    let labels = graph::parse(tenant, LABELS).expect("our own list").labels;
    let (catalog, _) = LabelCatalog::build(tenant, labels).expect("our own list");
    LabelView::new(catalog.into())
});

static RECORDS: LazyLock<Vec<FileRecord>> = LazyLock::new(records);

fn records() -> Vec<FileRecord> {
    let key = |app, id: &str| FileKey::new(app, 0, FileId::parse(id).expect("a short id"));
    let bare = FileRecord::new(key(AppId::BOX, "1"), "Plan.docx");
    let mut full = FileRecord::new(
        key(AppId::SHAREPOINT_ONLINE, "2"),
        "Budget 2021 (final).XLSX",
    );
    full.mime_type = Some("application/pdf".into());
    full.size_bytes = Some(50 << 20);
    full.created_ms = Some(NOW_MS - 86_400_000);
    full.modified_ms = Some(1_473_851_520_000);
    full.snapshot_ms = Some(NOW_MS);
    full.access_level = Some(AccessLevel::External);
    full.owner_address = Some("ana.silva@contoso.example".into());
    full.owner_name = Some("Ana Silva".into());
    full.owner_org_unit = Some("Finance".into());
    full.owner_groups = Some(vec!["finance".into(), "everybody".into()]);
    full.parent_folders = vec!["Finance".into()];
    full.ancestor_folders = Some(vec!["Root".into()]);
    full.path = Some("/Finance/Budget".into());
    full.collaborators = vec!["bo.lee@fabrikam.example".into()];
    full.domains = vec!["fabrikam.example".into()];
    full.groups = vec!["partners".into()];
    full.labels = VIEW
        .catalog()
        .labels()
        .take(2)
        .map(|label| LabelKey::new(label.key.tenant, label.key.label))
        .collect();
    full.label_scan = LabelScan::Done;
    full.warnings.insert(ScanWarning::CorruptFile);
    full.quarantined = true;
    full.matched_policies = vec![PolicyId::parse("1").expect("a short id")];
    let mut odd = FileRecord::new(key(AppId(0), "3"), "");
    odd.is_folder = true;
    odd.created_ms = Some(i64::MIN);
    odd.modified_ms = Some(i64::MAX);
    odd.size_bytes = Some(u64::MAX);
    odd.status = FileStatus::Trashed;
    odd.label_scan = LabelScan::Failed;
    odd.access_level = Some(AccessLevel::PublicInternet);
    vec![bare, full, odd]
}

fuzz_target!(|input: &[u8]| {
    if let [1, choices @ ..] = input {
        let mut choices = Unstructured::new(choices);
        if let Ok(filters) = policies::filters(&mut choices) {
            check(&filters.to_string());
        }
        if let Ok(document) = policies::document(&mut choices) {
            check(&document);
        }
        return;
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    check(text);
    // A mutation seldom makes one of these words of the other.
    if text.contains("false") {
        check(&text.replace("false", "true"));
    }
});

fn check(text: &str) {
    let mut context = BuildContext::new(&VIEW);
    context.detectors = &["credit_card", "iban"];
    if let Ok(document) = PolicyDocument::from_json(text) {
        let written = serde_json::to_string(&document).expect("a document can be written");
        let again = PolicyDocument::from_json(&written);
        // The JSON library reads a fraction to within its last bit only.
        if !text.contains(['.', 'e', 'E']) || !has_fraction(&serde_json::json!(document)) {
            assert_eq!(again.as_ref(), Ok(&document), "{written}");
        }
        let (valid, errors) = PolicySet::build_valid(&document, &context);
        let built = PolicySet::build(&document, &context);
        assert_eq!(built.is_err(), errors.is_some());
        assert_eq!(PolicySet::from_json(text, &context).is_ok(), built.is_ok());
        evaluate(&valid);
        if built.is_ok() {
            assert_eq!(valid.policies().len(), document.policies.len());
            let stored = valid.document();
            let again = PolicySet::build(&stored, &context).expect("built before");
            assert_eq!(again.document(), stored, "a document that doesn't settle");
        }
    } else {
        assert!(PolicySet::from_json(text, &context).is_err());
    }
    if let Ok(value) = serde_json::from_str(text)
        && let Ok(filter) = Filter::build(&value, &context)
    {
        for record in RECORDS.iter() {
            for now in [NOW_MS, i64::MIN, i64::MAX] {
                let answer = filter.answer(record, now);
                assert!(answer != Answer::Unknown || filter.needs_labels());
            }
        }
        export(&value, &filter, &context);
    }
}

/// What the product can say means the same there.
fn export(filters: &Value, filter: &Filter, context: &BuildContext<'_>) {
    let Ok(exported) = product_filters(filters, context) else {
        return;
    };
    let mut context = context.clone();
    context.dialect = FilterDialect::Product;
    let again = Filter::build(&exported, &context).expect("the product's own form");
    assert_eq!(product_filters(&exported, &context).as_ref(), Ok(&exported));
    for record in RECORDS.iter() {
        for now in [NOW_MS, i64::MIN, i64::MAX] {
            let (one, other) = (filter.answer(record, now), again.answer(record, now));
            assert_eq!(one, other, "{filters}, as {exported}");
        }
    }
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(members) => members.values().any(has_fraction),
        _ => false,
    }
}

fn evaluate(set: &PolicySet) {
    for record in RECORDS.iter() {
        for now in [NOW_MS, i64::MIN, i64::MAX] {
            for given in [
                ContentAnswer::NotYet,
                ContentAnswer::NoMatch,
                ContentAnswer::Match { count: usize::MAX },
            ] {
                let mut content = |_: &_| given;
                let outcomes: Vec<_> = set.evaluate(record, now, &mut content).collect();
                assert_eq!(outcomes.len(), set.policies().len());
                for evaluation in outcomes {
                    let policy = evaluation.policy;
                    let outcome = evaluation.outcome;
                    assert!(policy.is_enabled() || outcome == Outcome::NoMatch);
                    assert!(outcome != Outcome::NeedsContent || policy.needs_content());
                    assert!(outcome != Outcome::NeedsScan || policy.needs_labels());
                    let explanation = policy.explain(record, now, &mut content);
                    assert_eq!(explanation.outcome, outcome, "{explanation}");
                    assert!(!explanation.to_string().is_empty());
                    let _ = policy.actions(record.key.app);
                }
            }
        }
    }
}
