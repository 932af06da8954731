//! Conditions of PowerShell's export as rules.

use std::fs;
use std::path::Path;

use label_core::evaluate::json::parse_conditions;
use serde_json::{Value, json};

use crate::*;

fn setting(key: &str, value: &str) -> Value {
    json!({"Key": key, "Value": value})
}

fn settings() -> Vec<Value> {
    [
        ("mincount", "5"),
        ("maxconfidence", "100"),
        ("minconfidence", "85"),
        ("maxcount", "9"),
        ("autoapplytype", "Recommended"),
    ]
    .map(|(key, value)| setting(key, value))
    .to_vec()
}

fn condition(settings: Vec<Value>) -> Value {
    json!({
        "Key": "CCSI",
        "Value": "50842eb7-edc8-4019-85dd-5a5c1f2bb085",
        "Properties": null,
        "Settings": settings,
    })
}

#[test]
fn the_conditions_of_the_export_are_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let text = fs::read_to_string(folder.join("get-label.json")).unwrap();
    let export: Value = serde_json::from_str(&text).unwrap();
    let mut seen = 0;
    for label in export.as_array().unwrap() {
        let Some(text) = label["Conditions"].as_str() else {
            continue;
        };
        let id = LabelId::parse(label["ImmutableId"].as_str().unwrap()).unwrap();
        let [rule] = parse_conditions(id, text).unwrap().try_into().unwrap();
        let cards = SensitiveTypeId::parse("50842eb7-edc8-4019-85dd-5a5c1f2bb085").unwrap();
        let mut expected = ClassificationRule::new(id, cards, RuleMode::Automatic);
        (expected.min_count, expected.min_confidence) = (5, 85);
        assert_eq!(rule, expected);
        seen += 1;
    }
    assert_eq!(seen, 1);
}

#[test]
fn conditions_that_are_not_known_are_no_rules() {
    let with = |key: &str, value: &str| {
        let mut settings = settings();
        settings.retain(|one| one["Key"] != key);
        settings.push(setting(key, value));
        condition(settings)
    };
    let without = |key: &str| {
        let mut settings = settings();
        settings.retain(|one| one["Key"] != key);
        condition(settings)
    };
    let known = || condition(settings());
    let mut other = known();
    other["Key"] = json!("CCTL");
    let mut properties = known();
    properties["Properties"] = json!([1]);
    let mut more = known();
    more["More"] = Value::Null;
    for (value, expected) in [
        (known(), "1"),
        (json!({"And": [{"Or": [known(), known()]}]}), "2"),
        (json!({"Or": [{"And": [known()]}, known()]}), "2"),
        (with("maxcount", "-1"), "1"),
        (with("policytip", "x"), "1"),
        (
            json!({"And": [known(), known()]}),
            "/And: several conditions that must all hold",
        ),
        (json!({"And": []}), "/And: nothing in it"),
        (json!({"Or": [known()], "And": []}), ": two groups in one"),
        (json!({"Or": [known()], "Not": []}), "/Not: not known"),
        (
            json!({"Or": [other]}),
            "/Or/0/Key: `CCTL` is no sensitive type",
        ),
        (properties, "/Properties: not null"),
        (more, "/More: not known"),
        (
            with("surprise", "1"),
            "/Settings/5/Key: `surprise` is not known",
        ),
        (
            with("mincount", "x"),
            "/Settings/4/Value: not a whole number",
        ),
        (with("mincount", "-2"), "/Settings: a bound is out of range"),
        (
            with("minconfidence", "101"),
            "/Settings: a bound is out of range",
        ),
        (
            with("maxconfidence", "99"),
            "/Settings: `maxconfidence` is not 100",
        ),
        (
            without("maxcount"),
            "/Settings: not all four bounds are there",
        ),
        (
            without("autoapplytype"),
            "/Settings: there is no `autoapplytype`",
        ),
        (
            with("autoapplytype", "Sometimes"),
            "/Settings/4/Value: `Sometimes` is no way to apply a label",
        ),
        (json!([]), ": not an object"),
    ] {
        let found = match parse_conditions(id(GENERAL), &value.to_string()) {
            Ok(rules) => rules.len().to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{value}");
    }
    let deep = (0..9).fold(known(), |inner, _| json!({"Or": [inner]}));
    assert!(parse_conditions(id(GENERAL), &deep.to_string()).is_err());
}
