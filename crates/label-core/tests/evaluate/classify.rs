//! Rules on sensitive types.

use crate::*;

/// The rules of the tables below: sensitive type 1 calls for `General` and so on.
pub(crate) fn rules() -> Vec<ClassificationRule> {
    use RuleMode::{Automatic, Recommended};
    let rule = |label, number: u128, mode| {
        ClassificationRule::new(id(label), SensitiveTypeId::from_u128(number), mode)
    };
    let mut bounded = rule(GENERAL, 1, Automatic);
    bounded.min_count = 2;
    bounded.max_count = Some(5);
    bounded.min_confidence = 75;
    vec![
        bounded,
        rule(STAFF, 8, Recommended),
        rule(STAFF, 2, Automatic),
        rule(FINANCE, 3, Recommended),
        rule(SECRET, 4, Recommended),
        rule(RETIRED, 5, Automatic),
        rule(STAFF, 6, Automatic),
        rule(PUBLIC, 7, Automatic),
    ]
}

fn found(types: &[(u128, u32, u8)]) -> Vec<ClassificationResult> {
    let one = |&(number, count, confidence)| ClassificationResult {
        sensitive_type: SensitiveTypeId::from_u128(number),
        count,
        confidence,
    };
    types.iter().map(one).collect()
}

#[test]
fn l_012_content_calls_for_the_highest_label() {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    for (types, expected) in [
        (&[][..], &[][..]),
        (&[(1, 1, 99)], &[]),
        (&[(1, 2, 74)], &[]),
        (&[(1, 6, 99)], &[]),
        (&[(1, 2, 75)], &["apply General"]),
        (&[(9, 100, 100)], &[]),
        (&[(1, 2, 75), (4, 1, 0)], &["recommend Secret"]),
        // Of siblings the automatic one, though the other one is higher.
        (&[(3, 1, 0)], &["recommend Finance"]),
        (&[(2, 1, 0), (3, 1, 0)], &["apply Staff"]),
        // Of another family it does not count.
        (&[(1, 2, 75), (3, 1, 0)], &["recommend Finance"]),
        // A rule that recommends does not weaken one that sets.
        (&[(2, 1, 0), (8, 1, 0)], &["apply Staff"]),
        (&[(8, 1, 0)], &["recommend Staff"]),
        // A label that can't be applied is passed over.
        (&[(5, 1, 0), (1, 2, 75)], &["apply General"]),
    ] {
        let results = found(types);
        let nothing = content(Vec::new());
        let evaluation =
            evaluate_classification_results(&context, &nothing, &results, &rules()).unwrap();
        assert_eq!(kinds(&evaluation.actions), expected, "{types:?}");
    }
    let results = found(&[(2, 1, 0), (6, 9, 100)]);
    let nothing = content(Vec::new());
    let evaluation =
        evaluate_classification_results(&context, &nothing, &results, &rules()).unwrap();
    let [LabelAction::ApplyLabel(change)] = evaluation.actions.as_slice() else {
        panic!("{evaluation:?}");
    };
    let types = [2, 6].map(SensitiveTypeId::from_u128);
    assert_eq!(change.responsible_types, types);
    assert_eq!(
        kinds(&change.actions),
        ["+Header", "+Watermark", "metadata"]
    );
    let parent = change.label.parent.as_ref().unwrap();
    assert_eq!(
        (parent.name.as_str(), parent.sensitivity),
        ("Confidential", 2)
    );
    assert!(evaluation.notes.is_empty());
}

#[test]
fn l_074_what_was_set_by_hand_is_not_lowered_by_rules() {
    let (catalog, open, asking) = (catalog(), PolicySettings::default(), asking());
    let general = &[(1, 2, 75)][..];
    for (settings, present, method, types, expected) in [
        (&open, GENERAL, "Standard", general, &[][..]),
        (&open, SECRET, "Standard", general, &[]),
        (&open, PUBLIC, "Standard", general, &["apply General"]),
        (&open, PUBLIC, "odd", general, &["apply General"]),
        (&open, PUBLIC, "Privileged", general, &[]),
        // A person may follow a recommendation.
        (
            &open,
            GENERAL,
            "Privileged",
            &[(4, 1, 0)],
            &["recommend Secret"],
        ),
        (&open, SECRET, "Privileged", &[(3, 1, 0)], &[]),
        // What was set automatically may be lowered, if nobody has to say why.
        (&open, STAFF, "Auto", general, &["apply General"]),
        (&asking, STAFF, "Auto", general, &[]),
        (&open, GENERAL, "Auto", general, &[]),
        (&open, UNLISTED, "Standard", general, &["apply General"]),
    ] {
        let context = EvaluateContext::new(&catalog, settings, NOW_MS);
        let content = content(record(own(), present, method, "0"));
        let evaluation =
            evaluate_classification_results(&context, &content, &found(types), &rules()).unwrap();
        let what = format!("{present} {method} {types:?}");
        assert_eq!(kinds(&evaluation.actions), expected, "{what}");
        let is_same = present == GENERAL && method == "Auto";
        assert_eq!(
            evaluation.notes.is_empty(),
            !expected.is_empty() || is_same,
            "{what}"
        );
    }
}
