//! The label that content has, and the one that it inherits.

use crate::*;

#[test]
fn l_079_extraction_takes_any_order_and_letter_case() {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let extract = |metadata| extract_label(&context, &content(metadata));
    let mut entries = record(own(), STAFF, "privileged", "5");
    entries.push(entry(STAFF, "Source", "HrExport"));
    for enabled in ["true", "True", "TRUE", " true "] {
        entries[0].value = enabled.to_owned();
        for shift in 0..entries.len() {
            let mut turned = record(foreign(), SECRET, "Standard", "0");
            turned.extend_from_slice(&entries[shift..]);
            turned.extend_from_slice(&entries[..shift]);
            let found = extract(turned).unwrap();
            assert_eq!(found.key.label, id(STAFF));
            assert_eq!(found.method, Some(Method::Privileged));
            assert_eq!(found.created(), Some("2020-12-01T10:11:12Z"));
            assert_eq!(found.content_bits, Some(5));
            assert_eq!(
                found.extended_properties,
                [NameValue::new("Source", "HrExport")]
            );
            assert!(found.notes.is_empty());
        }
    }
    for enabled in ["false", "", "yes", "1"] {
        entries[0].value = enabled.to_owned();
        assert_eq!(extract(entries.clone()), None, "{enabled}");
    }
    // Without a tenant it is nobody's.
    entries[0].value = "true".to_owned();
    entries.retain(|one| !one.name.ends_with("SiteId"));
    assert_eq!(extract(entries), None);
}

#[test]
fn l_079_of_several_labels_the_highest_counts() {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    let mut entries = Vec::new();
    for label in [GENERAL, FINANCE, UNLISTED, STAFF] {
        entries.extend(record(own(), label, "Standard", "1"));
    }
    let content = content(entries);
    let found = extract_label(&context, &content).unwrap();
    assert_eq!(found.key.label, id(FINANCE));
    let labels = [FINANCE, STAFF, GENERAL, UNLISTED].map(id).to_vec();
    let several = EvaluateNote::SeveralLabels(labels);
    assert_eq!(found.notes, std::slice::from_ref(&several));
    // All others go, whichever of them is wanted.
    for target in [FINANCE, GENERAL, PUBLIC] {
        let evaluation = apply(&content, target).unwrap();
        assert_eq!(kinds(&evaluation.actions), ["-Header", "metadata"]);
        assert_eq!(evaluation.notes, std::slice::from_ref(&several));
        let removed = metadata(&evaluation).to_remove;
        assert!(
            removed
                .iter()
                .all(|name| !name.contains(&id(target).to_string()))
        );
        let mut after = content.clone();
        metadata(&evaluation).carry_out(&mut after.metadata);
        let found = extract_label(&context, &after).unwrap();
        assert_eq!((found.key.label, found.notes), (id(target), Vec::new()));
    }
}

#[test]
fn l_080_the_highest_label_that_fits_is_inherited() {
    let catalog = catalog();
    use ContentFormat::{Email, File};
    for (labels, formats, expected) in [
        (&[GENERAL, SECRET, STAFF][..], &[File][..], Some(SECRET)),
        (&[STAFF, FINANCE, GENERAL], &[File], Some(FINANCE)),
        (&[GENERAL, MESSAGE], &[File], Some(GENERAL)),
        (&[GENERAL, MESSAGE], &[Email], Some(MESSAGE)),
        (&[GENERAL, MESSAGE], &[File, Email], Some(MESSAGE)),
        (&[GENERAL, RETIRED, GONE, UNLISTED], &[], Some(GENERAL)),
        (&[SITE, MESSAGE, CONFIDENTIAL], &[File], None),
        (&[], &[File], None),
    ] {
        let ids: Vec<LabelId> = labels.iter().copied().map(id).collect();
        let mut reversed = ids.clone();
        reversed.reverse();
        for ids in [ids, reversed] {
            let inherited = compute_inheritance(&catalog, &ids, formats);
            match expected {
                Some(label) => assert_eq!(inherited.unwrap().label, id(label)),
                None => assert_eq!(
                    inherited.unwrap_err().to_string(),
                    format!("none of the {} labels can be inherited", labels.len())
                ),
            }
        }
    }
    let inherited = compute_inheritance(&catalog, &[id(RETIRED), id(GENERAL)], &[]).unwrap();
    assert_eq!(
        inherited.notes,
        [EvaluateNote::PassedOver {
            label: id(RETIRED),
            reason: NotAppliable::Disabled,
        }]
    );
}
