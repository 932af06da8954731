//! Contoso's labels, and files that carry them.

use std::sync::Arc;

use label_core::{
    AppId, ExternalLabels, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelState,
    LabelView, TenantId,
};
use policy_engine::{
    BuildContext, ContentAnswer, FileRecord, Inspection, LabelScan, Outcome, Policy, PolicySet,
};
use serde_json::{Value, json};

/// 27 December 2020, noon.
pub(crate) const NOW_MS: i64 = 1_609_070_400_000;

pub(crate) const CONTOSO: &str = "74f71239-3dea-461b-910f-15d15a71655a";
pub(crate) const FABRIKAM: &str = "954a5c8e-2013-4eaf-9806-f27804879c6e";

pub(crate) fn own(label: u128) -> LabelKey {
    LabelKey::new(TenantId::parse(CONTOSO).unwrap(), LabelId::from_u128(label))
}

pub(crate) fn foreign(label: u128) -> LabelKey {
    LabelKey::new(
        TenantId::parse(FABRIKAM).unwrap(),
        LabelId::from_u128(label),
    )
}

pub(crate) const GENERAL: u128 = 1;
pub(crate) const CONFIDENTIAL: u128 = 2;
pub(crate) const FINANCE: u128 = 3;
pub(crate) const ALL_EMPLOYEES: u128 = 4;
pub(crate) const SECRET: u128 = 5;
pub(crate) const SECRET_ALL_EMPLOYEES: u128 = 6;
pub(crate) const LEGACY: u128 = 7;
pub(crate) const GONE: u128 = 8;
pub(crate) const PLAIN: u128 = 9;

/// General; Confidential with Finance and All Employees; Secret with All Employees; Legacy, which
/// is disabled; Gone, which is deleted; Plain, at the top. Fabrikam's Internal was seen on files.
pub(crate) fn labels() -> LabelView {
    let tenant = TenantId::parse(CONTOSO).unwrap();
    let mut order = 0;
    let mut label = |id: u128, name: &str, parent: Option<u128>| {
        let mut label = Label::new(tenant, LabelId::from_u128(id), name);
        label.parent = parent.map(LabelId::from_u128);
        label.source_order = order;
        order += 1;
        label
    };
    let mut all = vec![
        label(GENERAL, "General", None),
        label(CONFIDENTIAL, "Confidential", None),
        label(FINANCE, "Finance", Some(CONFIDENTIAL)),
        label(ALL_EMPLOYEES, "All Employees", Some(CONFIDENTIAL)),
        label(SECRET, "Secret", None),
        label(SECRET_ALL_EMPLOYEES, "All Employees", Some(SECRET)),
        label(LEGACY, "Legacy", None),
        label(GONE, "Gone", None),
        label(PLAIN, "Plain", None),
    ];
    for label in &mut all {
        label.state = match label.key.label.as_u128() {
            LEGACY => LabelState::Disabled,
            GONE => LabelState::Deleted,
            _ => LabelState::Active,
        };
    }
    let (catalog, _) = LabelCatalog::build(tenant, all).unwrap();
    let mut external = ExternalLabels::default();
    external.record(foreign(1), Some("Internal"), NOW_MS);
    LabelView::new(Arc::new(catalog)).with_external(Arc::new(external))
}

pub(crate) fn context(labels: &LabelView) -> BuildContext<'_> {
    let mut context = BuildContext::new(labels);
    context.detectors = &["credit_card", "iban", "us_ssn", "email"];
    context
}

/// A document of one policy with these members besides id and name.
pub(crate) fn document(members: Value) -> Value {
    let mut policy = json!({"id": "p", "name": "P"});
    policy
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    json!({"format": "file-policies/1", "policies": [policy]})
}

pub(crate) fn build(members: Value) -> Policy {
    let labels = labels();
    let set = PolicySet::from_json(&document(members).to_string(), &context(&labels));
    match set {
        Ok(set) => set.policies()[0].clone(),
        Err(errors) => panic!("{errors}"),
    }
}

/// The errors of a document of one policy, one line each.
pub(crate) fn errors(members: Value) -> String {
    let labels = labels();
    PolicySet::from_json(&document(members).to_string(), &context(&labels))
        .unwrap_err()
        .to_string()
}

/// A file whose labels were read.
pub(crate) fn file(app: AppId) -> FileRecord {
    let key = FileKey::new(app, 0, FileId::parse("file-1").unwrap());
    let mut file = FileRecord::new(key, "Report.docx");
    file.label_scan = LabelScan::Done;
    file
}

/// Content that must not be asked for.
pub(crate) fn no_content(_: &Inspection) -> ContentAnswer {
    panic!("content was asked for")
}

pub(crate) fn outcome(policy: &Policy, file: &FileRecord) -> Outcome {
    policy.evaluate(file, NOW_MS, &mut no_content)
}

pub(crate) fn matches(policy: &Policy, file: &FileRecord) -> bool {
    outcome(policy, file) == Outcome::Match
}
