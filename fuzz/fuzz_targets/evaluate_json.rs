//! Any bytes as a question about content: refused, or an answer that spares other tenants, reads
//! back in both forms, and leaves nothing to do once it is carried out.
#![no_main]

use std::sync::OnceLock;

use label_core::evaluate::json::{
    GraphActions, GraphExtraction, Namespace, parse_actions, parse_application,
    parse_classification, parse_conditions, parse_extraction, parse_removal,
};
use label_core::evaluate::{
    ClassificationResult, ContentInfo, CustomAction, DowngradeJustification, EvaluateNote,
    LabelingOptions, MetadataAction, NameValue, SupportedActions, evaluate_application,
    evaluate_classification_results, evaluate_removal, extract_label,
};
use label_core::marking::OfficeApp;
use label_core::{
    ActionId, EvaluateContext, LabelAction, LabelCatalog, LabelId, PolicySettings, TenantId,
};
use label_fuzz::contoso;
use libfuzzer_sys::fuzz_target;

const NOW_MS: i64 = 1_609_067_100_000;

const SUPPORTED: [SupportedActions; 11] = [
    SupportedActions::ADD_HEADER,
    SupportedActions::ADD_FOOTER,
    SupportedActions::ADD_WATERMARK,
    SupportedActions::REMOVE_HEADER,
    SupportedActions::REMOVE_FOOTER,
    SupportedActions::REMOVE_WATERMARK,
    SupportedActions::PROTECT_BY_TEMPLATE,
    SupportedActions::PROTECT_ADHOC,
    SupportedActions::PROTECT_DO_NOT_FORWARD,
    SupportedActions::REMOVE_PROTECTION,
    SupportedActions::CUSTOM,
];

const APPS: [OfficeApp; 4] = [
    OfficeApp::Word,
    OfficeApp::Excel,
    OfficeApp::PowerPoint,
    OfficeApp::Outlook,
];

struct World {
    catalog: LabelCatalog,
    /// With a policy that wants no reasons, and one that does.
    settings: [PolicySettings; 2],
    custom: Vec<(LabelId, CustomAction)>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World {
        catalog: contoso::catalog(),
        settings: ["false", "true"]
            .map(|word| PolicySettings::from_pairs([("requiredowngradejustification", word)]).0),
        custom: contoso::custom_actions(),
    })
}

fuzz_target!(|input: &[u8]| {
    let Some((&[kind, low, high], body)) = input.split_first_chunk() else {
        return;
    };
    let world = world();
    let is_asking = kind & 8 != 0;
    let settings = &world.settings[usize::from(is_asking)];
    let mut context = EvaluateContext::new(&world.catalog, settings, NOW_MS);
    // What is not supported, so that zeros are the usual case.
    let bits = u16::from_le_bytes([low, high]);
    for (at, action) in SUPPORTED.into_iter().enumerate() {
        if bits >> at & 1 != 0 {
            context.supported = context.supported.without(action);
        }
    }
    context.action_id = (bits >> 11 & 1 != 0).then(|| ActionId::from_u128(1));
    context.app = APPS[usize::from(bits >> 12 & 3)];
    if bits >> 14 & 1 != 0 {
        context.custom_actions = &world.custom;
    }
    match kind & 7 {
        1 => removal(&context, body, is_asking),
        2 => classification(&context, body),
        3 => extraction(&context, body),
        4 => actions(body),
        5 => conditions(body),
        _ => application(&context, body, is_asking),
    }
});

fn application(context: &EvaluateContext<'_>, body: &[u8], is_asking: bool) {
    let read = parse_application(body);
    assert_eq!(parse_application(body), read, "another answer");
    match read {
        Ok((content, options)) => apply(context, &content, &options, is_asking),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn apply(
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
    options: &LabelingOptions,
    is_asking: bool,
) {
    let answer = evaluate_application(context, content, options);
    let again = evaluate_application(context, content, options);
    assert_eq!(answer, again, "another answer");
    let evaluation = match answer {
        Ok(evaluation) => evaluation,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let target = evaluation.notes.iter().find_map(|note| match note {
        EvaluateNote::DefaultSublabel { sublabel, .. } => Some(*sublabel),
        _ => None,
    });
    let target = target.unwrap_or(options.label);
    let current = extract_label(context, content).map(|found| found.key.label);
    let is_downgrade =
        current.is_some_and(|current| context.catalog.is_downgrade(current, Some(target)));
    if is_asking && is_downgrade && !options.justification.is_justified {
        assert_eq!(evaluation.actions, [LabelAction::Justify]);
    } else {
        assert!(!evaluation.actions.contains(&LabelAction::Justify));
    }
    check(content, &evaluation.actions, Some(target));
    let Some(metadata) = metadata(&evaluation.actions) else {
        return;
    };
    let after = carried_out(content, metadata);
    let found = extract_label(context, &after).expect("the label that was set");
    assert_eq!(found.key.label, target);
    assert!(found.notes.is_empty(), "one of several labels");
    for property in &options.extended_properties {
        let is_there = |one: &NameValue| {
            one.name.eq_ignore_ascii_case(&property.name) && one.value == property.value
        };
        assert!(found.extended_properties.iter().any(is_there));
    }
    let rest = evaluate_application(context, &after, options).expect("the same label");
    assert_eq!(rest.actions, [], "something is left to do");
}

fn removal(context: &EvaluateContext<'_>, body: &[u8], is_asking: bool) {
    let read = parse_removal(body);
    assert_eq!(parse_removal(body), read, "another answer");
    match read {
        Ok((content, justification)) => remove(context, &content, &justification, is_asking),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn remove(
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
    justification: &DowngradeJustification,
    is_asking: bool,
) {
    let evaluation = evaluate_removal(context, content, justification);
    let again = evaluate_removal(context, content, justification);
    assert_eq!(evaluation, again, "another answer");
    check(content, &evaluation.actions, None);
    if extract_label(context, content).is_none() {
        assert_eq!(evaluation.actions, []);
    } else if is_asking && !justification.is_justified {
        assert_eq!(evaluation.actions, [LabelAction::Justify]);
    } else {
        let metadata = metadata(&evaluation.actions).expect("a label is there");
        assert_eq!(metadata.to_add, []);
        let after = carried_out(content, metadata);
        assert_eq!(extract_label(context, &after), None);
        let rest = evaluate_removal(context, &after, justification);
        assert_eq!(rest.actions, [], "something is left to do");
    }
}

fn classification(context: &EvaluateContext<'_>, body: &[u8]) {
    let read = parse_classification(body);
    assert_eq!(parse_classification(body), read, "another answer");
    match read {
        Ok((content, results)) => classify(context, &content, &results),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn classify(
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
    results: &[ClassificationResult],
) {
    let rules = contoso::rules();
    let evaluate = |content| evaluate_classification_results(context, content, results, &rules);
    let answer = evaluate(content);
    assert_eq!(answer, evaluate(content), "another answer");
    let evaluation = match answer {
        Ok(evaluation) => evaluation,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    check_round_trip(&evaluation.actions);
    let change = match evaluation.actions.as_slice() {
        [] => return,
        [LabelAction::ApplyLabel(change)] => {
            assert!(!change.actions.contains(&LabelAction::Justify));
            change
        }
        [LabelAction::RecommendLabel(change)] => change,
        other => panic!("not one label: {other:?}"),
    };
    assert!(!change.responsible_types.is_empty());
    for kind in &change.responsible_types {
        assert!(results.iter().any(|result| result.sensitive_type == *kind));
    }
    check(content, &change.actions, Some(change.label.id));
    if let Some(metadata) = metadata(&change.actions) {
        let after = carried_out(content, metadata);
        let found = extract_label(context, &after).expect("the label that was set");
        assert_eq!(found.key.label, change.label.id);
        let rest = evaluate(&after).expect("the same label");
        assert_eq!(rest.actions, [], "something is left to do");
    }
}

fn extraction(context: &EvaluateContext<'_>, body: &[u8]) {
    let read = parse_extraction(body);
    assert_eq!(parse_extraction(body), read, "another answer");
    let Ok(content) = read else {
        return;
    };
    let found = extract_label(context, &content);
    assert_eq!(extract_label(context, &content), found, "another answer");
    let Some(found) = found else {
        return;
    };
    assert_eq!(found.key.tenant, contoso::TENANT);
    assert!(is_own(&content.metadata, found.key.label));
    for namespace in [Namespace::Security, Namespace::Older] {
        let answer = GraphExtraction::new(&found, context.catalog, namespace);
        let answer = serde_json::to_value(answer).expect("plain data");
        let id = found.key.label.to_string();
        assert!(answer["sensitivityLabelId"] == id || answer["label"]["id"] == id);
    }
}

fn actions(body: &[u8]) {
    let read = parse_actions(body);
    assert_eq!(parse_actions(body), read, "another answer");
    match read {
        Ok(actions) => check_round_trip(&actions),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn conditions(body: &[u8]) {
    let Ok(text) = str::from_utf8(body) else {
        return;
    };
    let read = parse_conditions(contoso::GENERAL, text);
    assert_eq!(
        parse_conditions(contoso::GENERAL, text),
        read,
        "another answer"
    );
    for rule in read.unwrap_or_default() {
        assert_eq!(rule.label, contoso::GENERAL);
        let mut result = ClassificationResult {
            sensitive_type: rule.sensitive_type,
            count: rule.min_count,
            confidence: rule.min_confidence,
        };
        let is_possible = rule.max_count.is_none_or(|most| rule.min_count <= most);
        assert_eq!(rule.is_satisfied(&result), is_possible);
        assert!(result.confidence <= 100);
        if let Some(fewer) = rule.min_count.checked_sub(1) {
            result.count = fewer;
            assert!(!rule.is_satisfied(&result), "too few are enough");
        }
    }
}

/// What is answered reads back, and touches nothing of other tenants.
fn check(content: &ContentInfo, actions: &[LabelAction], target: Option<LabelId>) {
    check_round_trip(actions);
    let Some(metadata) = metadata(actions) else {
        return;
    };
    for name in &metadata.to_remove {
        assert!(content.metadata.iter().any(|one| one.name == *name));
        let label = label_of(name).expect("only labels are removed");
        // What names no tenant becomes ours where our label of the same id is set.
        let becomes_own = Some(label) == target && !is_foreign(&content.metadata, label);
        let is_ours = is_own(&content.metadata, label) || becomes_own;
        assert!(is_ours, "not ours: {name}");
    }
    let after = carried_out(content, metadata);
    let is_others = |one: &&NameValue| match label_of(&one.name) {
        Some(label) => is_foreign(&content.metadata, label),
        None => true,
    };
    let before = content.metadata.iter().filter(is_others);
    assert!(
        after.metadata.iter().filter(is_others).eq(before),
        "others' metadata has changed"
    );
}

fn check_round_trip(actions: &[LabelAction]) {
    for namespace in [Namespace::Security, Namespace::Older] {
        let answer = GraphActions::new(actions, namespace);
        let text = serde_json::to_string(&answer).expect("plain data");
        let back = parse_actions(text.as_bytes()).expect("what was written");
        assert_eq!(back, actions, "other actions");
    }
}

/// The change of the metadata, which is always the last action.
fn metadata(actions: &[LabelAction]) -> Option<&MetadataAction> {
    let metadata = match actions.last()? {
        LabelAction::Metadata(metadata) => metadata,
        LabelAction::Justify => return None,
        other => panic!("metadata is not last: {other:?}"),
    };
    let is_metadata = |action: &&LabelAction| matches!(action, LabelAction::Metadata(_));
    assert_eq!(actions.iter().filter(is_metadata).count(), 1);
    Some(metadata)
}

fn carried_out(content: &ContentInfo, metadata: &MetadataAction) -> ContentInfo {
    let mut after = content.clone();
    metadata.carry_out(&mut after.metadata);
    after
}

/// Label and attribute of a metadata's name.
fn parts(name: &str) -> Option<(LabelId, &str)> {
    let (prefix, rest) = name.split_at_checked("MSIP_Label_".len())?;
    let (id, attribute) = rest.split_once('_')?;
    let is_label = prefix.eq_ignore_ascii_case("MSIP_Label_") && !attribute.is_empty();
    Some((LabelId::parse(id).ok().filter(|_| is_label)?, attribute))
}

fn label_of(name: &str) -> Option<LabelId> {
    parts(name).map(|(label, _)| label)
}

/// The tenants that metadata names for a label; `None` is a text that names none.
fn tenants(metadata: &[NameValue], label: LabelId) -> Vec<Option<TenantId>> {
    let is_site = |one: &&NameValue| {
        parts(&one.name).is_some_and(|(id, attribute)| {
            id == label && attribute.eq_ignore_ascii_case("SiteId") && !one.value.trim().is_empty()
        })
    };
    let sites = metadata.iter().filter(is_site);
    sites.map(|one| TenantId::parse(&one.value).ok()).collect()
}

fn is_foreign(metadata: &[NameValue], label: LabelId) -> bool {
    let own = Some(contoso::TENANT);
    tenants(metadata, label).iter().any(|tenant| *tenant != own)
}

fn is_own(metadata: &[NameValue], label: LabelId) -> bool {
    !tenants(metadata, label).is_empty() && !is_foreign(metadata, label)
}
