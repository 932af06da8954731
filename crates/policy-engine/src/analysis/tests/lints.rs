use serde_json::{Value, json};

use super::labels;
use crate::analysis::LINTS_MAX;
use crate::check::BuildContext;
use crate::set::PolicySet;

/// The lints of these policies, one line each, without the part that says what they mean.
fn lints(policies: Value) -> Vec<String> {
    let labels = labels();
    let mut context = BuildContext::new(&labels);
    context.detectors = &["iban"];
    let mut policies = policies;
    for (at, policy) in policies.as_array_mut().unwrap().iter_mut().enumerate() {
        let members = policy.as_object_mut().unwrap();
        members.insert("id".to_owned(), json!(format!("p{at}")));
        members.insert("name".to_owned(), json!("P"));
    }
    let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
    let set = PolicySet::from_json(&text, &context).unwrap();
    set.lints(&labels)
        .iter()
        .map(|lint| {
            let other = lint.other.as_ref().map_or("", |other| other.as_str());
            format!("{} {} {other}", lint.pointer, lint.kind.code())
                .trim_end()
                .to_owned()
        })
        .collect()
}

#[test]
fn what_looks_like_a_mistake() {
    assert_eq!(
        lints(json!([{"filters": {"sharing": {"eq": [2, 3]}}}])),
        [""; 0]
    );
    assert_eq!(
        lints(json!([
            {"filters": {"service": {"eq": []}}},
            {"filters": {"sharing": {"neq": [1]}, "owner.orgUnit": {"eq": ["Finance"]}}},
            {"filters": {"sharing": {"neq": [0, 1]}}},
            {"folderScope": {"mode": "selected", "folders": []}},
            {"governance": {"10489": {"trash": true}, "11627": {"notifyOwner": true}}},
            {"filters": {"service": {"eq": [20892]}}, "governance": {"10489": {"notifyOwner": true}}},
            {"alerts": {"dailyLimit": 0}},
        ])),
        [
            "/policies/0/filters never_matches",
            "/policies/1/filters/sharing/neq matches_private",
            "/policies/3/filters never_matches",
            "/policies/4/governance/10489 changes_every_file",
            "/policies/5/governance/10489 actions_never_due",
            "/policies/6/alerts/dailyLimit no_alerts",
        ]
    );
}

#[test]
fn private_files_are_said_to_match_only_where_they_do() {
    let lint = "/policies/0/filters/sharing/neq matches_private";
    for (filters, expected) in [
        (json!({"sharing": {"neq": [1]}}), vec![lint]),
        // Private files are left out elsewhere, or may be.
        (
            json!({"sharing": {"neq": [1]}, "none": [{"sharing": {"eq": [0]}}]}),
            vec![],
        ),
        (
            json!({"sharing": {"neq": [1]}, "any": [{"sharing": {"eq": [2]}}]}),
            vec![],
        ),
        (json!({"sharing": [{"neq": [1]}, {"neq": [0]}]}), vec![]),
        (
            json!({"all": [{"sharing": {"neq": [1]}}]}),
            vec!["/policies/0/filters/all/0/sharing/neq matches_private"],
        ),
        (
            json!({"sharing": {"neq": [1]}, "all": [{"sharing": {"eq": [2]}}]}),
            vec![],
        ),
    ] {
        assert_eq!(lints(json!([{"filters": filters}])), expected, "{filters}");
    }
    let elsewhere = json!([{
        "filters": {"sharing": {"neq": [1]}, "service": {"eq": [20892]}},
        "folderScope": {"mode": "selected", "folders": [{"app": 10489, "id": "f"}]},
    }]);
    assert_eq!(lints(elsewhere), ["/policies/0/filters never_matches"]);
}

#[test]
fn apps_are_left_out_wherever_the_filters_say_so() {
    let never_due = "/policies/0/governance/10489 actions_never_due";
    let notify = json!({"10489": {"notifyOwner": true}});
    for (policy, expected) in [
        (
            json!({"filters": {"all": [{"service": {"eq": [20892]}}]}}),
            vec![never_due],
        ),
        (
            json!({"filters": {"service": {"neq": [10489]}}}),
            vec![never_due],
        ),
        (
            json!({"filters": {"any": [{"service": {"eq": [20892]}}]}}),
            vec![],
        ),
        (
            json!({"folderScope": {"mode": "selected", "folders": [{"app": 20892, "id": "f"}]}}),
            vec![never_due],
        ),
    ] {
        let mut policy = policy;
        policy["governance"] = notify.clone();
        assert_eq!(lints(json!([policy])), expected, "{policy}");
    }
}

#[test]
fn every_file_of_one_app_is_every_file_too() {
    let changes = "/policies/0/governance/10489 changes_every_file";
    for (filters, expected) in [
        (json!({"service": {"eq": [10489]}}), vec![changes]),
        (json!({"service": {"neq": [20892]}}), vec![changes]),
        (
            json!({"instance": {"neq": []}, "all": [{"service": {"eq": [10489]}}]}),
            vec![changes],
        ),
        (
            json!({"service": {"eq": [10489]}, "sharing": {"eq": [2]}}),
            vec![],
        ),
        (json!({"filename": {"contains": ["plan"]}}), vec![]),
    ] {
        let policy = json!({"filters": filters, "governance": {"10489": {"trash": true}}});
        assert_eq!(lints(json!([policy])), expected, "{filters}");
    }
}

#[test]
fn lints_are_bounded() {
    let policy = |at: u32| {
        json!({
            "filters": {"sharing": {"eq": [2, 3]}, "instance": {"neq": [at]}},
            "governance": {"10489": {"expireSharedLink": 1 + at % 3_000}},
        })
    };
    // 1,123,750 pairs, each a contradiction.
    let policies: Value = (0..1_500).map(policy).collect();
    assert_eq!(lints(policies).len(), LINTS_MAX);
}

#[test]
fn policies_that_get_in_each_others_way() {
    let apply = |label: &str| json!({"10489": {"applyLabel": label}});
    let exposed = json!({"sharing": {"eq": [2, 3, 4]}});
    let public = json!({"sharing": {"eq": [3]}});
    let private = json!({"sharing": {"eq": [0]}});
    for (policies, expected) in [
        (
            json!([
                {"filters": exposed, "governance": apply("Secret")},
                {"filters": public, "governance": apply("Plain")},
            ]),
            vec!["/policies/1/governance/10489 shadowed p0"],
        ),
        // The narrow one has the more sensitive label: both have files of their own.
        (
            json!([
                {"filters": exposed, "governance": apply("Plain")},
                {"filters": public, "governance": apply("Secret")},
            ]),
            vec!["/policies/0/governance/10489 contradiction p1"],
        ),
        // Somebody decided which comes first.
        (
            json!([
                {"filters": exposed, "governance": apply("Plain"), "priority": 1},
                {"filters": public, "governance": apply("Secret"), "priority": 2},
            ]),
            vec![],
        ),
        (
            json!([
                {"filters": exposed, "governance": apply("Plain")},
                {"filters": private, "governance": apply("Secret")},
            ]),
            vec![],
        ),
        (
            json!([
                {"filters": exposed, "governance": {"10489": {"expireSharedLink": 7}}},
                {"filters": public, "governance": {"10489": {"expireSharedLink": 30}}},
            ]),
            vec!["/policies/1/governance/10489 contradiction p0"],
        ),
        // Both get what they want.
        (
            json!([
                {"filters": exposed, "governance": apply("Secret")},
                {"filters": public, "governance": apply("Secret")},
            ]),
            vec![],
        ),
        // One label is never applied, and the links end at another time.
        (
            json!([
                {"filters": exposed, "governance":
                    {"10489": {"applyLabel": "Secret", "expireSharedLink": 7}}},
                {"filters": public, "governance":
                    {"10489": {"applyLabel": "Plain", "expireSharedLink": 30}}},
            ]),
            vec![
                "/policies/1/governance/10489 shadowed p0",
                "/policies/1/governance/10489 contradiction p0",
            ],
        ),
        // Labels are never taken off.
        (
            json!([
                {"filters": exposed, "governance": apply("Secret")},
                {"filters": public, "governance": {"10489": {"removeLabel": true}}},
            ]),
            vec!["/policies/1/governance/10489 shadowed p0"],
        ),
        // The second has no files of this app.
        (
            json!([
                {"filters": exposed, "governance": apply("Plain")},
                {"filters": {"service": {"eq": [20892]}},
                 "governance": {"10489": {"removeLabel": true}}},
            ]),
            vec!["/policies/1/governance/10489 actions_never_due"],
        ),
        (
            json!([
                {"filters": {"service": {"eq": [10489, 20892]}}, "governance":
                    {"20892": {"applyLabel": "Plain"}}},
                {"filters": {"service": {"eq": [10489]}},
                 "governance": {"20892": {"removeLabel": true}}},
            ]),
            vec![
                "/policies/0/governance/20892 changes_every_file",
                "/policies/1/governance/20892 actions_never_due",
            ],
        ),
        // In one app all its files, though not everywhere.
        (
            json!([
                {"filters": {"sharing": {"eq": [2, 3]}, "service": {"eq": [10489]}},
                 "governance": apply("Secret")},
                {"filters": {"sharing": {"eq": [3]}}, "governance": apply("Plain")},
            ]),
            vec!["/policies/1/governance/10489 shadowed p0"],
        ),
        // One that is off is in nobody's way.
        (
            json!([
                {"filters": exposed, "governance": apply("Secret"), "enabled": false},
                {"filters": public, "governance": apply("Plain")},
            ]),
            vec![],
        ),
        // Content may tell them apart; the wide one without it shadows all the same.
        (
            json!([
                {"filters": exposed, "governance": apply("Secret")},
                {"filters": public, "governance": apply("Plain"),
                 "inspection": {"method": "built_in", "preset": "iban"}},
            ]),
            vec!["/policies/1/governance/10489 shadowed p0"],
        ),
    ] {
        assert_eq!(lints(policies.clone()), expected, "{policies}");
    }
}
