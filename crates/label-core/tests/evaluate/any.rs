//! What holds for any metadata.

use proptest::prelude::*;

use crate::*;

/// Attributes of a few labels in random order, complete or not, own and foreign.
fn any_metadata() -> impl Strategy<Value = Vec<NameValue>> {
    let label = prop::sample::select(vec![
        PUBLIC, GENERAL, STAFF, FINANCE, SECRET, RETIRED, UNLISTED, VAGUE,
    ]);
    let attribute = prop::sample::select(vec![
        "Enabled",
        "enabled",
        "SetDate",
        "Method",
        "Name",
        "SiteId",
        "SITEID",
        "ActionId",
        "ContentBits",
        "Source",
        "",
    ]);
    let one =
        (label, attribute, 0_u8..8, any::<bool>()).prop_map(|(label, attribute, value, up)| {
            let value = match (attribute.to_ascii_lowercase().as_str(), value) {
                ("enabled", 0) => "false".to_owned(),
                ("enabled", _) => "true".to_owned(),
                ("siteid", 0) => foreign().to_string(),
                ("siteid", 1) => String::new(),
                ("siteid", 2) => own().to_string().to_uppercase(),
                ("siteid", _) => own().to_string(),
                ("setdate", 0..3) => "soon".to_owned(),
                ("setdate", _) => "2020-12-01T10:11:12Z".to_owned(),
                ("method", 0) => "Auto".to_owned(),
                ("method", _) => "Standard".to_owned(),
                ("contentbits", 7) => "x".to_owned(),
                (_, value) => (u32::from(value) * 5 % 16).to_string(),
            };
            let mut entry = entry(label, attribute, &value);
            if up {
                entry.name = entry.name.to_uppercase();
            }
            entry
        });
    prop::collection::vec(one, 0..40)
}

fn is_foreign(metadata: &[NameValue], name: &str) -> bool {
    let label = |name: &str| name.to_lowercase().split('_').nth(2).map(str::to_owned);
    metadata.iter().any(|one| {
        label(&one.name) == label(name)
            && one.name.to_lowercase().ends_with("_siteid")
            && one.value == foreign().to_string()
    })
}

proptest! {
    #[test]
    fn l_072_l_075_any_application_spares_others_and_is_idempotent(
        metadata in any_metadata(),
        target in prop::sample::select(vec![PUBLIC, STAFF, FINANCE, SECRET, STRIPPED]),
        mask in prop::sample::select(vec![
            SupportedActions::ALL,
            SupportedActions::METADATA_ONLY,
            SupportedActions::ADD_HEADER,
            SupportedActions::ALL.without(SupportedActions::PROTECT),
        ]),
        with_action: bool,
        with_property: bool,
    ) {
        let (catalog, settings) = (catalog(), PolicySettings::default());
        let mut context = EvaluateContext::new(&catalog, &settings, NOW_MS);
        context.supported = mask;
        context.action_id = with_action.then(|| ActionId::from_u128(1));
        let mut options = options(target, Method::Standard);
        if with_property {
            options.extended_properties = vec![NameValue::new("Source", "x")];
        }
        let before = content(metadata);
        match evaluate_application(&context, &before, &options) {
            Err(EvaluateError::NameCollision { .. }) => {}
            Err(error) => prop_assert!(false, "{}", error),
            Ok(evaluation) if evaluation.actions.is_empty() => {}
            Ok(evaluation) => {
                let action = self::metadata(&evaluation);
                for name in &action.to_remove {
                    prop_assert!(!is_foreign(&before.metadata, name), "{}", name);
                }
                let mut after = before.clone();
                action.carry_out(&mut after.metadata);
                let found = extract_label(&context, &after).unwrap();
                prop_assert_eq!(found.key.label, id(target));
                prop_assert!(found.notes.is_empty());
                let again = evaluate_application(&context, &after, &options).unwrap();
                prop_assert_eq!(again.actions, Vec::new());
            }
        }
    }

    #[test]
    fn l_072_l_073_any_removal_leaves_others_and_nothing_own(metadata in any_metadata()) {
        let (catalog, settings) = (catalog(), PolicySettings::default());
        let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
        let before = content(metadata);
        let evaluation = evaluate_removal(&context, &before, &justified());
        if extract_label(&context, &before).is_none() {
            prop_assert!(evaluation.actions.is_empty());
            return Ok(());
        }
        let action = self::metadata(&evaluation);
        let mut after = before.clone();
        action.carry_out(&mut after.metadata);
        prop_assert_eq!(extract_label(&context, &after), None);
        for name in &action.to_remove {
            prop_assert!(!is_foreign(&before.metadata, name), "{}", name);
        }
        // What is left of a label that names the tenant names another one too.
        for one in &after.metadata {
            let is_site = one.name.to_lowercase().ends_with("_siteid");
            if is_site && TenantId::parse(&one.value) == Ok(own()) {
                prop_assert!(is_foreign(&after.metadata, &one.name), "{}", one.name);
            }
        }
    }
}
