//! The JSON of Microsoft Graph: the saved samples, and every kind of action in both namespaces.

use std::fs;
use std::path::Path;

use label_core::SourceError;
use label_core::evaluate::json::{
    GraphActions, GraphExtraction, Namespace, parse_actions, parse_application,
    parse_classification, parse_extraction, parse_removal,
};
use label_core::source::graph;
use serde_json::Value;

use crate::*;

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn contoso() -> LabelCatalog {
    let tenant = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a").unwrap();
    let list = graph::parse(tenant, sample("graph-v1-labels.json").as_bytes()).unwrap();
    LabelCatalog::build(tenant, list.labels).unwrap().0
}

fn sample_context<'a>(
    catalog: &'a LabelCatalog,
    settings: &'a PolicySettings,
) -> EvaluateContext<'a> {
    let mut context = EvaluateContext::new(catalog, settings, NOW_MS);
    context.action_id = ActionId::parse("1166cbf1-a972-4db0-80f8-43de20c95fda").ok();
    context
}

/// The text is the sample, member order included, and so is the value.
fn assert_is_sample(actions: &[LabelAction], name: &str) {
    let answer = GraphActions::new(actions, Namespace::Security);
    let expected = sample(name);
    let text = serde_json::to_string_pretty(&answer).unwrap();
    assert_eq!(text, expected.trim_end(), "{name}");
    let expected: Value = serde_json::from_str(&expected).unwrap();
    assert_eq!(serde_json::to_value(answer).unwrap(), expected, "{name}");
    assert_eq!(parse_actions(text.as_bytes()).unwrap(), actions);
}

#[test]
fn l_078_the_samples_are_reproduced() {
    let (catalog, asking) = (contoso(), asking());
    let context = sample_context(&catalog, &asking);
    let request = sample("evaluate-application-request.json");
    let (mut content, mut options) = parse_application(request.as_bytes()).unwrap();
    let evaluation = evaluate_application(&context, &content, &options).unwrap();
    assert!(evaluation.notes.is_empty());
    assert_is_sample(&evaluation.actions, "evaluate-application-response.json");
    // Nobody said why.
    options.justification = DowngradeJustification::default();
    let asked = evaluate_application(&context, &content, &options).unwrap();
    assert_is_sample(&asked.actions, "evaluate-application-response-justify.json");
    // Carried out, it is done, and the other tenant's label is as it was.
    metadata(&evaluation).carry_out(&mut content.metadata);
    let again = evaluate_application(&context, &content, &options).unwrap();
    assert!(again.actions.is_empty());
    let fabrikam = "MSIP_Label_54cbfbc8-bb94-46bd-9ae0-16514a02a06e_";
    let foreign = content.metadata.iter();
    assert_eq!(
        foreign.filter(|one| one.name.starts_with(fabrikam)).count(),
        7
    );
    assert_eq!(content.metadata.len(), 7 + 8);
}

#[test]
fn l_078_the_older_form_asks_and_answers_the_same() {
    let (catalog, asking) = (contoso(), asking());
    let context = sample_context(&catalog, &asking);
    let request = sample("evaluate-application-request.json");
    for (from, to) in [
        ("\"contentFormat\": \"File\",", ""),
        ("\"format\": \"default\",", ""),
        ("\"format\": \"default\",", "\"format\": null,"),
    ] {
        let request = request.replace(from, to);
        let (content, options) = parse_application(request.as_bytes()).unwrap();
        let evaluation = evaluate_application(&context, &content, &options).unwrap();
        let answer = GraphActions::new(&evaluation.actions, Namespace::Older);
        let expected = sample("evaluate-application-response.json")
            .replace("microsoft.graph.security.", "microsoft.graph.");
        let text = serde_json::to_string_pretty(&answer).unwrap();
        assert_eq!(text, expected.trim_end());
        assert_eq!(parse_actions(text.as_bytes()).unwrap(), evaluation.actions);
    }
}

/// A member: name, kind of value, and whether it is always there.
type Member = (&'static str, char, bool);

/// The members that an action of a type has.
const SHAPES: [(&str, &[Member]); 15] = [
    ("addContentHeaderAction", LINE),
    ("addContentFooterAction", LINE),
    (
        "addWatermarkAction",
        &[
            ("uiElementName", 't', true),
            ("layout", 't', false),
            ("text", 't', true),
            ("fontName", 't', true),
            ("fontSize", 'n', false),
            ("fontColor", 't', true),
        ],
    ),
    ("removeContentHeaderAction", ELEMENTS),
    ("removeContentFooterAction", ELEMENTS),
    ("removeWatermarkAction", ELEMENTS),
    (
        "metadataAction",
        &[
            ("metadataToRemove", 'T', true),
            ("metadataToAdd", 'P', true),
        ],
    ),
    ("protectByTemplateAction", &[("templateId", 't', true)]),
    ("protectAdhocAction", &[]),
    ("protectDoNotForwardAction", &[]),
    ("removeProtectionAction", &[]),
    ("justifyAction", &[]),
    ("applyLabelAction", CHANGE),
    ("recommendLabelAction", CHANGE),
    (
        "customAction",
        &[("name", 't', true), ("properties", 'P', true)],
    ),
];

const LINE: &[Member] = &[
    ("uiElementName", 't', true),
    ("text", 't', true),
    ("fontName", 't', true),
    ("fontSize", 'n', false),
    ("fontColor", 't', true),
    ("alignment", 't', false),
    ("margin", 'n', false),
];

const ELEMENTS: &[Member] = &[("uiElementNames", 'T', true)];

const CHANGE: &[Member] = &[
    ("label", 'L', true),
    ("actions", 'A', true),
    ("actionSource", 't', true),
    ("responsibleSensitiveTypeIds", 'T', true),
];

const LABEL: &[Member] = &[
    ("id", 't', true),
    ("name", 't', true),
    ("description", 't', true),
    ("color", 't', true),
    ("sensitivity", 'n', true),
    ("tooltip", 't', true),
    ("isActive", 'b', true),
    ("parent", 'L', true),
];

/// Every member has its shape, none is missing, and there is no other one.
fn check_members(value: &Value, prefix: &str, shape: &[Member]) {
    let members = value.as_object().unwrap();
    let is_text = |value: &Value| value.is_string();
    for &(name, kind, is_needed) in shape {
        let Some(value) = members.get(name) else {
            assert!(!is_needed, "{name} is missing in {members:?}");
            continue;
        };
        let list = || value.as_array().unwrap().iter();
        match kind {
            't' => assert!(value.is_string(), "{name}"),
            'n' => assert!(value.is_u64(), "{name}"),
            'b' => assert!(value.is_boolean(), "{name}"),
            'T' => assert!(list().all(is_text), "{name}"),
            'P' => list().for_each(|pair| {
                check_members(pair, prefix, &[("name", 't', true), ("value", 't', true)]);
            }),
            'A' => list().for_each(|action| check_action(action, prefix)),
            _ if value.is_null() => assert_eq!(name, "parent"),
            _ => check_members(value, prefix, LABEL),
        }
    }
    for name in members.keys().filter(|name| *name != "@odata.type") {
        assert!(shape.iter().any(|one| one.0 == name), "{name} is unknown");
    }
}

fn check_action(action: &Value, prefix: &str) {
    let full = action["@odata.type"].as_str().unwrap();
    let kind = full.strip_prefix(prefix).unwrap();
    let (_, shape) = SHAPES.iter().find(|(known, _)| *known == kind).unwrap();
    let is_newer = prefix.contains("security");
    if shape.as_ptr() == CHANGE.as_ptr() && is_newer {
        let mut newer = vec![
            ("sensitivityLabelId", 't', true),
            ("sensitivityLabel", 'L', true),
        ];
        newer.extend_from_slice(&CHANGE[1..]);
        check_members(action, prefix, &newer);
    } else {
        check_members(action, prefix, shape);
    }
}

/// Every kind of action, from questions that call for them.
fn all_actions() -> Vec<LabelAction> {
    let (catalog, settings) = (
        LabelCatalog::build(
            own(),
            catalog().with_deleted().cloned().map(decorate).collect(),
        )
        .unwrap()
        .0,
        PolicySettings::default(),
    );
    let mut context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let custom = CustomAction {
        name: "audit".to_owned(),
        properties: vec![NameValue::new("a", "b")],
    };
    let customs = [(id(STAFF), custom)];
    context.custom_actions = &customs;
    let mut all = vec![LabelAction::Justify];
    for (target, format) in [
        (STAFF, ContentFormat::File),
        (SECRET, ContentFormat::File),
        (GENERAL, ContentFormat::File),
        (MESSAGE, ContentFormat::Email),
        (VAGUE, ContentFormat::File),
    ] {
        let mut content = content(record(own(), PUBLIC, "Standard", "15"));
        content.format = format;
        let options = options(target, Method::Standard);
        all.extend(
            evaluate_application(&context, &content, &options)
                .unwrap()
                .actions,
        );
    }
    for (rule, number) in [(2, 2), (3, 3)] {
        let results = [ClassificationResult {
            sensitive_type: SensitiveTypeId::from_u128(number),
            count: 1,
            confidence: 100,
        }];
        let rules = &classify::rules()[rule..=rule];
        let evaluation =
            evaluate_classification_results(&context, &content(Vec::new()), &results, rules);
        all.extend(evaluation.unwrap().actions);
    }
    all
}

/// Markings with all that they can have, and protection of every kind.
fn decorate(mut label: Label) -> Label {
    for marking in label.markings.iter_mut().flatten() {
        marking.font_name = Some("Arial".to_owned());
        marking.font_size = Some(12);
        marking.font_color = Some("#ff0000".to_owned());
        marking.alignment = Some("Center".to_owned());
        marking.layout = Some("Diagonal".to_owned());
        marking.margin = Some(15);
    }
    if label.key.label == id(VAGUE) {
        label.protection = LabelProtection::UserDefined;
    }
    label
}

#[test]
fn l_078_a_strict_reader_takes_every_action() {
    let all = all_actions();
    for (namespace, prefix) in [
        (Namespace::Security, "#microsoft.graph.security."),
        (Namespace::Older, "#microsoft.graph."),
    ] {
        let answer = GraphActions::new(&all, namespace);
        let text = serde_json::to_string(&answer).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 2);
        let context = value["@odata.context"].as_str().unwrap();
        let collection = format!("Collection({}informationProtectionAction)", &prefix[1..]);
        assert!(context.ends_with(&format!("/beta/$metadata#{collection}")));
        let mut kinds: Vec<&str> = Vec::new();
        for action in value["value"].as_array().unwrap() {
            check_action(action, prefix);
            kinds.push(action["@odata.type"].as_str().unwrap());
        }
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), SHAPES.len(), "{kinds:?}");
        assert_eq!(parse_actions(text.as_bytes()).unwrap(), all);
    }
}

#[test]
fn l_078_errors_tell_the_place() {
    let label = r#""labelId":"247d25b6-53f6-440e-9853-7b0b7f86f502""#;
    let application = |content: &str, options: &str| {
        let body = format!(r#"{{"contentInfo":{content},"labelingOptions":{{{options}}}}}"#);
        parse_application(body.as_bytes()).map(|_| ())
    };
    let classification = |results: &str| {
        let body = format!(r#"{{"contentInfo":{{}},"classificationResults":{results}}}"#);
        parse_classification(body.as_bytes()).map(|_| ())
    };
    let actions = |value: &str| parse_actions(value.as_bytes()).map(|_| ());
    let kind = "\"sensitiveTypeId\":\"247d25b6-53f6-440e-9853-7b0b7f86f502\"";
    let nested = r##"{"value":[{"@odata.type":"#microsoft.graph.applyLabelAction",
        "label":{"id":"247d25b6-53f6-440e-9853-7b0b7f86f502"},"actionSource":"automatic",
        "actions":[{"@odata.type":"#microsoft.graph.applyLabelAction"}]}]}"##;
    let cases: [(Result<(), SourceError>, &str); 17] = [
        (application("{}", label), ""),
        (parse_removal(b"{").map(|_| ()), ": not JSON: "),
        (parse_removal(b"[]").map(|_| ()), ": not an object"),
        (
            parse_removal(b"{}").map(|_| ()),
            ": there is no `contentInfo`",
        ),
        (application("null", label), ": there is no `contentInfo`"),
        (
            application("{}", ""),
            "/labelingOptions: there is no `labelId`",
        ),
        (
            application("{}", "\"labelId\":\"x\""),
            "/labelingOptions/labelId: label id: `x` is not a GUID",
        ),
        (
            application(r#"{"metadata":[{"name":"a"},{"name":1}]}"#, label),
            "/contentInfo/metadata/1/name: not a text",
        ),
        (
            application(r#"{"state":"gas"}"#, label),
            "/contentInfo/state: `gas` is none of `rest`, `motion`, `use`",
        ),
        (
            application(r#"{"format":"email","contentFormat":"File"}"#, label),
            "/contentInfo/format: `Email`, and `contentFormat` says `File`",
        ),
        (
            application("{}", &format!(r#"{label},"downgradeJustification":1"#)),
            "/labelingOptions/downgradeJustification: not an object",
        ),
        (classification("{}"), "/classificationResults: not a list"),
        (
            classification(&format!("[{{{kind},\"confidenceLevel\":101}}]")),
            "/classificationResults/0/confidenceLevel: not from 0 to 100",
        ),
        (
            classification(&format!("[{{{kind},\"count\":-1}}]")),
            "/classificationResults/0/count: not a whole number",
        ),
        (actions("{\"value\":null}"), ": there is no `value`"),
        (
            actions(r#"{"value":[{"@odata.type":"blockAccess"}]}"#),
            "/value/0/@odata.type: `blockAccess` is no action",
        ),
        (actions(nested), "/value/0/actions/0/@odata.type: "),
    ];
    for (result, expected) in cases {
        let text = result.map_or_else(|error| error.to_string(), |()| String::new());
        assert!(text.starts_with(expected), "{text:?} {expected:?}");
        assert_eq!(text.is_empty(), expected.is_empty(), "{text:?}");
    }
}

#[test]
fn l_078_removal_and_classification_are_read() {
    let body = r#"{"contentInfo":{"contentFormat":"Email","metadata":null},
        "downgradeJustification":{"isDowngradeJustified":true,"justificationMessage":"because"}}"#;
    let (content, justification) = parse_removal(body.as_bytes()).unwrap();
    assert_eq!(content.format, ContentFormat::Email);
    assert!(justification.is_justified);
    assert_eq!(justification.message.as_deref(), Some("because"));
    let body = r#"{"contentInfo":{"format":"default","state":"motion"},"classificationResults":[
        {"sensitiveTypeId":"00000000-0000-0000-0000-000000000002","count":4,"confidenceLevel":75}]}"#;
    let (_, results) = parse_classification(body.as_bytes()).unwrap();
    assert_eq!(
        results,
        [ClassificationResult {
            sensitive_type: SensitiveTypeId::from_u128(2),
            count: 4,
            confidence: 75,
        }]
    );
}

#[test]
fn l_079_extraction_is_told_in_both_forms() {
    let (catalog, settings) = (contoso(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let request = sample("evaluate-application-request.json");
    let content = parse_extraction(request.as_bytes()).unwrap();
    let found = extract_label(&context, &content).unwrap();
    let answer = |namespace| GraphExtraction::new(&found, &catalog, namespace);
    assert_eq!(
        serde_json::to_string(&answer(Namespace::Security)).unwrap(),
        "{\"@odata.context\":\"https://graph.microsoft.com/beta/$metadata\
         #microsoft.graph.security.contentLabel\",\"createdDateTime\":\"2020-12-01T10:11:12Z\",\
         \"assignmentMethod\":\"standard\",\
         \"sensitivityLabelId\":\"90b3e5d9-f2ca-4932-aea9-4da45249749b\"}"
    );
    let older = serde_json::to_value(answer(Namespace::Older)).unwrap();
    assert_eq!(older["creationDateTime"], "2020-12-01T10:11:12Z");
    assert_eq!(older["label"]["name"], "All Employees");
    assert_eq!(older["label"]["parent"]["name"], "Highly Confidential");
    assert_eq!(older["label"]["color"], "#A80000");
    check_members(&older["label"], "", LABEL);
}
