//! What is proved of policies whose folders, owners or content decide, too.

use super::*;
use crate::document::Inspection;
use crate::evaluate::{ContentAnswer, Outcome};
use crate::policy::Policy;

/// A policy of the app 1, whose scopes may be left out.
fn policy(filters: &Value, folders: &Value, owners: &Value, inspection: &Value) -> Policy {
    let mut policy = json!({"id": "1", "name": "P", "filters": filters});
    for (name, value) in [
        ("folderScope", folders),
        ("ownerScope", owners),
        ("inspection", inspection),
    ] {
        if !value.is_null() {
            policy[name] = value.clone();
        }
    }
    let text = json!({"format": "file-policies/1", "policies": [policy]}).to_string();
    let labels = labels();
    let mut context = BuildContext::new(&labels);
    context.information_types = &["x", "y"];
    let set = PolicySet::from_json(&text, &context).expect(&text);
    set.policies()[0].clone()
}

fn folders(mode: &str, ids: &[&str]) -> Value {
    let folder = |id| json!({"app": 1, "instance": 0, "id": id});
    let folders: Vec<Value> = ids.iter().map(folder).collect();
    json!({"mode": mode, "folders": folders})
}

fn owners(mode: &str, groups: &[&str]) -> Value {
    json!({"mode": mode, "groups": groups})
}

fn looks_for(text: &str) -> Value {
    json!({"method": "classification", "types": [text]})
}

/// Every file that the scopes tell apart, and what its content may hold: neither, one or both of
/// what policies look for.
fn world() -> Vec<(FileRecord, Vec<&'static str>)> {
    let mut files = Vec::new();
    for level in [AccessLevel::Private, AccessLevel::Public] {
        for parent in ["a", "b", "c"] {
            for group in ["g", "h", "i"] {
                for content in [vec![], vec!["x"], vec!["y"], vec!["x", "y"]] {
                    let key = FileKey::new(AppId(1), 0, FileId::parse("1").unwrap());
                    let mut file = FileRecord::new(key, "a");
                    file.label_scan = LabelScan::Done;
                    file.access_level = Some(level);
                    file.parent_folders = vec![Arc::from(parent)];
                    file.ancestor_folders = Some(Vec::new());
                    file.owner_groups = Some(vec![Arc::from(group)]);
                    files.push((file, content));
                }
            }
        }
    }
    files
}

fn matches(policy: &Policy, file: &FileRecord, content: &[&str]) -> bool {
    let mut matcher = |inspection: &Inspection| {
        let asked = format!("{inspection:?}");
        let is_there = content
            .iter()
            .any(|text| asked.contains(&format!("{text:?}")));
        match is_there {
            true => ContentAnswer::Match { count: 1 },
            false => ContentAnswer::NoMatch,
        }
    };
    policy.evaluate(file, 0, &mut matcher) == Outcome::Match
}

fn folder_scopes() -> impl Strategy<Value = Value> {
    let some = subsequence(vec!["a", "b"], 1..=2);
    prop_oneof![
        Just(Value::Null),
        (select(vec!["selected", "excluding"]), some).prop_map(|(mode, ids)| folders(mode, &ids)),
    ]
}

fn owner_scopes() -> impl Strategy<Value = Value> {
    let some = subsequence(vec!["g", "h"], 1..=2);
    prop_oneof![
        Just(Value::Null),
        (select(vec!["selected", "excluding"]), some).prop_map(|(mode, ids)| owners(mode, &ids)),
    ]
}

prop_compose! {
    fn policies()(
        levels in subsequence(vec![0, 3], 1..=2),
        folders in folder_scopes(),
        owners in owner_scopes(),
        content in select(vec![Value::Null, looks_for("x"), looks_for("y")]),
    ) -> Policy {
        policy(&json!({"sharing": {"eq": levels}}), &folders, &owners, &content)
    }
}

proptest! {
    #[test]
    fn proofs_of_policies_hold_for_every_file(one in policies(), other in policies()) {
        let world = world();
        let check = |proof: Proof, is_so: bool| match proof {
            Proof::Yes => is_so,
            Proof::No => !is_so,
            Proof::Unknown => true,
        };
        let holds = |policy: &Policy| -> Vec<bool> {
            world.iter().map(|(file, content)| matches(policy, file, content)).collect()
        };
        let (first, second) = (holds(&one), holds(&other));
        let mut pairs = first.iter().zip(&second);
        let within = pairs.clone().all(|(one, other)| !one || *other);
        let apart = pairs.all(|(one, other)| !(*one && *other));
        let never = first.iter().all(|holds| !holds);
        prop_assert!(check(one.never_matches(), never), "{:?}", one.never_matches());
        prop_assert!(check(one.is_within(&other), within), "{:?}", one.is_within(&other));
        prop_assert!(check(one.is_apart_from(&other), apart), "{:?}", one.is_apart_from(&other));
    }
}

#[test]
fn what_scopes_leave_certain_is_decided() {
    let all = Value::Null;
    let public = json!({"sharing": {"eq": [3]}});
    let exposed = json!({"sharing": {"eq": [2, 3]}});
    let of = |filters: &Value, folders: &Value, owners: &Value, inspection: &Value| {
        policy(filters, folders, owners, inspection)
    };
    let in_folders = |ids: &[&str]| of(&public, &folders("selected", ids), &all, &all);
    let not_in_folders = |ids: &[&str]| of(&public, &folders("excluding", ids), &all, &all);
    let of_owners = |groups: &[&str]| of(&public, &all, &owners("selected", groups), &all);
    let not_of_owners = |groups: &[&str]| of(&public, &all, &owners("excluding", groups), &all);
    let everywhere = of(&public, &all, &all, &all);
    let wider = of(&exposed, &all, &all, &all);
    let inspecting = of(&public, &all, &all, &looks_for("x"));
    use Proof::{No, Unknown, Yes};
    for (case, one, other, within) in [
        ("filters alone", &everywhere, &wider, Yes),
        ("filters alone, the other way", &wider, &everywhere, No),
        ("one folder, all", &in_folders(&["a"]), &everywhere, Yes),
        ("all, one folder", &everywhere, &in_folders(&["a"]), Unknown),
        (
            "fewer folders",
            &in_folders(&["a"]),
            &in_folders(&["a", "b"]),
            Yes,
        ),
        (
            "more folders",
            &in_folders(&["a", "b"]),
            &in_folders(&["a"]),
            Unknown,
        ),
        (
            "the same folders",
            &in_folders(&["a"]),
            &in_folders(&["a"]),
            Yes,
        ),
        (
            "more left out",
            &not_in_folders(&["a", "b"]),
            &not_in_folders(&["a"]),
            Yes,
        ),
        (
            "fewer left out",
            &not_in_folders(&["a"]),
            &not_in_folders(&["a", "b"]),
            Unknown,
        ),
        ("one group, all", &of_owners(&["g"]), &everywhere, Yes),
        ("all, one group", &everywhere, &of_owners(&["g"]), Unknown),
        (
            "fewer groups",
            &of_owners(&["g"]),
            &of_owners(&["g", "h"]),
            Yes,
        ),
        (
            "more groups",
            &of_owners(&["g", "h"]),
            &of_owners(&["g"]),
            Unknown,
        ),
        (
            "the same groups",
            &of_owners(&["g"]),
            &of_owners(&["g"]),
            Yes,
        ),
        (
            "more groups left out",
            &not_of_owners(&["g", "h"]),
            &not_of_owners(&["g"]),
            Yes,
        ),
        (
            "fewer groups left out",
            &not_of_owners(&["g"]),
            &not_of_owners(&["g", "h"]),
            Unknown,
        ),
        ("content, none", &inspecting, &everywhere, Yes),
        ("none, content", &everywhere, &inspecting, Unknown),
        ("the same content", &inspecting, &inspecting, Yes),
        (
            "a folder, other filters",
            &of(&exposed, &folders("selected", &["a"]), &all, &all),
            &everywhere,
            Unknown,
        ),
        (
            "an owner, other filters",
            &of(&exposed, &all, &owners("selected", &["g"]), &all),
            &everywhere,
            Unknown,
        ),
        (
            "content, other filters",
            &of(&exposed, &all, &all, &looks_for("x")),
            &everywhere,
            Unknown,
        ),
    ] {
        assert_eq!(one.is_within(other), within, "within: {case}");
    }
    let private = of(&json!({"sharing": {"eq": [0]}}), &all, &all, &all);
    for (case, one, other, apart) in [
        ("other filters", &private, &public_in_a(), Yes),
        ("the same filters", &everywhere, &wider, No),
        ("a folder", &everywhere, &in_folders(&["a"]), Unknown),
        ("a group", &of_owners(&["g"]), &everywhere, Unknown),
        ("content", &inspecting, &everywhere, Unknown),
    ] {
        assert_eq!(one.is_apart_from(other), apart, "apart: {case}");
    }
    for (case, policy, never) in [
        (
            "no folder",
            of(&public, &folders("selected", &[]), &all, &all),
            Yes,
        ),
        (
            "no group",
            of(&public, &all, &owners("selected", &[]), &all),
            Yes,
        ),
        (
            "no folder left out",
            of(&public, &folders("excluding", &[]), &all, &all),
            No,
        ),
        ("a group", of_owners(&["g"]), No),
        ("content", inspecting.clone(), Unknown),
    ] {
        assert_eq!(policy.never_matches(), never, "never: {case}");
    }
}

fn public_in_a() -> Policy {
    let scope = folders("selected", &["a"]);
    policy(
        &json!({"sharing": {"eq": [3]}}),
        &scope,
        &Value::Null,
        &Value::Null,
    )
}
