//! The same label again, and what is done to the content.

use crate::*;

#[test]
fn l_075_the_same_label_needs_nothing_or_a_repair() {
    let complete = || record(own(), GENERAL, "Privileged", "0");
    let without = |attribute: &str| {
        let mut entries = complete();
        entries.retain(|one| !one.name.ends_with(attribute));
        entries
    };
    let with = |attribute: &str, value: &str| {
        let mut entries = without(attribute);
        entries.push(entry(GENERAL, attribute, value));
        entries
    };
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    for (metadata, expected) in [
        (complete(), &[][..]),
        (with("ActionId", "x"), &[]),
        (with("Source", "HrExport"), &[]),
        (without("SetDate"), &["metadata"]),
        (with("SetDate", "1/1/0001 12:00:00 AM"), &["metadata"]),
        (without("Name"), &["metadata"]),
        (without("Method"), &["metadata"]),
        (without("ContentBits"), &["metadata"]),
        // The header is not the label's.
        (with("ContentBits", "1"), &["-Header", "metadata"]),
    ] {
        let mut content = content(metadata);
        let options = options(GENERAL, Method::Privileged);
        let evaluation = evaluate_application(&context, &content, &options).unwrap();
        assert_eq!(kinds(&evaluation.actions), expected);
        if expected.is_empty() {
            continue;
        }
        let action = self::metadata(&evaluation);
        assert!(action.to_remove.is_empty());
        action.carry_out(&mut content.metadata);
        let again = evaluate_application(&context, &content, &options).unwrap();
        assert!(again.actions.is_empty());
    }
}

#[test]
fn l_075_a_repair_keeps_what_is_there_and_adds_what_is_missing() {
    // Labelled outside of Office; Office would add the markings now.
    let mut metadata = record(own(), STAFF, "Standard", "0");
    metadata.push(entry(STAFF, "Source", "HrExport"));
    let evaluation = apply(&content(metadata.clone()), STAFF).unwrap();
    assert_eq!(
        kinds(&evaluation.actions),
        ["+Header", "+Watermark", "metadata"]
    );
    assert_eq!(added(&evaluation, "ContentBits"), "5");
    assert!(self::metadata(&evaluation).to_remove.is_empty());
    // What is there already stays in the bits, and what is too much goes.
    let half = apply(&content(record(own(), STAFF, "Standard", "3")), STAFF).unwrap();
    assert_eq!(kinds(&half.actions), ["-Footer", "+Watermark", "metadata"]);
    assert_eq!(added(&half, "ContentBits"), "5");
    // A repair does not make less of the method.
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let automatic = options(STAFF, Method::Auto);
    let evaluation = evaluate_application(&context, &content(metadata), &automatic).unwrap();
    assert_eq!(added(&evaluation, "Method"), "Standard");
    // Who can't do that leaves what others did alone.
    let mut context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    context.supported = SupportedActions::METADATA_ONLY;
    for bits in ["0", "5", "15"] {
        let content = content(record(own(), STAFF, "Standard", bits));
        let options = options(STAFF, Method::Standard);
        let evaluation = evaluate_application(&context, &content, &options).unwrap();
        assert!(evaluation.actions.is_empty(), "{bits}");
    }
    // Names in other letter case are written anew; an extended property is asked for.
    let mut content = content(record(own(), GENERAL, "Standard", "0"));
    content.metadata[3].name = content.metadata[3].name.to_uppercase();
    let mut options = options(GENERAL, Method::Standard);
    options.extended_properties = vec![NameValue::new("Source", "x")];
    let evaluation = evaluate_application(&context, &content, &options).unwrap();
    let action = self::metadata(&evaluation);
    assert_eq!(action.to_remove, [content.metadata[3].name.clone()]);
    action.carry_out(&mut content.metadata);
    assert_eq!(content.metadata.len(), 7);
    let again = evaluate_application(&context, &content, &options).unwrap();
    assert!(again.actions.is_empty());
}

#[test]
fn l_076_content_bits_tell_what_is_emitted() {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let all = SupportedActions::ALL;
    let headers = SupportedActions::ADD_HEADER;
    let none = SupportedActions::METADATA_ONLY;
    let template = &["+Footer", "+template", "metadata"][..];
    for (target, supported, bits, expected) in [
        (GENERAL, all, "0", &["metadata"][..]),
        (STAFF, all, "5", &["+Header", "+Watermark", "metadata"]),
        (STAFF, headers, "1", &["+Header", "metadata"]),
        (STAFF, none, "0", &["metadata"]),
        (SECRET, all, "10", template),
        (
            SECRET,
            all.without(SupportedActions::PROTECT),
            "2",
            &["+Footer", "metadata"],
        ),
        (SECRET, none, "0", &["metadata"]),
        (VAGUE, none, "0", &["metadata"]),
        (STRIPPED, all, "0", &["-protection", "metadata"]),
    ] {
        let mut context = EvaluateContext::new(&catalog, &settings, NOW_MS);
        context.supported = supported;
        let options = options(target, Method::Standard);
        let evaluation = evaluate_application(&context, &content(Vec::new()), &options).unwrap();
        assert_eq!(kinds(&evaluation.actions), expected, "{target}");
        assert_eq!(added(&evaluation, "ContentBits"), bits, "{target}");
    }
}

#[test]
fn l_076_actions_stand_in_their_order() {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let mut context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let custom = CustomAction {
        name: "audit".to_owned(),
        properties: Vec::new(),
    };
    let customs = [(id(SECRET), custom.clone()), (id(GENERAL), custom)];
    context.custom_actions = &customs;
    for (from, bits, to, expected) in [
        (
            STAFF,
            "15",
            SECRET,
            &[
                "-Header",
                "-Footer",
                "-Watermark",
                "+Footer",
                "+template",
                "custom audit",
                "metadata",
            ][..],
        ),
        // Encrypted before, and not by the new one.
        (SECRET, "8", FINANCE, &["-protection", "metadata"]),
        // What the record does not say, the list does.
        (
            SECRET,
            "?",
            FINANCE,
            &["-Footer", "-protection", "metadata"],
        ),
        (SECRET, "0", FINANCE, &["metadata"]),
    ] {
        let content = content(record(own(), from, "Standard", bits));
        let options = options(to, Method::Standard);
        let evaluation = evaluate_application(&context, &content, &options).unwrap();
        assert_eq!(
            kinds(&evaluation.actions),
            expected,
            "{from} {bits} to {to}"
        );
    }
}

#[test]
fn l_015_a_label_of_unknown_protection_takes_none_off() {
    let settings = PolicySettings::default();
    let all = SupportedActions::ALL;
    let cannot_remove = all.without(SupportedActions::REMOVE_PROTECTION);
    let encryption = || Some(Encryption::new(EncryptionKind::Remove));
    let template = || Some(Encryption::new(EncryptionKind::Template));
    use LabelProtection::{None as No, Unknown};
    type Answer = Option<&'static [&'static str]>;
    let table: [(_, Option<Encryption>, _, &str, Answer); 10] = [
        // Protected before: only a list that says so takes it off.
        (No, None, all, "8", Some(&["-protection", "metadata"])),
        (
            No,
            encryption(),
            all,
            "8",
            Some(&["-protection", "metadata"]),
        ),
        (
            Unknown,
            encryption(),
            all,
            "8",
            Some(&["-protection", "metadata"]),
        ),
        (Unknown, None, all, "8", None),
        (Unknown, template(), all, "8", None),
        // Not said to encrypt, with settings for it: nothing that takes protection off.
        (No, template(), all, "8", Some(&["metadata"])),
        // Who can't take it off has nothing to guess.
        (Unknown, None, cannot_remove, "8", Some(&["metadata"])),
        (No, None, cannot_remove, "8", Some(&["metadata"])),
        // Not protected before: there is nothing to take off.
        (Unknown, None, all, "0", Some(&["metadata"])),
        (No, None, all, "0", Some(&["metadata"])),
    ];
    for (protection, encryption, supported, bits, expected) in table {
        let what = format!("{protection:?} {encryption:?} {bits}");
        let catalog = changed(FINANCE, |label| {
            label.protection = protection;
            label.encryption.clone_from(&encryption);
        });
        let mut context = EvaluateContext::new(&catalog, &settings, NOW_MS);
        context.supported = supported;
        let options = options(FINANCE, Method::Standard);
        let labelled = content(record(own(), STAFF, "Standard", bits));
        let evaluation = evaluate_application(&context, &labelled, &options);
        match expected {
            Some(expected) => {
                let evaluation = evaluation.unwrap();
                assert_eq!(kinds(&evaluation.actions), expected, "{what}");
                assert_eq!(added(&evaluation, "ContentBits"), "0", "{what}");
            }
            None => {
                assert_eq!(
                    evaluation.unwrap_err().to_string(),
                    "the label list does not say how label `Finance` protects",
                    "{what}"
                );
            }
        }
        // The label that is there already keeps its protection where nothing is said.
        let labelled = content(record(own(), FINANCE, "Standard", "8"));
        let again = evaluate_application(&context, &labelled, &options).unwrap();
        let goes = kinds(&again.actions).contains(&"-protection".to_owned());
        let says_so = encryption
            .as_ref()
            .map_or(protection == No, |one| one.kind == EncryptionKind::Remove);
        assert_eq!(goes, says_so && supported == all, "{what}");
    }
}

#[test]
fn l_076_markings_have_their_variables_expanded() {
    let evaluation = apply(&content(Vec::new()), STAFF).unwrap();
    let texts: Vec<&str> = evaluation
        .actions
        .iter()
        .filter_map(|action| match action {
            LabelAction::AddMarking(add) => Some(add.text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["a.docx 2020-12-27T11:05:00Z", "Staff"]);
    // Longer than Word shows: written, and told.
    let mut long = content(Vec::new());
    long.identifier = Some("x".repeat(1_024));
    let evaluation = apply(&long, STAFF).unwrap();
    assert_eq!(
        evaluation.notes[0].to_string(),
        "the header has 1045 characters, at most 1024 are shown"
    );
}

#[test]
fn l_076_messages_are_protected_in_their_own_way() {
    let mut message = content(Vec::new());
    message.format = ContentFormat::Email;
    let evaluation = apply(&message, MESSAGE).unwrap();
    assert_eq!(kinds(&evaluation.actions), ["+noforward", "metadata"]);
    assert_eq!(added(&evaluation, "ContentBits"), "8");
    // Without a watermark.
    let evaluation = apply(&message, STAFF).unwrap();
    assert_eq!(kinds(&evaluation.actions), ["+Header", "metadata"]);
    // A file has no recipients: the person is asked.
    let catalog = changed(MESSAGE, |label| label.targets = Targets::default());
    let settings = PolicySettings::default();
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let options = options(MESSAGE, Method::Standard);
    let evaluation = evaluate_application(&context, &content(Vec::new()), &options).unwrap();
    assert_eq!(kinds(&evaluation.actions), ["+adhoc", "metadata"]);
}

#[test]
fn l_076_what_is_for_messages_alone_encrypts_no_file() {
    let settings = PolicySettings::default();
    let other = ContentFormat::Other("teamwork".to_owned());
    let (file, message) = (ContentFormat::File, ContentFormat::Email);
    for (format, prompt, do_not_forward, encrypt_only, expected) in [
        (&message, false, true, false, Some("+noforward")),
        (&message, false, false, true, Some("+adhoc")),
        (&message, true, true, false, Some("+noforward")),
        (&file, false, true, false, None),
        (&file, false, false, true, None),
        (&file, false, false, false, None),
        (&file, true, true, false, Some("+adhoc")),
        (&file, true, false, true, Some("+adhoc")),
        (&file, true, false, false, Some("+adhoc")),
        (&other, false, true, true, None),
        (&other, true, true, true, Some("+adhoc")),
    ] {
        let what = format!("{format} {prompt} {do_not_forward} {encrypt_only}");
        let catalog = changed(MESSAGE, |label| {
            label.targets = Targets::parse("file,email,teamwork");
            label.encryption = Some(Encryption::new(EncryptionKind::UserDefined {
                prompt,
                do_not_forward,
                encrypt_only,
            }));
        });
        let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
        let options = options(MESSAGE, Method::Standard);
        let mut content = content(Vec::new());
        content.format = format.clone();
        let evaluation = evaluate_application(&context, &content, &options).unwrap();
        let mut actions = kinds(&evaluation.actions);
        assert_eq!(actions.pop().as_deref(), Some("metadata"), "{what}");
        assert_eq!(actions, Vec::from_iter(expected), "{what}");
        let bits = added(&evaluation, "ContentBits");
        assert_eq!(bits == "8", expected.is_some(), "{what}");
        // Again it needs nothing.
        metadata(&evaluation).carry_out(&mut content.metadata);
        let again = evaluate_application(&context, &content, &options).unwrap();
        assert_eq!(again.actions, [], "{what}");
        // A record that doesn't tell what was done leaves the label to tell, and that as well.
        content
            .metadata
            .retain(|one| !one.name.ends_with("_ContentBits"));
        let removal = evaluate_removal(&context, &content, &justified());
        let goes = kinds(&removal.actions).contains(&"-protection".to_owned());
        assert_eq!(goes, expected.is_some(), "{what}");
    }
}

#[test]
fn l_075_what_is_left_of_earlier_labels_goes() {
    let mut entries = Vec::new();
    for label in [GENERAL, FINANCE] {
        let mut left = record(own(), label, "Standard", "1");
        left[0].value = "false".to_owned();
        left.push(entry(label, "Source", "HrExport"));
        entries.extend(left);
    }
    let mut content = content(entries.clone());
    let evaluation = apply(&content, GENERAL).unwrap();
    // What is not in effect did nothing to the content.
    assert_eq!(kinds(&evaluation.actions), ["metadata"]);
    let action = metadata(&evaluation);
    let mut expected: Vec<String> = entries[7..].iter().map(|one| one.name.clone()).collect();
    expected.push(entry(GENERAL, "Source", "").name);
    assert_eq!(action.to_remove, expected);
    action.carry_out(&mut content.metadata);
    assert_eq!(content.metadata.len(), 6);
}
