//! Operators and values, field by field.

use crate::shared::*;
use label_core::AppId;
use policy_engine::{
    Answer, ContentAnswer, EntityKey, ExtensionCase, Field, FileRecord, FileStatus, FileType,
    Filter, FilterDialect, GROUP_DEPTH_MAX, Inspection, LabelScan, Outcome, ScanWarning,
    VALUES_MAX, WordSeparators,
};
use serde_json::{Value, json};

fn answer(filters: Value, record: &FileRecord) -> Answer {
    let labels = labels();
    match Filter::build(&filters, &context(&labels)) {
        Ok(filter) => filter.answer(record, NOW_MS),
        Err(errors) => panic!("{errors}"),
    }
}

fn holds(filters: Value, record: &FileRecord) -> bool {
    answer(filters, record) == Answer::Yes
}

#[test]
fn r_008_query_by_label() {
    let mut a = file(AppId::BOX);
    a.labels.push(own(GENERAL));
    let mut b = file(AppId::BOX);
    b.labels.push(own(CONFIDENTIAL));
    let none = file(AppId::BOX);
    let found =
        [&a, &b, &none].map(|record| holds(json!({"fileLabels": {"eq": ["General"]}}), record));
    assert_eq!(found, [true, false, false]);
}

#[test]
fn r_009_r_083_four_operators_of_the_label_filter() {
    let labelled = |keys: &[label_core::LabelKey]| {
        let mut record = file(AppId::BOX);
        record.labels = keys.to_vec();
        record
    };
    let records = [
        labelled(&[own(GENERAL)]),
        labelled(&[own(GENERAL), foreign(1)]),
        labelled(&[foreign(1)]),
        labelled(&[]),
    ];
    for (filter, expected) in [
        (json!({"eq": ["General"]}), [true, true, false, false]),
        (json!({"eq": "General"}), [true, true, false, false]),
        (
            json!({"eq": ["General", "Plain"]}),
            [true, true, false, false],
        ),
        (json!({"eq": ["^Internal"]}), [false, true, true, false]),
        (json!({"eq": []}), [false; 4]),
        (json!({"neq": ["General"]}), [false, false, true, true]),
        (
            json!({"neq": ["General", "^internal"]}),
            [false, false, false, true],
        ),
        (json!({"neq": []}), [true; 4]),
        (json!({"isset": true}), [true, true, true, false]),
        (json!({"isset": false}), [false, false, false, true]),
        (json!({"isnotset": true}), [false, false, false, true]),
        (json!({"isnotset": false}), [true, true, true, false]),
        (
            json!({"neq": ["General"], "isset": true}),
            [false, false, true, false],
        ),
        (
            json!([{"eq": ["General"]}, {"eq": ["^Internal"]}]),
            [false, true, false, false],
        ),
    ] {
        let found = records
            .each_ref()
            .map(|record| holds(json!({"fileLabels": filter}), record));
        assert_eq!(found, expected, "{filter}");
    }
}

#[test]
fn r_022_a_label_with_and_without_its_sublabels() {
    for (label, exact, with_sublabels) in [
        (CONFIDENTIAL, true, true),
        (FINANCE, false, true),
        (ALL_EMPLOYEES, false, true),
        (SECRET_ALL_EMPLOYEES, false, false),
    ] {
        let mut record = file(AppId::BOX);
        record.labels.push(own(label));
        let by =
            |operator: &str| holds(json!({"fileLabels": {operator: ["Confidential"]}}), &record);
        assert_eq!(by("eq"), exact, "{label}");
        assert_eq!(by("descendantof"), with_sublabels, "{label}");
        assert_eq!(by("ndescendantof"), !with_sublabels, "{label}");
    }
}

#[test]
fn r_108_every_label_of_the_catalogue_can_be_filtered_by() {
    let labels = labels();
    let none = file(AppId::BOX);
    let by = |text: &str, record: &FileRecord| holds(json!({"fileLabels": {"eq": [text]}}), record);
    let mut seen = 0;
    for label in labels.catalog().labels() {
        seen += 1;
        let mut record = file(AppId::BOX);
        record.labels.push(label.key);
        let id = label.key.label.to_string();
        let path = labels.catalog().path(label.key.label).unwrap();
        for text in [id.as_str(), path] {
            assert!(by(text, &record), "{text}");
            assert!(!by(text, &none), "{text}");
        }
        for (other, expected) in [(&record, false), (&none, true)] {
            let no_value = json!({"fileLabels": {"isnotset": true}});
            assert_eq!(holds(no_value, other), expected);
        }
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn r_075_r_109_labels_never_read() {
    let mut never = file(AppId::BOX);
    never.label_scan = LabelScan::Never;
    for filter in [
        json!({"eq": ["General"]}),
        json!({"neq": ["General"]}),
        json!({"isset": true}),
        json!({"isnotset": true}),
        json!({"descendantof": ["General"]}),
    ] {
        let only = json!({"fileLabels": filter});
        assert_eq!(answer(only, &never), Answer::Unknown, "{filter}");
        let decided = json!({"fileLabels": filter, "service": {"eq": [20892]}});
        assert_eq!(answer(decided, &never), Answer::No, "{filter}");
        let open = json!({"fileLabels": filter, "service": {"eq": [10489]}});
        assert_eq!(answer(open, &never), Answer::Unknown, "{filter}");
    }
    // Whatever the labels are, these are decided.
    assert_eq!(
        answer(json!({"fileLabels": {"eq": []}}), &never),
        Answer::No
    );
    assert_eq!(
        answer(json!({"fileLabels": {"neq": []}}), &never),
        Answer::Yes
    );
    // A read that failed counts as "no label".
    never.label_scan = LabelScan::Failed;
    assert!(holds(json!({"fileLabels": {"isnotset": true}}), &never));
}

#[test]
fn a_022_scan_warnings() {
    let mut record = file(AppId::BOX);
    record.warnings.insert(ScanWarning::AzureRmsEncrypted);
    for (filter, expected) in [
        (json!({"eq": ["azure rms encrypted"]}), true),
        (json!({"eq": ["Corrupt file", "Password encrypted"]}), false),
        (json!({"neq": ["Corrupt file"]}), true),
        (json!({"isset": true}), true),
        (json!({"isnotset": true}), false),
    ] {
        assert_eq!(
            holds(json!({"fileScanLabels": filter}), &record),
            expected,
            "{filter}"
        );
    }
}

#[test]
fn a_001_file_names() {
    for (app, name, filter, expected) in [
        (
            AppId::BOX,
            "malware-virus.exe",
            json!({"contains": ["malware virus"]}),
            true,
        ),
        (
            AppId::BOX,
            "malware.exe",
            json!({"contains": ["\"malware\" \"virus\""]}),
            false,
        ),
        (
            AppId::BOX,
            "SupremeTacos.txt",
            json!({"contains": ["Tacos"]}),
            false,
        ),
        (
            AppId::BOX,
            "SupremeTacos.txt",
            json!({"ncontains": ["Tacos"]}),
            true,
        ),
        (AppId::BOX, "Tacos.txt", json!({"text": "tacos"}), true),
        (
            AppId::BOX,
            "malware.exe.txt",
            json!({"eq": ["malware.exe"]}),
            false,
        ),
        (
            AppId::BOX,
            "MALWARE.EXE",
            json!({"eq": ["malware.exe"]}),
            true,
        ),
        (
            AppId::BOX,
            "MALWARE.EXE",
            json!({"neq": ["malware.exe"]}),
            false,
        ),
        // Without its extension a name counts on SharePoint only.
        (AppId::BOX, "Budget.xlsx", json!({"eq": ["budget"]}), false),
        (
            AppId::ONEDRIVE,
            "Budget.xlsx",
            json!({"eq": ["budget"]}),
            false,
        ),
        (
            AppId::SHAREPOINT_ONLINE,
            "Budget.xlsx",
            json!({"eq": ["budget"]}),
            true,
        ),
        (
            AppId::SHAREPOINT_ONLINE,
            "Budget.xlsx",
            json!({"neq": ["budget"]}),
            false,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"startswith": ["x", "STRASSE"]}),
            true,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"startswithsingle": "strass"}),
            true,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"doesnotstartwith": ["s"]}),
            false,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"endswith": [".TXT"]}),
            true,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"endswith": ["straße"]}),
            false,
        ),
        (AppId::BOX, "a.txt", json!({"contains": []}), false),
        (AppId::BOX, "a.txt", json!({"ncontains": []}), true),
    ] {
        let mut record = file(app);
        record.name = name.into();
        assert_eq!(
            holds(json!({"filename": filter}), &record),
            expected,
            "{name} {filter}"
        );
    }
    let labels = labels();
    let mut context = context(&labels);
    context.words = WordSeparators::Current;
    let filter = Filter::build(&json!({"filename": {"contains": ["tacos"]}}), &context).unwrap();
    let mut record = file(AppId::BOX);
    record.name = "Tacos_recipe.txt".into();
    assert_eq!(filter.answer(&record, NOW_MS), Answer::No);
}

#[test]
fn a_003_extension_with_and_without_letter_case() {
    let mut record = file(AppId::BOX);
    record.name = "cert.PFX".into();
    let query = json!({"extension": {"eq": ["pfx", "crt"]}});
    assert!(holds(query.clone(), &record));
    let labels = labels();
    let mut context = context(&labels);
    context.extension_case = ExtensionCase::Respected;
    let strict = Filter::build(&query, &context).unwrap();
    assert_eq!(strict.answer(&record, NOW_MS), Answer::No);
    record.name = "cert.crt".into();
    assert_eq!(strict.answer(&record, NOW_MS), Answer::Yes);
}

#[test]
fn a_004_file_types() {
    let mut record = file(AppId::BOX);
    let is = |record: &FileRecord, code: u32| holds(json!({"fileType": {"eq": [code]}}), record);
    assert!(!is(&record, 0) && !is(&record, 1));
    record.mime_type = Some("application/pdf".into());
    assert!(is(&record, 1));
    record.file_type = Some(FileType::Image);
    assert!(is(&record, 5) && !is(&record, 1));
    let mut folder = file(AppId::BOX);
    folder.is_folder = true;
    assert!(is(&folder, 6));
    assert!(holds(json!({"folder": {"eq": true}}), &folder));
    assert!(!holds(json!({"folder": {"eq": [false]}}), &folder));
}

#[test]
fn a_008_trash_deleted_and_quarantine() {
    let with = |status: FileStatus| {
        let mut record = file(AppId::BOX);
        record.status = status;
        record
    };
    let (exists, trashed, deleted, other) = (
        with(FileStatus::Exists),
        with(FileStatus::Trashed),
        with(FileStatus::Deleted),
        with(FileStatus::Other(9)),
    );
    for (filters, expected) in [
        (json!({}), [true, true, false, true]),
        (
            json!({"trashed": {"eq": false}}),
            [true, false, false, true],
        ),
        (
            json!({"trashed": {"eq": true}}),
            [false, true, false, false],
        ),
        (
            json!({"trashed": {"eq": [true, false]}}),
            [true, true, false, true],
        ),
        (
            json!({"allowDeleted": {"eq": true}}),
            [true, true, true, true],
        ),
        (
            json!({"allowDeleted": {"eq": false}}),
            [true, true, false, true],
        ),
        // The trash filter makes the other one ineffective.
        (
            json!({"allowDeleted": {"eq": true}, "trashed": {"eq": [true, false]}}),
            [true, true, false, true],
        ),
    ] {
        let found =
            [&exists, &trashed, &deleted, &other].map(|record| holds(filters.clone(), record));
        assert_eq!(found, expected, "{filters}");
    }
    let mut quarantined = file(AppId::BOX);
    quarantined.quarantined = true;
    assert!(holds(json!({"quarantined": {"eq": true}}), &quarantined));
    assert!(!holds(json!({"quarantined": {"eq": true}}), &exists));
}

#[test]
fn ranges_beyond_the_limit_are_refused() {
    let ranges = |count: usize| {
        let all: Vec<Value> = (0..count)
            .map(|at| json!({"start": at, "end": at}))
            .collect();
        json!({"filters": {"modifiedDate": {"range": all}}})
    };
    build(ranges(VALUES_MAX));
    assert_eq!(
        errors(ranges(VALUES_MAX + 1)),
        "/policies/0/filters/modifiedDate/range: 5001 values, at most 5000 are allowed"
    );
}

#[test]
fn dates_and_ranges() {
    const DAY_MS: i64 = 86_400_000;
    let changed = |modified_ms: Option<i64>| {
        let mut record = file(AppId::BOX);
        record.modified_ms = modified_ms;
        record.created_ms = modified_ms;
        record.snapshot_ms = modified_ms;
        record
    };
    let cutoff_ms = NOW_MS - 180 * DAY_MS;
    for (filter, at_ms, expected) in [
        (json!({"lte_ndays": 180}), Some(cutoff_ms), true),
        (json!({"lte_ndays": 180}), Some(cutoff_ms + 1), false),
        (json!({"lte_ndays": 180}), None, false),
        (json!({"gte_ndays": 180}), Some(cutoff_ms), true),
        (json!({"gte_ndays": 180}), Some(cutoff_ms - 1), false),
        (json!({"gt": cutoff_ms}), Some(cutoff_ms), false),
        (json!({"gt": cutoff_ms}), Some(cutoff_ms + 1), true),
        (json!({"lt": cutoff_ms}), Some(cutoff_ms), false),
        (json!({"lte": cutoff_ms}), Some(cutoff_ms), true),
        (json!({"lte": cutoff_ms}), None, false),
        (json!({"range": [{"start": 5, "end": 9}]}), Some(5), true),
        (json!({"range": [{"start": 5, "end": 9}]}), Some(9), true),
        (json!({"range": [{"start": 5, "end": 9}]}), Some(10), false),
        (
            json!({"range": [{"start": 5, "end": 9}, {"start": 20, "end": 20}]}),
            Some(20),
            true,
        ),
        (json!({"range": {"start": 5, "end": 9}}), Some(4), false),
        (json!({"range": []}), Some(4), false),
        (json!({"gte": 5, "lt": 9}), Some(8), true),
        (json!({"gte": 5, "lt": 9}), Some(9), false),
    ] {
        let found = holds(json!({"modifiedDate": filter}), &changed(at_ms));
        assert_eq!(found, expected, "{filter} {at_ms:?}");
    }
    let created = json!({"createdDate": {"gte": "1970-01-01T00:00:00.005Z"}});
    assert!(holds(created.clone(), &changed(Some(5))));
    assert!(!holds(created, &changed(Some(4))));
    let snapshot = json!({"snapshotLastModifiedDate": {"lte": 4}});
    assert!(holds(snapshot, &changed(Some(4))));
    // Extreme values neither overflow nor match by accident.
    assert!(!holds(
        json!({"modifiedDate": {"lte_ndays": 36500}}),
        &changed(Some(i64::MAX))
    ));
    assert!(holds(
        json!({"modifiedDate": {"lte_ndays": 36500}}),
        &changed(Some(i64::MIN))
    ));
}

#[test]
fn people_and_places() {
    let mut record = file(AppId::BOX);
    record.collaborators = vec!["dana@contoso.example".into(), "lee@fabrikam.example".into()];
    record.domains = vec!["contoso.example".into(), "fabrikam.example".into()];
    record.groups = vec!["G-1".into()];
    record.mime_type = Some("Text/Plain".into());
    record.key.instance = 3;
    record.owner_entities = vec![EntityKey {
        id: "3FA9F28B".into(),
        app: Some(AppId(11161)),
        instance: Some(0),
    }];
    record.matched_policies = vec![label_core::PolicyId::parse("ABC").unwrap()];
    for (filters, expected) in [
        (
            json!({"collaborators.users": {"eq": ["LEE@fabrikam.example"]}}),
            true,
        ),
        (
            json!({"collaborators.users": {"neq": ["lee@fabrikam.example"]}}),
            false,
        ),
        (
            json!({"collaborators.domains": {"eq": ["fabrikam.example"]}}),
            true,
        ),
        (
            json!({"collaborators.domains": {"neq": ["fabrikam.example"]}}),
            false,
        ),
        (
            json!({"collaborators.withDomain": {"deq": ["fabrikam.example"]}}),
            true,
        ),
        (
            json!({"collaborators.withDomain": {"eq": ["northwind.example"]}}),
            false,
        ),
        (json!({"collaborators.withDomain": {"deq": []}}), true),
        (json!({"collaborators.groups": {"eq": ["g-1"]}}), true),
        (json!({"mimeType": {"eq": "text/plain"}}), true),
        (json!({"mimeType": {"eq": "text"}}), false),
        (json!({"instance": {"eq": [3]}}), true),
        (json!({"instance": {"neq": [3]}}), false),
        (
            json!({"owner.entity": {"eq": [{"id": "3fa9f28b", "saas": 11161, "inst": 0}]}}),
            true,
        ),
        (json!({"owner.entity": {"eq": [{"id": "3fa9f28b"}]}}), true),
        (
            json!({"owner.entity": {"eq": [{"id": "3fa9f28b", "saas": 1}]}}),
            false,
        ),
        (
            json!({"owner.entity": {"neq": [{"id": "3fa9f28b", "inst": 1}]}}),
            true,
        ),
        (
            json!({"collaborators.entity": {"eq": [{"id": "3fa9f28b"}]}}),
            false,
        ),
        (
            json!({"policy": {"cabinetmatchedrulesequals": ["abc"]}}),
            true,
        ),
        (json!({"policy": {"neq": ["abc"]}}), false),
        (json!({"policy": {"isset": true}}), true),
    ] {
        assert_eq!(holds(filters.clone(), &record), expected, "{filters}");
    }
}

#[test]
fn a_016_content_is_asked_for_last() {
    let policy = build(json!({
        "filters": {"service": {"eq": [10489]}, "fileLabels": {"eq": ["General"]}},
        "inspection": {"method": "built_in", "preset": "credit_card"},
    }));
    let mut asked = 0;
    let mut run = |record: &FileRecord, answer: ContentAnswer| {
        let mut matcher = |_: &Inspection| {
            asked += 1;
            answer
        };
        let outcome = policy.evaluate(record, NOW_MS, &mut matcher);
        (outcome, std::mem::take(&mut asked))
    };
    let found = ContentAnswer::Match { count: 1 };
    let mut labelled = file(AppId::BOX);
    labelled.labels.push(own(GENERAL));
    let mut never = file(AppId::BOX);
    never.label_scan = LabelScan::Never;

    assert_eq!(run(&file(AppId::ONEDRIVE), found), (Outcome::NoMatch, 0));
    assert_eq!(run(&file(AppId::BOX), found), (Outcome::NoMatch, 0));
    assert_eq!(run(&never, found), (Outcome::NeedsScan, 0));
    assert_eq!(run(&labelled, found), (Outcome::Match, 1));
    assert_eq!(
        run(&labelled, ContentAnswer::NoMatch),
        (Outcome::NoMatch, 1)
    );
    assert_eq!(
        run(&labelled, ContentAnswer::NotYet),
        (Outcome::NeedsContent, 1)
    );
    let encrypted = ContentAnswer::Unavailable(policy_engine::Unavailable::Encrypted);
    assert_eq!(run(&labelled, encrypted), (Outcome::NoMatch, 1));
}

#[test]
fn r_113_covers_leaves_labels_and_content_out() {
    let policy = build(json!({
        "filters": {
            "service": {"eq": [10489]},
            "fileLabels": {"eq": ["General"]},
            "modifiedDate": {"gte_ndays": 1},
        },
        "folderScope": {"mode": "excluding", "folders": [{"app": 10489, "id": "F"}]},
        "inspection": {"method": "built_in", "preset": "credit_card"},
    }));
    let mut record = file(AppId::BOX);
    record.modified_ms = Some(NOW_MS);
    assert!(policy.covers(&record, NOW_MS));
    assert!(!policy.covers(&record, NOW_MS + 86_400_001));
    assert!(!policy.with_enabled(false).covers(&record, NOW_MS));
    record.ancestor_folders = Some(vec!["F".into()]);
    assert!(!policy.covers(&record, NOW_MS));
    let mut elsewhere = file(AppId::ONEDRIVE);
    elsewhere.modified_ms = Some(NOW_MS);
    assert!(!policy.covers(&elsewhere, NOW_MS));
    assert!(policy.needs_labels() && policy.needs_content());
}

#[test]
fn a_010_unknown_names_list_the_allowed_ones() {
    let labels = labels();
    let context = context(&labels);
    let error = |filters: Value| Filter::build(&filters, &context).unwrap_err().to_string();
    let unknown = error(json!({"affiliation": {"eq": [1]}}));
    assert!(
        unknown.starts_with(
            "/filters/affiliation: no filter `affiliation`, the filters are `service`, "
        )
    );
    assert!(unknown.contains("`allowDeleted`"));
    assert!(!unknown.contains("did you mean"));
    assert_eq!(
        error(json!({"sharing": {"contains": [1]}})),
        "/filters/sharing/contains: filter `sharing` takes no operator `contains`, it takes `eq`, `neq`"
    );
    assert_eq!(
        error(json!({"createdDate": {"gte_ndays": 1}})),
        "/filters/createdDate/gte_ndays: filter `createdDate` takes no operator `gte_ndays`, it \
         takes `lte`, `gte`, `range`, `lt`, `gt`"
    );
    assert_eq!(
        error(json!({"service": {"eq": ["10489"]}})),
        "/filters/service/eq/0: expected a whole number, found `\"10489\"`; write `10489` without \
         quotation marks"
    );
    assert!(error(json!([1])).starts_with("/filters: expected an object of filters"));
}

/// The table of 1.3, row by row: what the product takes, and nothing else.
#[test]
fn a_010_the_products_dialect_is_the_products_table() {
    const EQUALITY: &str = "eq neq";
    let table = [
        ("sharing", EQUALITY),
        ("service", EQUALITY),
        ("instance", EQUALITY),
        ("collaborators.withDomain", "eq neq deq"),
        ("collaborators.domains", EQUALITY),
        ("collaborators.groups", EQUALITY),
        ("collaborators.entity", EQUALITY),
        ("collaborators.users", EQUALITY),
        ("createdDate", "lte gte range"),
        ("extension", EQUALITY),
        ("fileId", EQUALITY),
        ("filename", "contains ncontains eq neq text"),
        (
            "fileLabels",
            "eq neq isset isnotset descendantof ndescendantof",
        ),
        ("fileScanLabels", "eq neq isset isnotset"),
        ("fileType", EQUALITY),
        ("trashed", "eq"),
        ("modifiedDate", "lte gte range lte_ndays gte_ndays"),
        ("policy", "cabinetmatchedrulesequals neq isset isnotset"),
        ("mimeType", EQUALITY),
        ("owner.entity", EQUALITY),
        ("owner.username", EQUALITY),
        ("owner.orgUnit", EQUALITY),
        ("parentFolder", "eq neq descendantof ndescendantof"),
        ("quarantined", "eq"),
        ("folder", "eq"),
        ("allowDeleted", "eq"),
        ("snapshotLastModifiedDate", "lte gte range"),
    ];
    let product = FilterDialect::Product;
    let mut names: Vec<&str> = Field::names(product).collect();
    let mut expected: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);

    let labels = labels();
    let mut context = context(&labels);
    context.dialect = product;
    for (name, operators) in table {
        let mut expected: Vec<&str> = operators.split(' ').collect();
        let field = Field::parse(name).unwrap();
        let mut found: Vec<&str> = field.operators(product).map(|one| one.name()).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{name}");
        for operator in field.operators(FilterDialect::Extended) {
            let filters = json!({name: {operator.name(): "x"}});
            let refused = Filter::build(&filters, &context).is_err_and(|errors| {
                errors.to_string().contains("takes no operator")
                    && errors.as_slice()[0].pointer
                        == format!("/filters/{name}/{}", operator.name())
            });
            assert_eq!(refused, !expected.contains(&operator.name()), "{filters}");
        }
    }
    for ours in ["path", "collaborators.organization", "any", "all", "none"] {
        let errors = Filter::build(&json!({ours: [{}]}), &context).unwrap_err();
        assert!(errors.to_string().contains("no filter"), "{errors}");
    }
    // The product compares without the dot, and says nothing of it.
    assert!(Filter::build(&json!({"extension": {"eq": [".docx"]}}), &context).is_ok());
}

#[test]
fn groups_of_filters() {
    let mut record = file(AppId::BOX);
    record.labels.push(own(GENERAL));
    let (yes, no) = (
        json!({"service": {"eq": [10489]}}),
        json!({"service": {"eq": [1]}}),
    );
    let both = json!({"service": {"eq": [10489]}, "trashed": {"eq": true}});
    for (filters, expected) in [
        (json!({"any": [no, yes]}), true),
        (json!({"any": [no, both]}), false),
        (json!({"all": [yes, no]}), false),
        (json!({"all": [yes, yes], "trashed": {"eq": false}}), true),
        (json!({"none": [no, both]}), true),
        (json!({"none": [no, yes]}), false),
        (json!({"none": [{"any": [{"none": [yes]}, both]}]}), true),
        (json!({"any": [yes], "trashed": {"eq": true}}), false),
    ] {
        assert_eq!(holds(filters.clone(), &record), expected, "{filters}");
    }
    // What is not known stays so, unless the rest decides.
    let mut unread = file(AppId::BOX);
    unread.label_scan = LabelScan::Never;
    let labelled = json!({"fileLabels": {"isset": true}});
    for (filters, expected) in [
        (json!({"any": [no, labelled]}), Answer::Unknown),
        (json!({"any": [labelled, yes]}), Answer::Yes),
        (json!({"none": [labelled, yes]}), Answer::No),
        (json!({"none": [labelled, no]}), Answer::Unknown),
        (json!({"all": [labelled, no]}), Answer::No),
    ] {
        assert_eq!(answer(filters.clone(), &unread), expected, "{filters}");
    }
}

#[test]
fn groups_that_mean_nothing() {
    let labels = labels();
    let context = context(&labels);
    let error = |filters: Value| Filter::build(&filters, &context).unwrap_err().to_string();
    assert_eq!(
        error(json!({"any": []})),
        "/filters/any: expected a list of filter objects, found an empty list"
    );
    assert_eq!(
        error(json!({"any": [{"none": [{}]}]})),
        "/filters/any/0/none/0: expected an object of filters, found an empty object"
    );
    assert_eq!(
        error(json!({"all": [{"servce": {"eq": [1]}}]}))
            .split(',')
            .next(),
        Some("/filters/all/0/servce: no filter `servce`")
    );
    assert_eq!(
        error(json!({"any": [{"allowDeleted": {"eq": true}}]})),
        "/filters/any/0/allowDeleted: `allowDeleted` can't be part of a group; it stands at the top"
    );
    let mut deep = json!({"service": {"eq": [1]}});
    for _ in 0..GROUP_DEPTH_MAX {
        deep = json!({"any": [deep]});
    }
    assert!(Filter::build(&deep, &context).is_ok());
    let deeper = error(json!({"any": [deep]}));
    assert!(
        deeper.ends_with("9 groups in one another, at most 8 are allowed"),
        "{deeper}"
    );
    let many: Vec<Value> = (0..150)
        .map(|at| json!({"any": [{"instance": {"eq": [at]}}]}))
        .collect();
    assert!(error(json!({"any": many})).ends_with("301 conditions, at most 200 are allowed"));
}

#[test]
fn texts_by_their_parts() {
    let mut record = file(AppId::BOX);
    record.name = "Supreme_Tacos 2021.txt".into();
    record.path = Some("/Recipes/Mexico/Supreme_Tacos 2021.txt".into());
    record.owner_address = Some("Dana@contoso.example".into());
    for (filters, expected) in [
        (json!({"filename": {"contains": ["acos"]}}), false),
        (json!({"filename": {"substring": ["ACOS"]}}), true),
        (json!({"filename": {"nsubstring": ["x", "acos"]}}), false),
        (json!({"filename": {"glob": ["*tacos*.txt"]}}), true),
        (json!({"filename": {"nglob": "*.docx"}}), true),
        (json!({"filename": {"regex": ["_t[a-c]cos \\d+"]}}), true),
        (json!({"filename": {"nregex": ["^tacos"]}}), true),
        (json!({"filename": {"endswith": [".TXT"]}}), true),
        (json!({"filename": {"doesnotendwith": [".TXT"]}}), false),
        (json!({"path": {"glob": ["/recipes/**"]}}), true),
        (json!({"path": {"glob": ["/recipes/*"]}}), false),
        (json!({"path": {"startswith": ["/RECIPES/"]}}), true),
        (json!({"path": {"isset": true}}), true),
        (
            json!({"owner.username": {"endswith": ["@CONTOSO.example"]}}),
            true,
        ),
        (json!({"owner.username": {"glob": []}}), false),
        (json!({"owner.orgUnit": {"nglob": ["*"]}}), true),
        (json!({"collaborators.organization": {"eq": false}}), true),
    ] {
        assert_eq!(holds(filters.clone(), &record), expected, "{filters}");
    }
    let labels = labels();
    let error = Filter::build(
        &json!({"filename": {"regex": ["("], "glob": ["[a"]}}),
        &context(&labels),
    );
    let error = error.unwrap_err().to_string();
    assert_eq!(
        error,
        "/filters/filename/glob/0: `[a`: `[` is not closed, or empty\n/filters/filename/regex/0: \
         `(`: unclosed group"
    );
}

/// Saved queries go on finding what carries a label that was deleted (5.2); that policies don't is
/// checked under R-191.
#[test]
fn queries_for_deleted_labels_go_on() {
    let mut record = file(AppId::BOX);
    record.labels.push(own(GONE));
    let by_id = json!({"fileLabels": {"eq": [own(GONE).to_string()]}});
    assert!(holds(by_id, &record));
}

#[test]
fn a_023_types_of_information_count_together() {
    let context_of = |members: Value| {
        let labels = labels();
        let mut context = context(&labels);
        context.information_types = &["passport", "iban"];
        policy_engine::PolicySet::from_json(&document(members).to_string(), &context)
            .map(|set| set.policies()[0].clone())
            .map_err(|errors| errors.to_string())
    };
    let inspection = |types: Value, combine: &str| json!({"inspection": {"method": "classification", "types": types, "combine": combine}});
    for (members, error) in [
        (
            inspection(json!(["pasport"]), "any"),
            "/policies/0/inspection/types/0: no type of information `pasport`; did you mean `passport`?",
        ),
        (
            inspection(json!([]), "any"),
            "/policies/0/inspection/types: expected at least one type, found an empty list",
        ),
        (
            inspection(json!(["iban"]), "some"),
            "/policies/0/inspection/combine: `some` is none of `any`, `all`",
        ),
        (
            json!({"inspection": {"method": "classification"}}),
            "/policies/0/inspection: `types` is missing",
        ),
        (
            json!({"inspection": {"method": "classification", "types": ["iban"], "preset": "iban"}}),
            "/policies/0/inspection/preset: unknown member `preset`",
        ),
    ] {
        let said = context_of(members).unwrap_err();
        assert_eq!(said.lines().next(), Some(error));
    }

    let (yes, no, later) = (
        ContentAnswer::Match { count: 3 },
        ContentAnswer::NoMatch,
        ContentAnswer::NotYet,
    );
    let few = ContentAnswer::Match { count: 1 };
    let closed = ContentAnswer::Unavailable(policy_engine::Unavailable::Encrypted);
    for (passport, iban, any, all) in [
        (yes, yes, Outcome::Match, Outcome::Match),
        (yes, few, Outcome::Match, Outcome::Match),
        (yes, no, Outcome::Match, Outcome::NoMatch),
        (no, yes, Outcome::Match, Outcome::NoMatch),
        (no, no, Outcome::NoMatch, Outcome::NoMatch),
        (no, later, Outcome::NeedsContent, Outcome::NoMatch),
        (later, no, Outcome::NeedsContent, Outcome::NoMatch),
        (later, yes, Outcome::Match, Outcome::NeedsContent),
        (closed, yes, Outcome::Match, Outcome::NoMatch),
        (closed, closed, Outcome::NoMatch, Outcome::NoMatch),
    ] {
        for (combine, expected) in [("any", any), ("all", all)] {
            let policy = context_of(inspection(json!(["passport", "iban"]), combine)).unwrap();
            let mut content = |inspection: &Inspection| match &inspection.include {
                policy_engine::Include::Types { types, combine } => {
                    let types = types.iter().map(String::as_str);
                    ContentAnswer::of_types(types, *combine, |id| match id {
                        "passport" => passport,
                        _ => iban,
                    })
                }
                other => panic!("{other:?}"),
            };
            let record = file(AppId::BOX);
            let outcome = policy.evaluate(&record, NOW_MS, &mut content);
            assert_eq!(outcome, expected, "{combine} {passport:?} {iban:?}");
            let said = policy.explain(&record, NOW_MS, &mut content).to_string();
            assert!(
                said.contains(&format!("{combine} of passport, iban")),
                "{said}"
            );
        }
    }
    let of = |combine| {
        ContentAnswer::of_types(["a", "b"], combine, |id| if id == "a" { yes } else { few })
    };
    assert_eq!(of(policy_engine::Combine::All), few);
    // It stays what it is through JSON.
    let policy = context_of(inspection(json!(["iban"]), "all")).unwrap();
    let written = serde_json::to_value(policy.definition()).unwrap();
    assert_eq!(written["inspection"]["method"], "classification");
    assert_eq!(written["inspection"]["combine"], "all");
}

#[test]
fn r_114_any_method_of_inspection_has_the_file_read() {
    let labels = labels();
    let mut context = context(&labels);
    context.information_types = &["passport"];
    for inspection in [
        json!({"method": "built_in", "preset": "iban"}),
        json!({"method": "built_in", "expression": {"kind": "exact", "text": "secret"}}),
        json!({"method": "classification", "types": ["passport"]}),
    ] {
        let members = json!({"filters": {"service": {"eq": [10489]}}, "inspection": inspection});
        let set = policy_engine::PolicySet::from_json(&document(members).to_string(), &context);
        let policy = set.unwrap().policies()[0].clone();
        assert!(policy.needs_content() && !policy.needs_labels());
        assert!(policy.covers(&file(AppId::BOX), NOW_MS), "{inspection}");
        assert!(
            !policy.covers(&file(AppId::DROPBOX), NOW_MS),
            "{inspection}"
        );
    }
    assert!(!build(json!({"inspection": {"method": "none"}})).needs_content());
}
