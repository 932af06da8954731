//! Setting and removing a label: what is answered, and what is refused.

use crate::*;

#[test]
fn l_070_a_first_label_is_one_action_with_its_attributes() {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let mut context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    context.action_id = Some(ActionId::from_u128(7));
    let options = options(GENERAL, Method::Privileged);
    let evaluation = evaluate_application(&context, &content(Vec::new()), &options).unwrap();
    assert_eq!(kinds(&evaluation.actions), ["metadata"]);
    assert!(evaluation.notes.is_empty());
    let metadata = metadata(&evaluation);
    assert!(metadata.to_remove.is_empty());
    assert_eq!(
        metadata.to_add,
        [
            ("Enabled", "true"),
            ("SetDate", "2020-12-27T11:05:00Z"),
            ("Method", "Privileged"),
            ("Name", "name of General"),
            ("SiteId", "00000000-0000-0000-0000-00000000000a"),
            ("ActionId", "00000000-0000-0000-0000-000000000007"),
            ("ContentBits", "0"),
        ]
        .map(|(attribute, value)| entry(GENERAL, attribute, value))
    );
}

#[test]
fn l_070_extended_properties_are_checked() {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let long = "ä".repeat(255);
    let longer = "ä".repeat(256);
    let numbers: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    let numbered = |count: usize| numbers[..count].iter().map(|name| (name.as_str(), ""));
    for (properties, problem) in [
        (vec![(long.as_str(), long.as_str())], None),
        (vec![("a", ""), ("b", "x")], None),
        (
            vec![(longer.as_str(), "")],
            Some(PropertyProblem::NameTooLong),
        ),
        (
            vec![("a", longer.as_str())],
            Some(PropertyProblem::ValueTooLong),
        ),
        (vec![(" ", "x")], Some(PropertyProblem::NoName)),
        (vec![("a\n", "x")], Some(PropertyProblem::ControlCharacter)),
        (vec![("siteid", "x")], Some(PropertyProblem::Reserved)),
        (vec![("a", "x"), ("A", "x")], Some(PropertyProblem::Twice)),
        (numbered(100).collect(), None),
        (numbered(101).collect(), Some(PropertyProblem::TooMany)),
    ] {
        let mut options = options(GENERAL, Method::Standard);
        options.extended_properties = properties
            .iter()
            .map(|(name, value)| NameValue::new(name, value))
            .collect();
        let result = evaluate_application(&context, &content(Vec::new()), &options);
        match problem {
            None => assert_eq!(
                metadata(&result.unwrap()).to_add.len(),
                6 + properties.len()
            ),
            Some(expected) => {
                let error = result.unwrap_err();
                let EvaluateError::ExtendedProperty { problem, .. } = error else {
                    panic!("{error}");
                };
                assert_eq!(problem, expected);
            }
        }
    }
}

#[test]
fn l_071_a_downgrade_needs_a_reason_where_the_policy_wants_one() {
    let catalog = catalog();
    let (open, asking) = (PolicySettings::default(), asking());
    let full = ["-Footer", "-protection", "metadata"];
    let sibling = ["-Header", "-Watermark", "metadata"];
    for (settings, from, bits, to, is_justified, expected) in [
        (&asking, SECRET, "10", GENERAL, false, &["justify"][..]),
        (&asking, SECRET, "10", GENERAL, true, &full),
        (&open, SECRET, "10", GENERAL, false, &full),
        // Between siblings, upwards, and from what the list doesn't know.
        (&asking, STAFF, "5", FINANCE, false, &sibling),
        (&asking, PUBLIC, "0", GENERAL, false, &["metadata"]),
        (&asking, UNLISTED, "0", GENERAL, false, &["metadata"]),
    ] {
        let context = EvaluateContext::new(&catalog, settings, NOW_MS);
        let mut options = options(to, Method::Standard);
        options.justification.is_justified = is_justified;
        let content = content(record(own(), from, "Standard", bits));
        let evaluation = evaluate_application(&context, &content, &options).unwrap();
        assert_eq!(kinds(&evaluation.actions), expected, "{from} to {to}");
    }
}

#[test]
fn l_072_foreign_labels_stay() {
    let mut entries = record(foreign(), STAFF, "Privileged", "7");
    entries.push(entry(FINANCE, "Enabled", "true"));
    entries.push(NameValue::new("Sensitivity", "Foreign"));
    entries.extend(record(own(), PUBLIC, "Standard", "0"));
    let content = content(entries);
    let evaluation = apply(&content, GENERAL).unwrap();
    let removed = metadata(&evaluation).to_remove;
    assert_eq!(removed.len(), 6);
    assert!(
        removed
            .iter()
            .all(|name| name.contains(&id(PUBLIC).to_string()))
    );
    // The same id in another tenant has the same names: there is room for one.
    let error = apply(&content, STAFF).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the metadata of label `{}` of tenant `{}` has the names that are needed",
            id(STAFF),
            foreign()
        )
    );
    // What nobody owns is no obstacle.
    assert!(apply(&content, FINANCE).is_ok());
}

#[test]
fn l_075_what_nobody_owns_does_not_hide_what_is_written() {
    let general = id(GENERAL);
    for form in [format!("{{{general}}}"), format!(" {general}")] {
        let named = |attribute: &str| format!("MSIP_Label_{form}_{attribute}");
        let mut content = content(vec![
            NameValue::new(&named("Enabled"), "false"),
            NameValue::new(&named("Method"), "x"),
            NameValue::new(&named("Source"), "y"),
        ]);
        let evaluation = apply(&content, GENERAL).unwrap();
        let metadata = metadata(&evaluation);
        assert_eq!(metadata.to_remove, ["Enabled", "Method"].map(named));
        metadata.carry_out(&mut content.metadata);
        assert_eq!(apply(&content, GENERAL).unwrap().actions, []);
        // What hides nothing is left alone.
        assert!(
            content
                .metadata
                .iter()
                .any(|one| one.name == named("Source"))
        );
    }
}

#[test]
fn l_073_removal_takes_all_that_is_own() {
    let (catalog, open, asking) = (catalog(), PolicySettings::default(), asking());
    let mut own_names = record(own(), SECRET, "Privileged", "10");
    own_names.push(entry(SECRET, "Source", "HrExport"));
    own_names.push(NameValue::new(
        &format!("msip_label_{}_extra", id(SECRET).to_string().to_uppercase()),
        "x",
    ));
    let mut entries = record(foreign(), STAFF, "Standard", "1");
    entries.extend(own_names.clone());
    let labelled = content(entries);
    let not = DowngradeJustification::default();
    let context = EvaluateContext::new(&catalog, &open, NOW_MS);
    let evaluation = evaluate_removal(&context, &labelled, &not);
    assert_eq!(
        kinds(&evaluation.actions),
        ["-Footer", "-protection", "metadata"]
    );
    let action = metadata(&evaluation);
    let names: Vec<String> = own_names.into_iter().map(|one| one.name).collect();
    assert_eq!(action.to_remove, names);
    assert!(action.to_add.is_empty());
    let context = EvaluateContext::new(&catalog, &asking, NOW_MS);
    let evaluation = evaluate_removal(&context, &labelled, &not);
    assert_eq!(kinds(&evaluation.actions), ["justify"]);
    let evaluation = evaluate_removal(&context, &labelled, &justified());
    assert_eq!(evaluation.actions.len(), 3);
    // Nothing to remove: nothing to justify.
    let mut disabled = record(own(), SECRET, "Standard", "0");
    disabled[0].value = "false".to_owned();
    for metadata in [
        Vec::new(),
        record(foreign(), STAFF, "Standard", "15"),
        disabled,
    ] {
        let evaluation = evaluate_removal(&context, &content(metadata), &not);
        assert!(evaluation.actions.is_empty());
    }
}

#[test]
fn l_074_a_label_set_on_purpose_is_not_replaced_by_lower_methods() {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    use Method::{Auto, Privileged, Standard};
    for (present, requested, works) in [
        ("Privileged", Auto, false),
        ("PRIVILEGED", Standard, false),
        ("Privileged", Privileged, true),
        ("Standard", Auto, true),
        ("Auto", Standard, true),
        ("odd", Auto, true),
    ] {
        for target in [PUBLIC, GENERAL, SECRET] {
            let content = content(record(own(), GENERAL, present, "0"));
            let result = evaluate_application(&context, &content, &options(target, requested));
            assert_eq!(result.is_ok(), works, "{present} {requested} {target}");
            if let Err(error) = result {
                assert_eq!(
                    error.to_string(),
                    format!(
                        "the present label `{}` was set with method `Privileged`; method \
                         `{requested}` does not replace it",
                        id(GENERAL)
                    )
                );
            }
        }
    }
}

#[test]
fn l_077_each_obstacle_is_an_error_of_its_own() {
    let id = |label: u128| id(label).to_string();
    let mut seen = Vec::new();
    for (label, text) in [
        (
            UNLISTED,
            format!("label `{}` is not in the tenant's list", id(UNLISTED)),
        ),
        (GONE, "label `Gone` was deleted".to_owned()),
        (RETIRED, "label `Retired` is disabled".to_owned()),
        (HIDDEN, "label `Hidden` is not published".to_owned()),
        (
            GROUP,
            format!(
                "label `Group` is only the heading of its sublabels, and its default sublabel \
                 `{}` can't be applied",
                id(RETIRED)
            ),
        ),
        (
            SITE,
            "label `Site` is not for content of the format `File`".to_owned(),
        ),
        (
            MESSAGE,
            "label `Message` is not for content of the format `File`".to_owned(),
        ),
        (
            VAGUE,
            "the label list does not say how label `Vague` protects".to_owned(),
        ),
    ] {
        let error = apply(&content(Vec::new()), label).unwrap_err();
        assert_eq!(error.to_string(), text);
        seen.push(std::mem::discriminant(&error));
    }
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[test]
fn l_077_a_heading_stands_for_its_default_sublabel() {
    let evaluation = apply(&content(Vec::new()), CONFIDENTIAL).unwrap();
    assert_eq!(added(&evaluation, "Name"), "name of Staff");
    assert_eq!(
        evaluation.notes,
        [EvaluateNote::DefaultSublabel {
            heading: id(CONFIDENTIAL),
            sublabel: id(STAFF),
        }]
    );
    // Without one, or with one that is not below it.
    for default in [None, Some(id(GENERAL)), Some(id(UNLISTED))] {
        let catalog = changed(CONFIDENTIAL, |label| label.default_sublabel = default);
        let settings = PolicySettings::default();
        let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
        let options = options(CONFIDENTIAL, Method::Standard);
        let error = evaluate_application(&context, &content(Vec::new()), &options).unwrap_err();
        assert_eq!(
            error,
            EvaluateError::Heading {
                label: id(CONFIDENTIAL),
                name: "Confidential".to_owned(),
                default_sublabel: default,
            }
        );
    }
}

#[test]
fn l_077_what_the_source_calls_a_heading_is_one() {
    let catalog = changed(GENERAL, |label| label.is_appliable = Some(false));
    let settings = PolicySettings::default();
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let options = options(GENERAL, Method::Standard);
    let error = evaluate_application(&context, &content(Vec::new()), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "label `General` is only the heading of its sublabels, and none of them is its default"
    );
}
