//! The decision tables, row by row, in both profiles.

use std::sync::Arc;

use super::*;
use crate::catalog::LabelCatalog;
use crate::id::{LabelId, TenantId};
use crate::label::{Label, LabelProtection, LabelState, Publication, Targets};
use crate::policy::PolicySettings;
use crate::settings::Precondition;

const PUBLIC: u128 = 1;
const GENERAL: u128 = 2;
const SECRET: u128 = 3;
const CLASSIC: u128 = 4;
const DISABLED: u128 = 5;
const DELETED: u128 = 6;
const UNPUBLISHED: u128 = 7;
const PARENT: u128 = 8;
const CHILD: u128 = 9;
const SIBLING: u128 = 10;
const FILES_ONLY: u128 = 11;
const UNKNOWN: u128 = 99;

fn key(label: u128) -> LabelKey {
    LabelKey::new(TenantId::from_u128(0xa), LabelId::from_u128(label))
}

/// From the least sensitive to the most, as they are numbered.
fn labels() -> LabelView {
    let label = |id, name: &str| {
        let mut label = Label::new(TenantId::from_u128(0xa), LabelId::from_u128(id), name);
        label.source_order = id as i64;
        label
    };
    let mut secret = label(SECRET, "Secret");
    secret.protection = LabelProtection::Template;
    let mut classic = label(CLASSIC, "Classic");
    classic.scheme = LabelScheme::Classic;
    let mut disabled = label(DISABLED, "Disabled");
    disabled.state = LabelState::Disabled;
    let mut deleted = label(DELETED, "Deleted");
    deleted.state = LabelState::Deleted;
    let mut unpublished = label(UNPUBLISHED, "Unpublished");
    unpublished.publication = Publication::NotPublished;
    let mut child = label(CHILD, "Child");
    child.parent = Some(LabelId::from_u128(PARENT));
    let mut sibling = label(SIBLING, "Sibling");
    sibling.parent = Some(LabelId::from_u128(PARENT));
    let mut files_only = label(FILES_ONLY, "Files only");
    files_only.targets = Targets::parse("file");
    let (catalog, _) = LabelCatalog::build(
        TenantId::from_u128(0xa),
        vec![
            label(PUBLIC, "Public"),
            label(GENERAL, "General"),
            secret,
            classic,
            disabled,
            deleted,
            unpublished,
            label(PARENT, "Parent"),
            child,
            sibling,
            files_only,
        ],
    )
    .unwrap();
    LabelView::new(Arc::new(catalog))
}

fn plain() -> DocumentFacts {
    DocumentFacts::new(DocumentKind::Office, 10_000)
}

fn outside(label: u128) -> DocumentFacts {
    DocumentFacts {
        current: Some(CurrentLabel::outside(key(label))),
        ..plain()
    }
}

fn ours(label: u128) -> DocumentFacts {
    DocumentFacts {
        current: Some(CurrentLabel::ours(key(label))),
        ..plain()
    }
}

fn code(decision: &Decision) -> String {
    match decision {
        Decision::Proceed(_) => "applied".to_owned(),
        Decision::NoOp(nothing) => nothing.code().to_owned(),
        Decision::Later(refusal) => format!("later: {}", refusal.code()),
        Decision::Refuse(refusal) => refusal.code().to_owned(),
    }
}

/// `apply label General`, with one thing different.
fn asked(profile: Profile, change: &dyn Fn(&mut ApplyQuestion<'_>)) -> Decision {
    let (labels, apps) = (labels(), LabelCapableApps::default());
    let mut question = ApplyQuestion::new(AppId::BOX, &apps, &labels, key(GENERAL), plain());
    question.profile = profile;
    change(&mut question);
    apply(&question)
}

type Change = Box<dyn Fn(&mut ApplyQuestion<'_>)>;

fn document(change: impl Fn(&mut DocumentFacts) + 'static) -> Change {
    Box::new(move |question| change(&mut question.document))
}

fn on(facts: DocumentFacts) -> Change {
    Box::new(move |question| question.document = facts)
}

fn target(label: u128) -> Change {
    Box::new(move |question| question.target = key(label))
}

/// A protected file and somebody equipped to open it.
fn overriding(protection: DocumentProtection, by_policy: bool) -> Change {
    Box::new(move |question| {
        question.document = outside(PUBLIC);
        question.document.protection = protection;
        question.inspect_protected = true;
        question.protector_available = true;
        question.override_user_defined = by_policy;
    })
}

fn check(rows: Vec<(&str, Change, &str, &str)>) {
    for (row, change, seed, current) in rows {
        assert_eq!(code(&asked(Profile::Seed, &change)), seed, "seed: {row}");
        let found = code(&asked(Profile::Current, &change));
        assert_eq!(found, current, "current: {row}");
    }
}

const NO: &str = "label_not_applicable";

/// Section 4.5, A1 to A3: what the tenant, the app and the label allow.
#[test]
fn r_030_r_031_r_056_r_111_a_043_apply_table_label_and_app() {
    check(vec![
        (
            "A1 licence missing (R-026)",
            Box::new(|question| question.integration.product_licence = false),
            "not_integrated",
            "not_integrated",
        ),
        (
            "A1 connector missing (R-030)",
            Box::new(|question| question.integration.office_365_connector = false),
            "connector_missing",
            "connector_missing",
        ),
        (
            "A2 Dropbox (R-056)",
            Box::new(|question| question.app = AppId::DROPBOX),
            "app_unsupported",
            "app_unsupported",
        ),
        (
            "R-111 app not connected",
            Box::new(|question| question.connected = false),
            "app_not_connected",
            "app_not_connected",
        ),
        ("A3 unknown", target(UNKNOWN), NO, NO),
        ("A3 disabled (R-187)", target(DISABLED), NO, NO),
        ("A3 deleted", target(DELETED), NO, NO),
        ("A3 not published (R-031)", target(UNPUBLISHED), NO, NO),
        ("A3 parent (R-131)", target(PARENT), NO, NO),
        (
            "A3 external (R-082)",
            Box::new(|question| {
                question.target =
                    LabelKey::new(TenantId::from_u128(0xb), LabelId::from_u128(GENERAL));
            }),
            NO,
            NO,
        ),
        (
            "A3 files without e-mail (A-043)",
            target(FILES_ONLY),
            "applied",
            NO,
        ),
        ("A18", Box::new(|_| {}), "applied", "applied"),
    ]);
}

/// Section 4.5, A4 to A11: what the file allows.
#[test]
fn r_128_r_129_a_040_a_041_a_046_apply_table_file() {
    check(vec![
        (
            "A4",
            document(|it| it.is_folder = true),
            "not_a_file",
            "not_a_file",
        ),
        (
            "A5 (R-051)",
            document(|it| it.kind = DocumentKind::Unsupported),
            "type_unsupported",
            "type_unsupported",
        ),
        (
            "A7 30 MiB (R-128)",
            document(|it| it.size_bytes = 31_457_280),
            "applied",
            "applied",
        ),
        (
            "A7 30 MiB and a byte (R-129)",
            document(|it| it.size_bytes = 31_457_281),
            "applied",
            "too_large",
        ),
        (
            "A7 50 MiB (R-128)",
            document(|it| it.size_bytes = 52_428_800),
            "applied",
            "too_large",
        ),
        (
            "A7 50 MiB and a byte (R-129)",
            document(|it| it.size_bytes = 52_428_801),
            "too_large",
            "too_large",
        ),
        (
            "A8 (A-040)",
            document(|it| it.size_bytes = 0),
            "empty_file",
            "empty_file",
        ),
        (
            "A9 password (A-046)",
            document(|it| it.condition = DocumentCondition::PasswordProtected),
            "unreadable",
            "unreadable",
        ),
        (
            "A9 corrupt",
            document(|it| it.condition = DocumentCondition::Corrupt),
            "unreadable",
            "unreadable",
        ),
        (
            "A10 check-out (A-041)",
            document(|it| it.checkout_required = true),
            "later: checkout_required",
            "checkout_required",
        ),
        (
            "A10 locked (A-029)",
            document(|it| it.locked = true),
            "later: locked",
            "later: locked",
        ),
        (
            "A11",
            document(|it| it.quarantined = true),
            "quarantined",
            "quarantined",
        ),
        (
            "signed",
            document(|it| it.signed = true),
            "signed",
            "signed",
        ),
    ]);
}

/// Section 4.5, A12 to A18: what the label allows that is there.
#[test]
fn r_089_r_091_a_042_apply_table_current_label() {
    use DocumentProtection::{TemplateOrUnknown, UserDefined};
    let protected = |facts: DocumentFacts| {
        on(DocumentFacts {
            protection: TemplateOrUnknown,
            ..facts
        })
    };
    check(vec![
        (
            "A12",
            on(outside(GENERAL)),
            "already_labelled",
            "already_labelled",
        ),
        (
            "A12 set by us",
            on(ours(GENERAL)),
            "already_labelled",
            "already_labelled",
        ),
        (
            "A12 protected by somebody",
            protected(outside(GENERAL)),
            "already_labelled",
            "already_labelled",
        ),
        (
            "A12 comes before A13 and A15",
            protected(ours(GENERAL)),
            "already_labelled",
            "already_labelled",
        ),
        (
            "A13 (A-042)",
            on(ours(PUBLIC)),
            "labelled_by_us",
            "labelled_by_us",
        ),
        (
            "A13 administrator",
            Box::new(|question| {
                question.document = ours(PUBLIC);
                question.initiator = Initiator::Administrator;
            }),
            "applied",
            "applied",
        ),
        ("A14", on(outside(PUBLIC)), "applied", "applied"),
        (
            "A15 without grant or protector",
            protected(outside(SECRET)),
            "outside_protected",
            "outside_protected",
        ),
        (
            "A15 with a protector alone",
            Box::new(|question| {
                question.document = outside(SECRET);
                question.document.protection = UserDefined;
                question.protector_available = true;
                question.override_user_defined = true;
            }),
            "outside_protected",
            "outside_protected",
        ),
        (
            "A15 with the grant alone",
            Box::new(|question| {
                question.document = outside(SECRET);
                question.document.protection = UserDefined;
                question.inspect_protected = true;
                question.override_user_defined = true;
            }),
            "outside_protected",
            "outside_protected",
        ),
        (
            "A15 user-defined, option off (R-089, R-091)",
            overriding(UserDefined, false),
            "applied",
            "outside_protected",
        ),
        (
            "A15 user-defined, option on (R-091)",
            overriding(UserDefined, true),
            "applied",
            "applied",
        ),
        (
            "A15 template, option on (R-089, R-091)",
            overriding(TemplateOrUnknown, true),
            "applied",
            "outside_protected",
        ),
        (
            "A16 protected without label",
            protected(plain()),
            "outside_protected",
            "outside_protected",
        ),
        (
            "label with protection (R-006)",
            target(SECRET),
            "protection_required",
            "protection_required",
        ),
        (
            "label with protection and protector (R-006)",
            Box::new(|question| {
                question.target = key(SECRET);
                question.protector_available = true;
            }),
            "applied",
            "applied",
        ),
        // A17: of another tenant's label nothing is said here, it stays where it is.
        ("A17, A18", Box::new(|_| {}), "applied", "applied"),
    ]);
}

/// Not in the tables: a policy lowers a label only where it says so; a person may.
#[test]
fn a_policy_does_not_lower_a_label_unless_it_says_so() {
    let contradictory = DocumentFacts {
        current: Some(CurrentLabel {
            label: None,
            set_by_us: false,
            overrode_protection: false,
        }),
        ..plain()
    };
    for (row, facts, target, by_policy, change) in [
        (
            "lower",
            outside(SECRET),
            GENERAL,
            "would_downgrade",
            ClassificationChange::Downgrade,
        ),
        (
            "higher",
            outside(PUBLIC),
            GENERAL,
            "applied",
            ClassificationChange::Upgrade,
        ),
        (
            "a sibling (L-011)",
            outside(SIBLING),
            CHILD,
            "applied",
            ClassificationChange::Lateral,
        ),
        (
            "a disabled one keeps its rank",
            outside(DISABLED),
            GENERAL,
            "would_downgrade",
            ClassificationChange::Downgrade,
        ),
        (
            "a deleted one keeps its rank",
            outside(DELETED),
            GENERAL,
            "would_downgrade",
            ClassificationChange::Downgrade,
        ),
        (
            "one that is not in the list",
            outside(UNKNOWN),
            GENERAL,
            "would_downgrade",
            ClassificationChange::Unranked,
        ),
        (
            "contradictory metadata",
            contradictory,
            GENERAL,
            "would_downgrade",
            ClassificationChange::Unranked,
        ),
        (
            "none",
            plain(),
            GENERAL,
            "applied",
            ClassificationChange::First,
        ),
    ] {
        for profile in [Profile::Seed, Profile::Current] {
            let ask = |initiator, allow_downgrade| {
                asked(profile, &|question| {
                    question.document = facts;
                    question.target = key(target);
                    question.initiator = initiator;
                    question.allow_downgrade = allow_downgrade;
                })
            };
            let plainly = ask(Initiator::Policy, false);
            assert_eq!(code(&plainly), by_policy, "{row}");
            let proceed = Decision::Proceed(change);
            assert_eq!(ask(Initiator::Policy, true), proceed, "{row}");
            assert_eq!(ask(Initiator::Administrator, false), proceed, "{row}");
        }
    }
}

/// Not in the tables: where the person's label policy asks for a reason, one has to be given.
#[test]
fn l_071_a_person_says_why_a_label_is_lowered() {
    let apply = |current, initiator, justification| {
        let decision = asked(Profile::Seed, &|question| {
            question.document = outside(current);
            question.initiator = initiator;
            question.allow_downgrade = true;
            question.justification = justification;
        });
        code(&decision)
    };
    let required = "justification_required";
    for (current, initiator, justification, expected) in [
        (
            SECRET,
            Initiator::Administrator,
            Justification::Missing,
            required,
        ),
        (
            SECRET,
            Initiator::Administrator,
            Justification::Given,
            "applied",
        ),
        (
            SECRET,
            Initiator::Administrator,
            Justification::NotRequired,
            "applied",
        ),
        (
            PUBLIC,
            Initiator::Administrator,
            Justification::Missing,
            "applied",
        ),
        (
            UNKNOWN,
            Initiator::Administrator,
            Justification::Missing,
            "applied",
        ),
        (SECRET, Initiator::Policy, Justification::Missing, "applied"),
    ] {
        let found = apply(current, initiator, justification);
        assert_eq!(found, expected, "{current} {initiator:?} {justification:?}");
    }
    let settings = |requires| PolicySettings {
        requires_downgrade_justification: requires,
        ..PolicySettings::default()
    };
    for (requires, text, expected) in [
        (None, None, Justification::NotRequired),
        (Some(false), None, Justification::NotRequired),
        (Some(true), None, Justification::Missing),
        (Some(true), Some(" \t"), Justification::Missing),
        (Some(true), Some("was a draft"), Justification::Given),
        (None, Some("was a draft"), Justification::Given),
    ] {
        let found = Justification::new(&settings(requires), text);
        assert_eq!(found, expected, "{requires:?} {text:?}");
    }
}

#[test]
fn r_027_the_refusal_lists_exactly_what_is_missing() {
    let decision = asked(Profile::Seed, &|question| {
        question.integration.product_licence = false;
        question.integration.office_365_connector = false;
    });
    assert_eq!(
        decision,
        Decision::Refuse(Refusal::NotIntegrated(vec![
            Precondition::ProductLicence,
            Precondition::Office365Connector
        ]))
    );
}

/// A6, and R-015: whatever the kind, the same questions are asked; only PDF makes a difference.
#[test]
fn r_015_r_053_l_034_a_pdf_takes_no_classic_label() {
    for (kind, label, expected) in [
        (DocumentKind::Pdf, CLASSIC, "pdf_needs_unified"),
        (DocumentKind::Pdf, GENERAL, "applied"),
        (DocumentKind::Office, CLASSIC, "applied"),
        (DocumentKind::Office, GENERAL, "applied"),
    ] {
        for profile in [Profile::Seed, Profile::Current] {
            let decision = asked(profile, &|question| {
                question.document.kind = kind;
                question.target = key(label);
            });
            assert_eq!(code(&decision), expected, "{kind:?} {label}");
        }
    }
}

/// Section 4.5, D1 to D6.
#[test]
fn r_090_r_137_r_138_remove_table() {
    let (labels, apps) = (labels(), LabelCapableApps::default());
    let overrode = DocumentFacts {
        current: Some(CurrentLabel {
            overrode_protection: true,
            ..CurrentLabel::ours(key(GENERAL))
        }),
        ..plain()
    };
    let protected = |facts: DocumentFacts| DocumentFacts {
        protection: DocumentProtection::TemplateOrUnknown,
        ..facts
    };
    for (row, document, plainly, forced) in [
        ("D1, D6", plain(), "not_labelled", "not_labelled"),
        (
            "D2 the label protects",
            ours(SECRET),
            "protected",
            "protected",
        ),
        (
            "D2 the file is protected (R-090)",
            protected(outside(GENERAL)),
            "protected",
            "protected",
        ),
        (
            "D2 the file is protected, its label can't be seen",
            protected(plain()),
            "protected",
            "protected",
        ),
        ("D3 (R-138)", outside(GENERAL), "outside_label", "applied"),
        (
            "D3, not in the list",
            outside(UNKNOWN),
            "outside_label",
            "applied",
        ),
        ("D4", overrode, "overrode_protection", "overrode_protection"),
        ("D5 (R-137)", ours(GENERAL), "applied", "applied"),
        (
            "signed",
            DocumentFacts {
                signed: true,
                ..ours(GENERAL)
            },
            "signed",
            "signed",
        ),
        (
            "too large",
            DocumentFacts {
                size_bytes: 52_428_801,
                ..ours(GENERAL)
            },
            "too_large",
            "too_large",
        ),
    ] {
        for profile in [Profile::Seed, Profile::Current] {
            let mut question = RemoveQuestion::new(AppId::BOX, &apps, &labels, document);
            question.profile = profile;
            assert_eq!(code(&remove(&question)), plainly, "{row}");
            question.force = true;
            assert_eq!(code(&remove(&question)), forced, "forced: {row}");
        }
    }
}

#[test]
fn l_071_a_person_says_why_a_label_is_removed() {
    let (labels, apps) = (labels(), LabelCapableApps::default());
    let mut question = RemoveQuestion::new(AppId::BOX, &apps, &labels, ours(GENERAL));
    question.justification = Justification::Missing;
    assert_eq!(
        remove(&question),
        Decision::Proceed(ClassificationChange::Removal),
        "a policy"
    );
    question.initiator = Initiator::Administrator;
    assert_eq!(code(&remove(&question)), "justification_required");
    question.justification = Justification::Given;
    assert_eq!(
        remove(&question),
        Decision::Proceed(ClassificationChange::Removal)
    );
}

/// Each reason can be told: no two have one code, and each has a sentence.
#[test]
fn codes_are_distinct_and_sentences_are_there() {
    let refusals = [
        Refusal::NotIntegrated(vec![Precondition::ProductLicence]),
        Refusal::NotIntegrated(vec![Precondition::Office365Connector]),
        Refusal::AppNotConnected,
        Refusal::AppUnsupported,
        Refusal::LabelNotApplicable(NotAppliable::Heading),
        Refusal::NotAFile,
        Refusal::TypeUnsupported,
        Refusal::PdfNeedsUnified,
        Refusal::TooLarge {
            size_bytes: 2,
            limit_bytes: 1,
        },
        Refusal::EmptyFile,
        Refusal::Unreadable,
        Refusal::Locked,
        Refusal::CheckoutRequired,
        Refusal::Quarantined,
        Refusal::OutsideProtected,
        Refusal::Signed,
        Refusal::ProtectionRequired,
        Refusal::Protected,
        Refusal::OutsideLabel,
        Refusal::OverrodeProtection,
        Refusal::JustificationRequired,
    ];
    let nothing = [
        NoOp::AlreadyLabelled,
        NoOp::LabelledByUs,
        NoOp::WouldDowngrade,
        NoOp::NotLabelled,
    ];
    let mut all: Vec<(&str, String)> = refusals
        .iter()
        .map(|refusal| (refusal.code(), refusal.to_string()))
        .chain(nothing.map(|nothing| (nothing.code(), nothing.to_string())))
        .collect();
    assert!(all.iter().all(|(_, sentence)| !sentence.is_empty()));
    let count = all.len();
    all.sort_unstable();
    all.dedup_by_key(|(code, _)| *code);
    assert_eq!(all.len(), count);
}
