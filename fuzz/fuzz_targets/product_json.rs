//! Files and filters in the product's JSON: read or refused, written back, and answered alike by the
//! filter, its explanation, the policy made of it, the finder and an inventory.
//!
//! Sections: `file` is a file, `filters` a filter object, `query` a query.
#![no_main]

use label_core::{LabelCatalog, LabelView, TenantId};
use label_fuzz::{pieces, sections};
use libfuzzer_sys::fuzz_target;
use policy_engine::{
    Answer, BuildContext, ContentAnswer, FileJson, Filter, FilterDialect, Inspection, Inventory,
    InventoryOptions, Outcome, PolicySet, Proof, Query, QueryOptions,
};
use serde_json::{Value, json};

const NOW_MS: i64 = 1_609_070_400_000;

fuzz_target!(|input: &[u8]| {
    let tenant = TenantId::parse(pieces::OURS).expect("a tenant");
    let labels = LabelView::new(LabelCatalog::empty(tenant).into());
    let (mut files, mut filters, mut queries) = (Vec::new(), Vec::new(), Vec::new());
    for section in sections(input) {
        let Ok(text) = std::str::from_utf8(section.content) else {
            continue;
        };
        match section.name {
            "file" => files.extend(read_file(text)),
            "filters" => filters.extend(policy_engine::strict_json(text)),
            "query" => queries.push(text),
            _ => {}
        }
    }
    let mut context = BuildContext::new(&labels);
    for dialect in [FilterDialect::Product, FilterDialect::Extended] {
        context.dialect = dialect;
        for filters in &filters {
            check_filters(filters, &context, &files);
        }
    }
    for text in queries {
        check_query(text, &context, &files);
    }
});

/// A file that survives the way there and back.
fn read_file(text: &str) -> Option<FileJson> {
    let file = match FileJson::from_json(text) {
        Ok(file) => file,
        Err(errors) => {
            assert!(!errors.as_slice().is_empty());
            assert!(!errors.to_string().is_empty());
            return None;
        }
    };
    let value = file.to_value();
    assert_eq!(FileJson::from_value(value), Ok(file.clone()), "as it came");
    // Written anew, not as it came.
    let anew = FileJson::new(file.record.clone()).to_value();
    let again = FileJson::from_value(anew).expect("what we wrote");
    assert_eq!(again.record, file.record, "written anew");
    Some(file)
}

fn check_filters(filters: &Value, context: &BuildContext<'_>, files: &[FileJson]) {
    let filter = match Filter::build(filters, context) {
        Ok(filter) => filter,
        Err(errors) => {
            for error in errors.as_slice() {
                assert!(error.pointer.starts_with("/filters"), "{error}");
            }
            return;
        }
    };
    let mut policies = vec![
        json!({"id": "1", "name": "1", "filters": filters}),
        json!({"id": "2", "name": "2", "filters": filters, "enabled": false}),
        json!({"id": "3", "name": "3", "filters": {"none": [{"trashed": {"eq": true}}, {"folder": {"eq": false}}]}}),
    ];
    // Many policies are looked up in another way than few.
    if files.len() % 2 == 0 {
        policies.extend(
            (4..12).map(|id| json!({"id": id.to_string(), "name": "n", "filters": filters})),
        );
    }
    let document = json!({"format": "file-policies/1", "policies": policies});
    let set = (context.dialect == FilterDialect::Extended)
        .then(|| PolicySet::from_json(&document.to_string(), context).ok())
        .flatten();
    let never = filter.never_matches();
    assert_ne!(filter.is_within(&filter), Proof::No);
    for file in files {
        let record = &file.record;
        let answer = filter.answer(record, NOW_MS);
        assert_eq!(filter.explain(record, NOW_MS).answer, answer);
        assert!(never != Proof::Yes || answer != Answer::Yes, "{filters}");
        let Some(set) = &set else { continue };
        let mut content = |_: &Inspection| ContentAnswer::NotYet;
        let expected: Vec<(String, Outcome)> = set
            .evaluate(record, NOW_MS, &mut content)
            .filter(|evaluation| evaluation.outcome != Outcome::NoMatch)
            .map(|evaluation| (evaluation.policy.id().to_string(), evaluation.outcome))
            .collect();
        let mut found = Vec::new();
        set.finder()
            .find(record, NOW_MS, &mut content, |evaluation| {
                found.push((evaluation.policy.id().to_string(), evaluation.outcome));
            });
        assert_eq!(found, expected);
        let is_first = expected.first().is_some_and(|(id, _)| id == "1");
        assert_eq!(is_first, answer != Answer::No);
    }
    if let Some(set) = &set {
        check_sweep(set, files);
    }
}

/// An inventory answers for its records as each policy does.
fn check_sweep(set: &PolicySet, files: &[FileJson]) {
    let mut inventory = Inventory::new(InventoryOptions::default());
    for file in files {
        // One with too many labels is refused.
        let _ = inventory.insert(file.record.clone());
    }
    let sweep = inventory.sweep(set, NOW_MS);
    let mut content = |_: &Inspection| ContentAnswer::NotYet;
    for (at, record) in inventory.records().enumerate() {
        let mut matching = Vec::new();
        for evaluation in set.evaluate(record, NOW_MS, &mut content) {
            let (place, outcome) = (evaluation.place, evaluation.outcome);
            assert_eq!(sweep.outcome(place, at), outcome);
            let trace = evaluation
                .policy
                .trace(record, NOW_MS, &mut |_: &Inspection| ContentAnswer::NotYet);
            assert_eq!(trace.outcome(), outcome);
            if outcome != Outcome::NoMatch {
                matching.push((place, outcome));
            }
        }
        let mut found = Vec::new();
        sweep.each_policy(at, |place, outcome| found.push((place, outcome)));
        assert_eq!(found, matching);
    }
    for (place, _) in set.policies().iter().enumerate() {
        sweep.each_record(place, |at, outcome| {
            assert_eq!(sweep.outcome(place, at), outcome);
        });
    }
}

/// A query is written as it was read, and its pages are all that match.
fn check_query(text: &str, context: &BuildContext<'_>, files: &[FileJson]) {
    let Ok(query) = Query::from_json(text, context, &QueryOptions::default()) else {
        return;
    };
    let written = query.to_value().to_string();
    let again = Query::from_json(&written, context, &QueryOptions::default());
    assert_eq!(
        again.map(|query| query.to_value().to_string()).ok(),
        Some(written)
    );
    let mut inventory = Inventory::new(InventoryOptions::default());
    for file in files {
        // One with too many labels is refused.
        let _ = inventory.insert(file.record.clone());
    }
    let page = inventory.answer(&query, NOW_MS);
    assert!(page.records.len() <= query.limit());
    let matching = inventory
        .records()
        .filter(|record| query.filter().answer(record, NOW_MS) == Answer::Yes);
    assert_eq!(page.total, matching.count());
}
