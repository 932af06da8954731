//! Policies that look into files.

use label_service::{ServiceError, presets};
use policy_engine::PolicyDocument;

use crate::world::*;

fn policy(inspection: &str) -> String {
    format!(r#"{{"id":"p","name":"P","filters":{{}},"inspection":{inspection}}}"#)
}

/// Which of the files match a policy with this inspection.
fn found(inspection: &str, files: &[(&str, &str)]) -> Vec<String> {
    let world = World::new(&policy(inspection));
    for (name, text) in files {
        world.app().put(name, "1", document(text, None));
    }
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    let mut found: Vec<String> = report
        .matches
        .iter()
        .map(|found| found.file.file.to_string())
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn r_117_every_preset_there_is_can_be_chosen() {
    let mut service = World::new("").open();
    let all = presets();
    assert!(!all.is_empty());
    let load = |service: &mut label_service::Service, preset: &str| {
        let inspection = format!(r#"{{"method":"built_in","preset":"{preset}"}}"#);
        let text = format!(
            r#"{{"format":"file-policies/1","policies":[{}]}}"#,
            policy(&inspection)
        );
        assert!(PolicyDocument::from_json(&text).is_ok());
        service.load_policies(&text, MONDAY)
    };
    for preset in all {
        load(&mut service, preset).unwrap_or_else(|error| panic!("{preset}: {error}"));
    }
    let unknown = load(&mut service, "credit_crad").unwrap_err();
    assert!(
        matches!(unknown, ServiceError::Policies { .. }),
        "{unknown:?}"
    );
}

const CARD: &str = "card number 4111 1111 1111 1111";

#[test]
fn a_017_context_threshold_exclusion_and_parts() {
    let files = [
        ("one.docx", CARD),
        ("bare.docx", "pay 4111 1111 1111 1111"),
        (
            "two.docx",
            "card number 4111 1111 1111 1111 and 5500 0000 0000 0004",
        ),
        ("test.docx", "card number 4111 1111 1111 1111 for testing"),
        ("4111 1111 1111 1111.docx", "nothing"),
    ];
    for (members, expected) in [
        ("", &["one.docx", "test.docx", "two.docx"][..]),
        (
            r#","requireContext":false,"searchIn":["content"]"#,
            &["bare.docx", "one.docx", "test.docx", "two.docx"],
        ),
        (r#","minimumMatches":2"#, &["two.docx"]),
        (r#","exclude":"test(?:ing|ed)""#, &["one.docx", "two.docx"]),
        (
            r#","requireContext":false,"searchIn":["file_name"]"#,
            &["4111 1111 1111 1111.docx"],
        ),
        (r#","searchIn":["metadata"]"#, &[]),
    ] {
        let inspection = format!(r#"{{"method":"built_in","preset":"credit_card"{members}}}"#);
        assert_eq!(found(&inspection, &files), expected, "{members}");
    }
}

#[test]
fn a_018_an_expression_outside_of_the_dialect_is_refused() {
    for (expression, accepted) in [
        (r"project-\\d{4}", true),
        ("(?<=project-)x", false),
        ("(unclosed", false),
    ] {
        let text = format!(
            r#"{{"format":"file-policies/1","policies":[{}]}}"#,
            policy(&format!(
                r#"{{"method":"built_in","expression":{{"kind":"regex","text":"{expression}"}}}}"#
            ))
        );
        let mut service = World::new("").open();
        match service.load_policies(&text, MONDAY) {
            Ok(()) => assert!(accepted, "{expression}"),
            Err(ServiceError::Inspection { policy, cause }) => {
                assert!(!accepted, "{expression}: {cause}");
                assert_eq!(policy.as_str(), "p");
            }
            Err(other) => panic!("{expression}: {other:?}"),
        }
    }
}

#[test]
fn a_019_what_was_found_is_told_nowhere() {
    let world = World::new(&policy(r#"{"method":"built_in","preset":"credit_card"}"#));
    world.app().put("one.docx", "1", document(CARD, None));
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.matches.len(), 1);
    let told = format!("{report:?} {:?}", service.files().unwrap());
    assert!(!told.contains("4111"), "{told}");
}

#[test]
fn a_020_beyond_a_million_characters_nothing_is_found() {
    let filler = "x ".repeat(500_000);
    let behind = format!("{filler}{CARD}");
    let before = format!("{CARD} {filler}");
    let files = [("before.docx", &*before), ("behind.docx", &*behind)];
    let inspection = r#"{"method":"built_in","preset":"credit_card"}"#;
    assert_eq!(found(inspection, &files), ["before.docx"]);
}
