//! What holds for all policies and records.

use policy_engine::{ContentAnswer, Field, FilterDialect, Inspection, Outcome, PolicySet};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::generate::{PRESENTS, conditions, contents, folders, policies, records};
use super::naive;
use crate::shared::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn evaluation_agrees_with_the_naive_twin(
        policy in policies(),
        records in proptest::collection::vec(records(), 1..8),
        content in contents(),
        now_ms in select(PRESENTS.to_vec()),
    ) {
        let labels = labels();
        let text = json!({"format": "file-policies/1", "policies": [policy]}).to_string();
        let set = match PolicySet::from_json(&text, &context(&labels)) {
            Ok(set) => set,
            Err(errors) => panic!("{errors}"),
        };
        let rewritten = serde_json::to_string(&set.document()).unwrap();
        let again = PolicySet::from_json(&rewritten, &context(&labels)).unwrap();
        for record in &records {
            let expected = naive(&policy, record, content, now_ms);
            let mut matcher = |_: &Inspection| content;
            for set in [&set, &again] {
                let outcomes: Vec<Outcome> = set
                    .evaluate(record, now_ms, &mut matcher)
                    .map(|evaluation| evaluation.outcome)
                    .collect();
                prop_assert_eq!(outcomes, vec![expected], "{}", record.name);
            }
            let policy = &set.policies()[0];
            let explanation = policy.explain(record, now_ms, &mut matcher);
            prop_assert_eq!(explanation.outcome, expected);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Many policies at once say what each of them says alone.
    #[test]
    fn the_finder_agrees_with_each_policy(
        policies in prop_oneof![
            4 => proptest::collection::vec(policies(), 1..10),
            1 => proptest::collection::vec(policies(), 60..70),
        ],
        records in proptest::collection::vec(records(), 1..6),
        content in contents(),
        now_ms in select(PRESENTS.to_vec()),
    ) {
        let labels = labels();
        let mut policies = policies;
        for (at, policy) in policies.iter_mut().enumerate() {
            policy["id"] = json!(at.to_string());
        }
        let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
        let set = PolicySet::from_json(&text, &context(&labels)).unwrap();
        let mut finder = set.finder();
        for record in &records {
            let mut matcher = |_: &Inspection| content;
            let expected: Vec<(usize, Outcome)> = set
                .evaluate(record, now_ms, &mut matcher)
                .map(|evaluation| evaluation.outcome)
                .enumerate()
                .filter(|(_, outcome)| *outcome != Outcome::NoMatch)
                .collect();
            let mut found = Vec::new();
            finder.find(record, now_ms, &mut matcher, |evaluation| {
                let at = evaluation.policy.id().as_str().parse::<usize>().unwrap();
                found.push((at, evaluation.outcome));
            });
            prop_assert_eq!(found, expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// a policy of two filters matches exactly what both match alone.
    #[test]
    fn r_010_filters_intersect(
        one in conditions(),
        other in conditions(),
        records in proptest::collection::vec(records(), 1..8),
    ) {
        // These two are about each other and about deleted files.
        prop_assume!(![one.0, other.0].contains(&"allowDeleted"));
        let of = |parts: &[&(&str, &str, Value)]| {
            let mut filters = Map::new();
            for (name, operator, operand) in parts {
                let entry = filters.entry((*name).to_owned()).or_insert(json!([]));
                entry.as_array_mut().unwrap().push(json!({*operator: operand}));
            }
            build(json!({"filters": filters}))
        };
        let (first, second, both) = (of(&[&one]), of(&[&other]), of(&[&one, &other]));
        for record in &records {
            let expected = matches(&first, record) && matches(&second, record);
            prop_assert_eq!(matches(&both, record), expected);
        }
    }

    /// the two folder scopes divide the files of an app between them.
    #[test]
    fn r_201_folder_scopes_are_complements(
        folders in proptest::collection::vec(folders(), 0..3),
        record in records(),
    ) {
        let of = |mode: &str| {
            let scope = json!({"mode": mode, "folders": folders});
            build(json!({"folderScope": scope, "filters": {"allowDeleted": {"eq": true}}}))
        };
        prop_assert_ne!(matches(&of("selected"), &record), matches(&of("excluding"), &record));
    }

    /// reading a file can only make a policy match that covers it.
    #[test]
    fn r_113_a_match_is_covered(policy in policies(), record in records()) {
        let mut members = policy;
        members.as_object_mut().unwrap().remove("id");
        let policy = build(members);
        let mut matcher = |_: &Inspection| ContentAnswer::Match { count: 1 };
        let outcome = policy.evaluate(&record, NOW_MS, &mut matcher);
        if outcome != Outcome::NoMatch {
            prop_assert!(policy.covers(&record, NOW_MS));
        }
    }

    /// Whatever a document says, building it ends with policies or errors.
    #[test]
    fn any_document_is_answered(text in "\\PC{0,80}", operand in "[-{}\\[\\]\":,a-z0-9]{0,30}") {
        let labels = labels();
        let context = context(&labels);
        let _ = PolicySet::from_json(&text, &context).map_err(|errors| errors.to_string());
        let value = serde_json::from_str::<Value>(&operand).unwrap_or(json!(operand));
        for name in Field::names(FilterDialect::Extended) {
            let filters = json!({name: {"eq": value}, "filename": {"contains": [operand]}});
            let built = PolicySet::from_json(
                &document(json!({"filters": filters})).to_string(),
                &context,
            );
            if let Err(errors) = built {
                prop_assert!(!errors.as_slice().is_empty());
                for error in errors.as_slice() {
                    prop_assert!(error.pointer.starts_with("/policies/0"), "{error}");
                }
            }
        }
    }
}
