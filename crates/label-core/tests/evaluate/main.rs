//! What has to be done to content for a label: tables, and what holds for any metadata.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod any;
mod apply;
mod classify;
#[cfg(feature = "sources")]
mod conditions;
mod content_bits;
mod extract;
#[cfg(feature = "sources")]
mod json;

use label_core::evaluate::{
    ClassificationResult, ClassificationRule, ContentFormat, ContentInfo, CustomAction,
    DowngradeJustification, EvaluateNote, LabelingOptions, Method, NameValue, PropertyProblem,
    RuleMode, SupportedActions, compute_inheritance, evaluate_application,
    evaluate_classification_results, evaluate_removal, extract_label,
};
use label_core::marking::ContentMarking;
use label_core::{
    ActionId, Encryption, EncryptionKind, EvaluateContext, EvaluateError, Evaluation, Label,
    LabelAction, LabelCatalog, LabelId, LabelProtection, LabelState, MarkingPlace, NotAppliable,
    PolicySettings, Publication, SensitiveTypeId, Targets, TenantId,
};

const NOW_MS: i64 = 1_609_067_100_000;
const PUBLIC: u128 = 1;
const GENERAL: u128 = 2;
const CONFIDENTIAL: u128 = 3;
const STAFF: u128 = 31;
const FINANCE: u128 = 32;
const SECRET: u128 = 4;
const RETIRED: u128 = 5;
const SITE: u128 = 6;
const MESSAGE: u128 = 7;
const GONE: u128 = 8;
const HIDDEN: u128 = 9;
const GROUP: u128 = 10;
const VAGUE: u128 = 11;
const STRIPPED: u128 = 12;
const UNLISTED: u128 = 99;

fn own() -> TenantId {
    TenantId::from_u128(0xa)
}

fn foreign() -> TenantId {
    TenantId::from_u128(0xb)
}

fn id(label: u128) -> LabelId {
    LabelId::from_u128(label)
}

fn catalog() -> LabelCatalog {
    let label = |number: u128, name: &str, parent: Option<u128>| {
        let mut label = Label::new(own(), id(number), name);
        label.back_end_name = Some(format!("name of {name}"));
        label.parent = parent.map(id);
        label.markings = Some(Vec::new());
        label
    };
    let mut confidential = label(CONFIDENTIAL, "Confidential", None);
    confidential.default_sublabel = Some(id(STAFF));
    let mut staff = label(STAFF, "Staff", Some(CONFIDENTIAL));
    staff.markings = Some(vec![
        ContentMarking::new(MarkingPlace::Watermark, "${Item.Label}"),
        ContentMarking::new(MarkingPlace::Header, "${Item.Name} ${Event.DateTime}"),
    ]);
    let finance = label(FINANCE, "Finance", Some(CONFIDENTIAL));
    let mut secret = label(SECRET, "Secret", None);
    secret.markings = Some(vec![ContentMarking::new(MarkingPlace::Footer, "secret")]);
    secret.protection = LabelProtection::Template;
    let mut encryption = Encryption::new(EncryptionKind::Template);
    encryption.template_id = Some("a template".to_owned());
    secret.encryption = Some(encryption);
    let mut retired = label(RETIRED, "Retired", None);
    retired.state = LabelState::Disabled;
    let mut site = label(SITE, "Site", None);
    site.targets = Targets::parse("site");
    let mut message = label(MESSAGE, "Message", None);
    message.targets = Targets::parse("email");
    message.protection = LabelProtection::UserDefined;
    message.encryption = Some(Encryption::new(EncryptionKind::UserDefined {
        prompt: true,
        do_not_forward: true,
        encrypt_only: false,
    }));
    let mut gone = label(GONE, "Gone", None);
    gone.state = LabelState::Deleted;
    let mut hidden = label(HIDDEN, "Hidden", None);
    hidden.publication = Publication::NotPublished;
    let mut group = label(GROUP, "Group", None);
    group.is_group = true;
    group.default_sublabel = Some(id(RETIRED));
    let mut vague = label(VAGUE, "Vague", None);
    vague.protection = LabelProtection::Unspecified;
    let mut stripped = label(STRIPPED, "Stripped", None);
    stripped.encryption = Some(Encryption::new(EncryptionKind::Remove));
    let labels = vec![
        label(PUBLIC, "Public", None),
        label(GENERAL, "General", None),
        confidential,
        staff,
        finance,
        secret,
        retired,
        site,
        message,
        gone,
        hidden,
        group,
        vague,
        stripped,
    ];
    let labels = labels.into_iter().enumerate().map(|(at, mut label)| {
        label.source_order = at as i64;
        label
    });
    LabelCatalog::build(own(), labels.collect()).unwrap().0
}

/// The same list with one label changed.
fn changed(number: u128, change: impl Fn(&mut Label)) -> LabelCatalog {
    let catalog = catalog();
    let labels = catalog.with_deleted().cloned().map(|mut label| {
        if label.key.label == id(number) {
            change(&mut label);
        }
        label
    });
    LabelCatalog::build(own(), labels.collect()).unwrap().0
}

fn asking() -> PolicySettings {
    PolicySettings::from_pairs([("requiredowngradejustification", "true")]).0
}

fn entry(label: u128, attribute: &str, value: &str) -> NameValue {
    NameValue::new(&format!("MSIP_Label_{}_{attribute}", id(label)), value)
}

/// A complete record of a label.
fn record(tenant: TenantId, label: u128, method: &str, bits: &str) -> Vec<NameValue> {
    [
        ("Enabled", "true"),
        ("SetDate", "2020-12-01T10:11:12Z"),
        ("Method", method),
        ("Name", "a name"),
        ("SiteId", &tenant.to_string()),
        ("ContentBits", bits),
    ]
    .map(|(attribute, value)| entry(label, attribute, value))
    .to_vec()
}

fn content(metadata: Vec<NameValue>) -> ContentInfo {
    ContentInfo {
        identifier: Some("a.docx".to_owned()),
        metadata,
        ..ContentInfo::default()
    }
}

fn options(label: u128, method: Method) -> LabelingOptions {
    let mut options = LabelingOptions::new(id(label));
    options.method = method;
    options
}

fn justified() -> DowngradeJustification {
    DowngradeJustification {
        is_justified: true,
        message: None,
    }
}

fn apply(content: &ContentInfo, label: u128) -> Result<Evaluation, EvaluateError> {
    let (catalog, settings) = (catalog(), PolicySettings::default());
    let context = EvaluateContext::new(&catalog, &settings, NOW_MS);
    evaluate_application(&context, content, &options(label, Method::Standard))
}

/// Short names of actions, for tables.
fn kinds(actions: &[LabelAction]) -> Vec<String> {
    let one = |action: &LabelAction| match action {
        LabelAction::AddMarking(add) => format!("+{:?}", add.place),
        LabelAction::RemoveMarking { place, .. } => format!("-{place:?}"),
        LabelAction::Metadata(_) => "metadata".to_owned(),
        LabelAction::ProtectByTemplate { .. } => "+template".to_owned(),
        LabelAction::ProtectAdhoc => "+adhoc".to_owned(),
        LabelAction::ProtectDoNotForward => "+noforward".to_owned(),
        LabelAction::RemoveProtection => "-protection".to_owned(),
        LabelAction::Justify => "justify".to_owned(),
        LabelAction::ApplyLabel(change) => format!("apply {}", change.label.name),
        LabelAction::RecommendLabel(change) => format!("recommend {}", change.label.name),
        LabelAction::Custom(custom) => format!("custom {}", custom.name),
        _ => panic!("{action:?}"),
    };
    actions.iter().map(one).collect()
}

fn metadata(evaluation: &Evaluation) -> label_core::evaluate::MetadataAction {
    match evaluation.actions.last() {
        Some(LabelAction::Metadata(metadata)) => metadata.clone(),
        other => panic!("{other:?}"),
    }
}

fn added(evaluation: &Evaluation, attribute: &str) -> String {
    let metadata = metadata(evaluation);
    let suffix = format!("_{attribute}");
    let found = metadata
        .to_add
        .iter()
        .find(|one| one.name.ends_with(&suffix));
    found.map(|one| one.value.clone()).unwrap_or_default()
}
