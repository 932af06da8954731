//! Documents: reading, writing, and what is refused.

use crate::shared::*;
use label_core::{AppId, LabelCatalog, LabelView, PolicyId, Profile, TenantId};
use policy_engine::{
    AccessLevel, Action, BuildCause, ContentAnswer, Include, Inspection, Notify, Outcome,
    OwnerDigest, PolicyDefinition, PolicyDocument, PolicySet, Severity, choose_label_action,
};
use serde_json::{Value, json};

fn full() -> Value {
    json!({
        "id": "5f077e6fc3b664209dae1f6b",
        "template": "stale",
        "name": "Confidential on Box",
        "description": "What the audit asked for",
        "severity": "high",
        "category": "sharing_control",
        "enabled": false,
        "priority": 7,
        "created": "2020-12-27T00:00:00Z",
        "filters": {
            "service": {"eq": [10489]},
            "fileLabels": [{"eq": ["Confidential"]}, {"neq": ["Confidential/Finance"]}],
            "modifiedDate": {"range": [{"start": "2020-01-01T00:00:00Z", "end": 1609459200000_i64}]},
            "filename": {"ncontains": ["draft"]},
        },
        "folderScope": {
            "mode": "excluding",
            "folders": [{"app": 20892, "instance": 1, "id": "Finance"}],
        },
        "ownerScope": {"mode": "selected", "groups": ["Finance"]},
        "inspection": {
            "method": "built_in",
            "expression": {"kind": "regex", "text": "proj-\\d{4}", "caseSensitive": true},
            "exclude": "public",
            "searchIn": ["content", "file_name"],
            "minimumMatches": 10,
            "requireContext": false,
            "unmaskLast4": true,
            "inspectProtected": true,
        },
        "alerts": {"eachMatch": true, "dailyLimit": 20, "email": ["soc@contoso.example"],
            "textMessage": ["+15550100"], "flow": "f-1"},
        "governance": {
            "10489": {
                "applyLabel": "Confidential/Finance",
                "overrideUserDefined": true,
                "allowDowngrade": true,
                "removeLabel": false,
                "notifyOwner": true,
                "notifyUsers": ["dpo@contoso.example"],
                "notifyLastEditor": true,
                "removeExternalUsers": true,
                "removeCollaborators": ["kim@fabrikam.example"],
                "changeSharedLink": "company",
                "expireSharedLink": 30,
                "digestToManager": true,
                "digestTo": ["lead@contoso.example"],
                "digestMessage": "Please have a look",
            },
            "11770": {
                "overrideUserDefined": false,
                "allowDowngrade": false,
                "removeLabel": false,
                "notifyOwner": false,
                "notifyUsers": [],
                "notifyLastEditor": false,
                "trash": true,
                "grantReadToDomain": "contoso.example",
                "transferOwnership": "lead@contoso.example",
            },
            "15600": {
                "overrideUserDefined": false,
                "allowDowngrade": false,
                "removeLabel": true,
                "notifyOwner": false,
                "notifyUsers": [],
                "notifyLastEditor": false,
            },
        },
    })
}

pub(crate) fn two_policies() -> Value {
    let second = json!({
        "id": "2",
        "name": "Cards",
        "description": "",
        "severity": "low",
        "category": "dlp",
        "enabled": true,
        "priority": 0,
        "filters": {},
        "folderScope": {"mode": "all"},
        "ownerScope": {"mode": "all"},
        "inspection": {
            "method": "built_in",
            "preset": "credit_card",
            "searchIn": ["content", "metadata"],
            "minimumMatches": 1,
            "requireContext": true,
            "unmaskLast4": false,
            "inspectProtected": false,
        },
        "alerts": {"eachMatch": false, "dailyLimit": 5, "email": []},
        "governance": {},
    });
    json!({"format": "file-policies/1", "policies": [full(), second]})
}

/// A date that no text tells is written as milliseconds.
#[test]
fn a_026_the_date_a_policy_was_made_on_is_read_as_it_was_written() {
    for created_ms in [
        i64::MIN,
        -62_167_219_200_001,
        -62_167_219_200_000,
        NOW_MS,
        253_402_300_799_999,
        253_402_300_800_000,
        i64::MAX,
    ] {
        let mut policy = PolicyDefinition::new(PolicyId::parse("p").unwrap(), "P");
        policy.created_ms = Some(created_ms);
        let document = PolicyDocument {
            policies: vec![policy],
        };
        let written = serde_json::to_string(&document).unwrap();
        assert_eq!(PolicyDocument::from_json(&written).as_ref(), Ok(&document));
    }
}

#[test]
fn r_002_r_197_a_007_documents_print_as_they_were_read() {
    let text = two_policies();
    let document = PolicyDocument::from_json(&text.to_string()).unwrap();
    assert_eq!(serde_json::to_value(&document).unwrap(), text);
    let through_serde: PolicyDocument = serde_json::from_value(text).unwrap();
    assert_eq!(through_serde, document);
    let labels = labels();
    assert!(PolicySet::build(&document, &context(&labels)).is_ok());
}

#[test]
fn r_145_defaults() {
    let document = PolicyDocument::from_json(&document(json!({})).to_string()).unwrap();
    let policy = &document.policies[0];
    assert!(policy.enabled && policy.filters.is_empty() && policy.inspection.is_none());
    assert_eq!(policy.severity, Severity::Low);
    assert_eq!(
        (policy.alerts.each_match, policy.alerts.daily_limit),
        (true, 5)
    );
    let cards = json!({"inspection": {"method": "built_in", "preset": "credit_card"}});
    let policy = build(cards);
    let inspection = policy.inspection().unwrap();
    assert_eq!(
        *inspection,
        Inspection::new(Include::Preset("credit_card".to_owned()))
    );
    assert!(inspection.require_context && !inspection.unmask_last_four);
    assert_eq!(
        build(json!({"inspection": {"method": "none"}})).inspection(),
        None
    );
}

/// Everything that is wrong comes at once, each with place, cause and, where possible, a way out.
#[test]
fn all_errors_at_once() {
    let text = json!({
        "format": "file-policies/1",
        "policies": [
            {
                "id": "1",
                "name": "One",
                "severity": "hihg",
                "filtres": {},
                "filters": {
                    "servce": {"eq": [10489]},
                    "sharing": {"eq": [2, 7, "x"]},
                    "fileLabels": {"eq": ["Confidental", "All Employees", "Gone"]},
                    "extension": {"eq": [".exe"]},
                    "filename": {"contains": ["\"a\" b"]},
                    "modifiedDate": {"range": [{"start": 9, "end": 5}]},
                    "fileScanLabels": {"eq": ["Corrupt fil"]},
                },
                "folderScope": {"mode": "selected"},
                "inspection": {"method": "built_in", "preset": "credit_crad", "minimumMatches": 0},
                "governance": {
                    "10489": {"applyLabel": "Confidential"},
                    "11627": {"removeLabel": true},
                },
            },
            {"id": "1", "name": "Two"},
            {"name": " "},
        ],
    });
    let labels = labels();
    let errors = PolicySet::from_json(&text.to_string(), &context(&labels)).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "\
/policies/0/filtres: unknown member `filtres`; did you mean `filters`?
/policies/0/severity: `hihg` is none of `low`, `medium`, `high`; did you mean `high`?
/policies/0/folderScope: `folders` is missing
/policies/0/inspection/minimumMatches: expected a whole number from 1, found `0`
/policies/2: `id` is missing
/policies/0/filters/extension/eq/0: expected an extension without its dot, found `.exe`; write `exe`
/policies/0/filters/fileLabels/eq/0: no label `Confidental`; did you mean `Confidential`?
/policies/0/filters/fileLabels/eq/1: `All Employees` names 2 labels; write one of `Confidential/All Employees`, `Secret/All Employees`
/policies/0/filters/fileLabels/eq/2: no label `Gone`
/policies/0/filters/fileScanLabels/eq/0: `Corrupt fil` is none of `Azure RMS encrypted`, `Password encrypted`, `Corrupt file`; did you mean `Corrupt file`?
/policies/0/filters/filename/contains/0: `\"a\" b`: quoted and unquoted words mixed
/policies/0/filters/modifiedDate/range/0: the range ends before it starts
/policies/0/filters/servce: no filter `servce`, the filters are `service`, `instance`, `sharing`, `fileLabels`, `fileScanLabels`, `owner.orgUnit`, `owner.entity`, `owner.username`, `modifiedDate`, `createdDate`, `snapshotLastModifiedDate`, `extension`, `fileType`, `filename`, `parentFolder`, `collaborators.withDomain`, `collaborators.domains`, `collaborators.groups`, `collaborators.users`, `collaborators.entity`, `mimeType`, `fileId`, `policy`, `trashed`, `quarantined`, `folder`, `allowDeleted`, `path`, `collaborators.organization`; did you mean `service`?
/policies/0/filters/sharing/eq/1: expected a level from 0 (Private) to 4 (Public (Internet)), found `7`
/policies/0/filters/sharing/eq/2: expected a level from 0 (Private) to 4 (Public (Internet)), found `\"x\"`
/policies/0/inspection/preset: no preset `credit_crad`; did you mean `credit_card`?
/policies/0/governance/10489/applyLabel: label `Confidential` can't be applied: only the heading of its sublabels; write one of `Confidential/Finance`, `Confidential/All Employees`
/policies/0/governance/11627/removeLabel: files of Dropbox can't be labelled
/policies/1/id: policy id `1` is used twice
/policies/2: `name` is missing"
    );
}

#[test]
fn malformed_documents() {
    let labels = labels();
    let error = |text: &str| {
        PolicySet::from_json(text, &context(&labels))
            .unwrap_err()
            .to_string()
    };
    for (text, expected) in [
        ("", "line 1, column 0: EOF while parsing a value"),
        ("[]", "expected an object, found an empty list"),
        ("{}", "`format` is missing\n`policies` is missing"),
        (
            r#"{"format": "file-policies/2", "policies": []}"#,
            "/format: `file-policies/2` is none of `file-policies/1`",
        ),
        (
            r#"{"format": "file-policies/1", "policies": [7]}"#,
            "/policies/0: expected an object, found `7`\n/policies/0: `name` is missing",
        ),
        (
            r#"{"format": "file-policies/1", "policies": [{"id": "", "name": "P"}]}"#,
            "/policies/0/id: expected a policy id, found `\"\"`",
        ),
        (
            r#"{"format": "file-policies/1", "policies": [], "policies": []}"#,
            "line 1, column 61: member `policies` stands there twice",
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
    for (members, expected) in [
        (
            json!({"filters": []}),
            "/policies/0/filters: expected an object of filters, found an empty list",
        ),
        (
            json!({"filters": {"service": 5}}),
            "/policies/0/filters/service: expected an object of operators, or a list of them, found `5`",
        ),
        (
            json!({"filters": {"service": {}}}),
            "/policies/0/filters/service: expected at least one operator, found an empty object",
        ),
        (
            json!({"filters": {"service": [[]]}}),
            "/policies/0/filters/service/0: expected an object of operators, found an empty list",
        ),
        (
            json!({"filters": {"a/b": {}}, "enabled": 1}),
            "/policies/0/enabled: expected `true` or `false`, found `1`\n/policies/0/filters/a~1b: no filter",
        ),
        (
            json!({"filters": {"owner.entity": {"eq": ["x"]}}}),
            "/policies/0/filters/owner.entity/eq/0: expected an object with `id`, found `\"x\"`; write `{\"id\": \"x\"}`",
        ),
        (
            json!({"filters": {"owner.entity": {"eq": [{"sas": 1}]}}}),
            "/policies/0/filters/owner.entity/eq/0/sas: unknown member `sas`; did you mean `saas`?\n/policies/0/filters/owner.entity/eq/0: `id` is missing",
        ),
        (
            json!({"filters": {"fileLabels": {"isset": 1}}}),
            "/policies/0/filters/fileLabels/isset: expected `true` or `false`, found `1`",
        ),
        (
            json!({"folderScope": {"mode": "all", "folders": []}}),
            "/policies/0/folderScope/folders: `mode all` and `folders` exclude one another; write mode `selected` or `excluding`",
        ),
        (
            json!({"folderScope": {"mode": "selected", "folders": [{"id": "x"}]}}),
            "/policies/0/folderScope/folders/0: `app` is missing",
        ),
        (
            json!({"inspection": {"method": "built_in"}}),
            "/policies/0/inspection: exactly one of `preset` and `expression` is needed",
        ),
        (
            json!({"inspection": {"method": "dcs"}}),
            "/policies/0/inspection/method: `dcs` is none of `none`, `built_in`",
        ),
        (
            json!({"inspection": {"method": "built_in", "preset": "iban", "searchIn": []}}),
            "/policies/0/inspection/searchIn: expected at least one part, found an empty list",
        ),
        (
            json!({"inspection": {"method": "built_in", "expression": {"kind": "exact", "text": ""}}}),
            "/policies/0/inspection/expression/text: expected an expression, found `\"\"`",
        ),
        (
            json!({"governance": {"Box": {}}}),
            "/policies/0/governance/Box: expected the number of an app, found `Box`",
        ),
        (
            json!({"governance": {"010489": {}}}),
            "/policies/0/governance/010489: expected the number of an app, found `010489`",
        ),
        (
            json!({"governance": {"20892": {"notifyLastEditor": true}}}),
            "/policies/0/governance/20892/notifyLastEditor: SharePoint Online has no action `notifyLastEditor`",
        ),
        (
            json!({"governance": {"20892": {"overrideUserDefined": true}}}),
            "/policies/0/governance/20892: `applyLabel` is missing",
        ),
        (
            json!({"governance": {"20892": {"allowDowngrade": true}}}),
            "/policies/0/governance/20892: `applyLabel` is missing",
        ),
        (
            json!({"created": "yesterday"}),
            "/policies/0/created: expected milliseconds since 1970, or a date and time with its zone, found `\"yesterday\"`; such as `2020-12-27T00:00:00Z`",
        ),
    ] {
        let found = errors(members.clone());
        assert!(found.starts_with(expected), "{members}\n{found}");
    }
}

#[test]
fn limits_are_named_and_kept() {
    let many: Vec<u32> = (0..5_001).collect();
    assert_eq!(
        errors(json!({"filters": {"service": {"eq": many}}})),
        "/policies/0/filters/service/eq: 5001 values, at most 5000 are allowed"
    );
    let objects: Vec<Value> = (0..201).map(|at| json!({"eq": [at]})).collect();
    assert_eq!(
        errors(json!({"filters": {"service": objects}})),
        "/policies/0/filters: 201 conditions, at most 200 are allowed"
    );
    assert_eq!(
        errors(json!({"filters": {"mimeType": {"eq": "x".repeat(2_049)}}})),
        "/policies/0/filters/mimeType/eq: 2049 bytes of text, at most 2048 are allowed"
    );
}

#[test]
fn r_056_r_057_label_actions_need_a_capable_app() {
    assert_eq!(
        errors(json!({"governance": {"11627": {"applyLabel": "Plain"}}})),
        "/policies/0/governance/11627/applyLabel: files of Dropbox can't be labelled"
    );
    let labels = labels();
    let mut context = context(&labels);
    context.label_capable_apps.insert(AppId::DROPBOX);
    let text = document(json!({"governance": {"11627": {"applyLabel": "Plain"}}})).to_string();
    assert!(PolicySet::from_json(&text, &context).is_ok());
    // Other actions are fine.
    build(json!({"governance": {"11627": {"notifyOwner": true}}}));
}

#[test]
fn r_130_r_131_r_187_labels_that_cannot_be_applied() {
    let id = own(GONE).label.to_string();
    for (label, expected) in [
        ("Nothing", "no label `Nothing`".to_owned()),
        ("Gone", "no label `Gone`".to_owned()),
        (&id, format!("label `{id}` was deleted")),
        (
            "Legacy",
            "label `Legacy` can't be applied: disabled".to_owned(),
        ),
        (
            "^Internal",
            "label `^Internal` can't be applied: a label of another tenant".to_owned(),
        ),
        (
            "Secret",
            "label `Secret` can't be applied: only the heading of its sublabels; write one of \
             `Secret/All Employees`"
                .to_owned(),
        ),
        (
            "00000000-0000-0000-0000-0000000000ff",
            "label `00000000-0000-0000-0000-0000000000ff` can't be applied: no such label in the \
             tenant's list"
                .to_owned(),
        ),
    ] {
        assert_eq!(
            errors(json!({"governance": {"10489": {"applyLabel": label}}})),
            format!("/policies/0/governance/10489/applyLabel: {expected}"),
        );
    }
    // A disabled label still finds files; an unknown id is a saved filter that keeps working.
    build(
        json!({"filters": {"fileLabels": {"eq": ["Legacy", "00000000-0000-0000-0000-0000000000ff"]}}}),
    );
    assert_eq!(
        errors(json!({"filters": {"fileLabels": {"eq": [id]}}})),
        format!("/policies/0/filters/fileLabels/eq/0: label `{id}` was deleted")
    );
}

/// A heading with a default sublabel means that; the policy applies it and says so.
#[test]
fn l_007_a_heading_means_its_default_sublabel() {
    let catalog = LabelCatalog::builder(TenantId::parse(CONTOSO).unwrap())
        .label_with("Confidential", |label| {
            label.default_sublabel = Some(label_core::LabelId::from_u128(7));
        })
        .label_with("Confidential/All Employees", |label| {
            label.key.label = label_core::LabelId::from_u128(7);
        })
        .build()
        .unwrap();
    let labels = LabelView::new(catalog.into());
    let text =
        document(json!({"governance": {"10489": {"applyLabel": "Confidential"}}})).to_string();
    let policies = PolicySet::from_json(&text, &context(&labels)).unwrap();
    let [Action::ApplyLabel { label, .. }, ..] = policies.policies()[0].actions(AppId::BOX) else {
        panic!("no label action");
    };
    assert_eq!(*label, labels.find("Confidential/All Employees").unwrap());
}

#[test]
fn a_043_label_scope_depends_on_the_profile() {
    let tenant = TenantId::parse(CONTOSO).unwrap();
    let mut label = label_core::Label::new(tenant, label_core::LabelId::from_u128(1), "Files");
    label.targets = label_core::Targets::parse("file");
    let (catalog, _) = LabelCatalog::build(tenant, vec![label]).unwrap();
    let labels = LabelView::new(catalog.into());
    let text = document(json!({"governance": {"10489": {"applyLabel": "Files"}}})).to_string();
    let mut context = context(&labels);
    assert!(PolicySet::from_json(&text, &context).is_ok());
    context.profile = Profile::Current;
    assert_eq!(
        PolicySet::from_json(&text, &context)
            .unwrap_err()
            .to_string(),
        "/policies/0/governance/10489/applyLabel: label `Files` can't be applied: not for files \
         and e-mail"
    );
}

#[test]
fn r_150_r_151_actions_of_the_files_own_app_only() {
    let policy = build(json!({
        "severity": "medium",
        "governance": {
            "10489": {"applyLabel": "Confidential/Finance"},
            "15600": {"applyLabel": "Plain", "overrideUserDefined": true, "notifyOwner": true},
            "11770": {"applyLabel": "Plain", "allowDowngrade": true},
        },
    }));
    let alert = Action::Alert {
        severity: Severity::Medium,
        daily_limit: 5,
        email: Vec::new(),
        text_message: Vec::new(),
        flow: None,
    };
    let apply = |label, override_user_defined, allow_downgrade| Action::ApplyLabel {
        label: own(label),
        override_user_defined,
        allow_downgrade,
    };
    assert_eq!(
        policy.actions(AppId::BOX),
        [apply(FINANCE, false, false), alert.clone()]
    );
    assert_eq!(
        policy.actions(AppId::ONEDRIVE),
        [
            apply(PLAIN, true, false),
            Action::Notify(Notify::Owner(OwnerDigest::default())),
            alert.clone()
        ]
    );
    assert_eq!(
        policy.actions(AppId::GOOGLE_WORKSPACE),
        [apply(PLAIN, false, true), alert.clone()]
    );
    assert_eq!(policy.actions(AppId::SHAREPOINT_ONLINE), [alert]);
}

#[test]
fn r_152_exactly_one_label() {
    assert_eq!(
        errors(json!({"governance": {"10489": {"applyLabel": ["Plain", "General"]}}})),
        "/policies/0/governance/10489/applyLabel: expected one label, found a list"
    );
}

#[test]
fn r_153_apply_and_remove_exclude_one_another() {
    assert_eq!(
        errors(json!({"governance": {"10489": {"applyLabel": "Plain", "removeLabel": true}}})),
        "/policies/0/governance/10489/removeLabel: `applyLabel` and `removeLabel` exclude one another"
    );
    // Per app: one policy may do both, to files of different apps.
    build(
        json!({"governance": {"10489": {"applyLabel": "Plain"}, "15600": {"removeLabel": true}}}),
    );
}

#[test]
fn r_203_whom_to_tell() {
    let policy = build(json!({
        "alerts": {"eachMatch": false},
        "governance": {"10489": {
            "removeLabel": true,
            "notifyOwner": true,
            "notifyUsers": ["dpo@contoso.example"],
            "notifyLastEditor": true,
        }},
    }));
    assert_eq!(
        policy.actions(AppId::BOX),
        [
            Action::RemoveLabel,
            Action::Notify(Notify::Owner(OwnerDigest::default())),
            Action::Notify(Notify::Users(vec!["dpo@contoso.example".to_owned()])),
            Action::Notify(Notify::LastEditor),
        ]
    );
}

#[test]
fn r_088_labels_are_kept_by_id() {
    let before = labels();
    let text = document(json!({
        "filters": {"fileLabels": {"eq": ["General"], "isset": true}},
        "governance": {"10489": {"applyLabel": "Plain"}},
    }));
    let set = PolicySet::from_json(&text.to_string(), &context(&before)).unwrap();
    let written = serde_json::to_string(&set.document()).unwrap();

    let tenant = TenantId::parse(CONTOSO).unwrap();
    let renamed: Vec<_> = before
        .catalog()
        .labels()
        .cloned()
        .map(|mut label| {
            label.display_name = Some(format!("New {}", label.name()));
            label
        })
        .collect();
    let (catalog, _) = LabelCatalog::build(tenant, renamed).unwrap();
    let after = LabelView::new(catalog.into());
    assert!(PolicySet::from_json(&text.to_string(), &context(&after)).is_err());
    let again = PolicySet::from_json(&written, &context(&after)).unwrap();
    let mut record = file(AppId::BOX);
    record.labels.push(own(GENERAL));
    assert!(matches(&again.policies()[0], &record));
    assert_eq!(
        again.policies()[0].actions(AppId::BOX)[0],
        Action::ApplyLabel {
            label: own(PLAIN),
            override_user_defined: false,
            allow_downgrade: false
        }
    );
}

#[test]
fn r_191_a_025_labels_that_vanish_are_reported() {
    let before = labels();
    let policy = build(json!({
        "filters": {"fileLabels": {"eq": ["General"]}},
        "governance": {"10489": {"applyLabel": "Plain"}},
    }));
    assert_eq!(policy.label_problems(&before), []);
    let changed = |state: label_core::LabelState| {
        let labels: Vec<_> = before
            .catalog()
            .labels()
            .cloned()
            .map(|mut label| {
                label.state = state;
                label
            })
            .collect();
        let tenant = TenantId::parse(CONTOSO).unwrap();
        LabelView::new(LabelCatalog::build(tenant, labels).unwrap().0.into())
    };
    let show = |view: &LabelView| -> Vec<String> {
        policy
            .label_problems(view)
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(
        show(&changed(label_core::LabelState::Deleted)),
        [
            format!(
                "/policies/0/filters/fileLabels/eq/0: label `{}` was deleted",
                own(GENERAL)
            ),
            format!(
                "/policies/0/governance/10489/applyLabel: label `{}` was deleted",
                own(PLAIN)
            ),
        ]
    );
    // A disabled label still finds files, and is no longer applied.
    assert_eq!(
        show(&changed(label_core::LabelState::Disabled)),
        [format!(
            "/policies/0/governance/10489/applyLabel: label `{}` can't be applied: disabled",
            own(PLAIN)
        )]
    );
}

#[test]
fn a_025_one_bad_policy_does_not_stop_the_others() {
    let labels = labels();
    let text = json!({"format": "file-policies/1", "policies": [
        {"id": "1", "name": "Bad", "filters": {"fileLabels": {"eq": ["Nothing"]}}},
        {"id": "2", "name": "Good"},
    ]});
    let document = PolicyDocument::from_json(&text.to_string()).unwrap();
    let (set, errors) = PolicySet::build_valid(&document, &context(&labels));
    let names: Vec<_> = set.policies().iter().map(|policy| policy.name()).collect();
    assert_eq!(names, ["Good"]);
    let errors = errors.unwrap();
    assert!(matches!(
        errors.as_slice()[0].cause,
        BuildCause::UnknownLabel { .. }
    ));
    assert!(PolicySet::build(&document, &context(&labels)).is_err());
}

#[test]
fn r_144_policies_are_enabled_and_disabled() {
    let labels = labels();
    let text = json!({"format": "file-policies/1", "policies": [
        {"id": "1", "name": "One"},
        {"id": "2", "name": "Two", "enabled": false},
    ]});
    let set = PolicySet::from_json(&text.to_string(), &context(&labels)).unwrap();
    let record = file(AppId::BOX);
    let outcomes = |set: &PolicySet| -> Vec<Outcome> {
        let mut no_content = |_: &Inspection| ContentAnswer::NotYet;
        set.evaluate(&record, NOW_MS, &mut no_content)
            .map(|evaluation| evaluation.outcome)
            .collect()
    };
    assert_eq!(outcomes(&set), [Outcome::Match, Outcome::NoMatch]);
    let one = set.policies()[0].id().clone();
    let two = set.policies()[1].id().clone();
    let changed = set.with_enabled(&one, false).with_enabled(&two, true);
    assert_eq!(outcomes(&changed), [Outcome::NoMatch, Outcome::Match]);
    assert_eq!(outcomes(&set), [Outcome::Match, Outcome::NoMatch]);
    assert!(changed.document().policies[1].enabled);
}

#[test]
fn a_034_which_label_action_counts() {
    let labels = labels();
    let policy = |id: &str, priority: i32, created: &str, action: Value| {
        json!({
            "id": id, "name": id, "priority": priority, "created": created,
            "governance": {"10489": action},
        })
    };
    let (old, new) = ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
    let general = json!({"applyLabel": "General"});
    let finance = json!({"applyLabel": "Confidential/Finance"});
    let remove = json!({"removeLabel": true});
    let notify = json!({"notifyOwner": true});
    let table = [
        // Explicit priority first, then the more sensitive label, then the older policy, then id.
        (
            vec![
                policy("a", 1, new, general.clone()),
                policy("b", 0, old, finance.clone()),
            ],
            vec!["a", "b"],
        ),
        (
            vec![
                policy("a", 0, old, general.clone()),
                policy("b", 0, new, finance.clone()),
            ],
            vec!["b", "a"],
        ),
        (
            vec![
                policy("a", 0, new, finance.clone()),
                policy("b", 0, old, finance.clone()),
            ],
            vec!["b", "a"],
        ),
        (
            vec![
                policy("b", 0, old, finance.clone()),
                policy("a", 0, old, finance.clone()),
            ],
            vec!["a", "b"],
        ),
        (
            vec![
                policy("a", 0, old, remove),
                policy("b", 0, new, general.clone()),
            ],
            vec!["b", "a"],
        ),
        (
            vec![policy("a", 9, old, notify), policy("b", 0, new, general)],
            vec!["b"],
        ),
    ];
    for (policies, expected) in table {
        let mut reversed = policies.clone();
        reversed.reverse();
        for policies in [policies, reversed] {
            let text = json!({"format": "file-policies/1", "policies": policies});
            let set = PolicySet::from_json(&text.to_string(), &context(&labels)).unwrap();
            let choice = choose_label_action(set.policies(), AppId::BOX, &labels).unwrap();
            let order: Vec<&str> = std::iter::once(&choice.chosen)
                .chain(&choice.superseded)
                .map(|(policy, _)| policy.id().as_str())
                .collect();
            assert_eq!(order, expected);
            assert!(choose_label_action(set.policies(), AppId::ONEDRIVE, &labels).is_none());
        }
    }
}

#[test]
fn sets_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let policy = build(json!({"filters": {"sharing": {"eq": [2]}}}));
    shared(&policy);
    shared(&PolicySet::default());
    let mut record = file(AppId::BOX);
    record.access_level = Some(AccessLevel::External);
    let elsewhere = policy.clone();
    let found = std::thread::spawn(move || matches(&elsewhere, &record))
        .join()
        .unwrap();
    assert!(found);
}
