//! May this label be applied to, or removed from, this file? The only home of these rules.
//!
//! The functions are pure: the caller gathers the facts, the first row of the decision table that
//! fits decides. The rows carry the numbers of the specification (A1 to A18, D1 to D6); the daily
//! limit, row A19, belongs to the scheduler that runs the task.

use std::fmt;

use crate::catalog::NotAppliable;
use crate::id::{AppId, LabelKey};
use crate::label::LabelScheme;
use crate::settings::{IntegrationState, LabelCapableApps, Precondition, Profile};
use crate::view::LabelView;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Initiator {
    /// A policy that the file matches.
    Policy,
    /// An administrator, by hand. Explicit, so that a label set by us is replaced too.
    Administrator,
}

/// What kind of document the content is, whatever the name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// One of the fourteen Office package types.
    Office,
    /// PDF.
    Pdf,
    /// Anything else.
    Unsupported,
}

/// Whether the document's parts can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentCondition {
    /// Yes.
    Readable,
    /// A password is needed.
    PasswordProtected,
    /// Damaged, or contradicting itself.
    Corrupt,
}

/// Encryption of the document by rights management.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentProtection {
    /// Not encrypted.
    None,
    /// Rights chosen by the person who protected the document.
    UserDefined,
    /// A template's rights, or it can't be told.
    TemplateOrUnknown,
}

/// The own tenant's label on the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CurrentLabel {
    /// Which one; `None` where the metadata is contradictory and no label counts.
    pub label: Option<LabelKey>,
    /// Whether our own ledger says that we set it. The file's metadata does not prove it.
    pub set_by_us: bool,
}

/// What is known of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentFacts {
    /// A folder, not a file.
    pub is_folder: bool,
    /// What the content is.
    pub kind: DocumentKind,
    /// Whole file, before labelling.
    pub size_bytes: u64,
    /// Whether the parts can be read.
    pub condition: DocumentCondition,
    /// Locked by a user or another program at the moment.
    pub locked: bool,
    /// In a library that needs check-out.
    pub checkout_required: bool,
    /// In quarantine or in the trash.
    pub quarantined: bool,
    /// Digitally signed.
    pub signed: bool,
    /// The own tenant's label, if there is one.
    pub current: Option<CurrentLabel>,
    /// Whether the content is encrypted.
    pub protection: DocumentProtection,
}

/// May this label be applied?
#[derive(Clone, Copy, Debug)]
pub struct ApplyQuestion<'a> {
    /// Which year's rules.
    pub profile: Profile,
    /// Licences and connector.
    pub integration: IntegrationState,
    /// The file's app.
    pub app: AppId,
    /// Whether that app is connected.
    pub connected: bool,
    /// The apps that can carry labels.
    pub apps: &'a LabelCapableApps,
    /// The labels.
    pub labels: &'a LabelView,
    /// The label to apply.
    pub target: LabelKey,
    /// Who asks.
    pub initiator: Initiator,
    /// The policy's box *Override user-defined labels* (profile `current`).
    pub override_user_defined: bool,
    /// The grant to open protected files is given and the policy uses it.
    pub inspect_protected: bool,
    /// Somebody can encrypt: a protector was supplied.
    pub protector_available: bool,
    /// The file.
    pub document: DocumentFacts,
}

/// May the own tenant's label be removed?
#[derive(Clone, Copy, Debug)]
pub struct RemoveQuestion<'a> {
    /// Licences and connector.
    pub integration: IntegrationState,
    /// The file's app.
    pub app: AppId,
    /// Whether that app is connected.
    pub connected: bool,
    /// The apps that can carry labels.
    pub apps: &'a LabelCapableApps,
    /// Which year's rules.
    pub profile: Profile,
    /// The labels: they say whether the label to remove brings protection.
    pub labels: &'a LabelView,
    /// The file.
    pub document: DocumentFacts,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Write the file.
    Proceed,
    /// Nothing to do, and nothing of the daily limit is used (A12, D1).
    NoOp(NoOp),
    /// Try again later: the reason passes by itself (A10).
    Later(Refusal),
    /// No.
    Refuse(Refusal),
}

/// Why there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoOp {
    /// The file has exactly this label (A12).
    AlreadyLabelled,
    /// Another policy of ours labelled the file first (A13).
    LabelledByUs,
    /// The file has no label of the own tenant (D1).
    NotLabelled,
}

impl NoOp {
    /// The stable code of the reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyLabelled => "already_labelled",
            Self::LabelledByUs => "labelled_by_us",
            Self::NotLabelled => "not_labelled",
        }
    }
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A licence or the connector is missing (A1).
    NotIntegrated(Vec<Precondition>),
    /// The file's app is not connected.
    AppNotConnected,
    /// The app's files can't be labelled (A2).
    AppUnsupported,
    /// The label can't be applied (A3).
    LabelNotApplicable(NotAppliable),
    /// Folders carry no labels (A4).
    NotAFile,
    /// Not one of the fifteen types (A5).
    TypeUnsupported,
    /// A classic label on a PDF (A6).
    PdfNeedsUnified,
    /// Over the profile's limit (A7).
    TooLarge {
        /// The file's size.
        size_bytes: u64,
        /// The largest allowed.
        limit_bytes: u64,
    },
    /// Nothing in the file (A8).
    EmptyFile,
    /// Password-protected or damaged (A9).
    Unreadable,
    /// Locked at the moment (A10).
    Locked,
    /// The library needs check-out (A10).
    CheckoutRequired,
    /// In quarantine or trash (A11).
    Quarantined,
    /// Protected outside, and overriding is not allowed here (A15, A16).
    OutsideProtected,
    /// Digitally signed: writing would break the signature.
    Signed,
    /// The label encrypts and nobody who can do that was supplied.
    ProtectionRequired,
    /// The label to remove has protection (D2).
    Protected,
    /// The label to remove was set outside (D3).
    OutsideLabel,
}

impl Refusal {
    /// The stable code of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotIntegrated(_) => "not_integrated",
            Self::AppNotConnected => "app_not_connected",
            Self::AppUnsupported => "app_unsupported",
            Self::LabelNotApplicable(_) => "label_not_applicable",
            Self::NotAFile => "not_a_file",
            Self::TypeUnsupported => "type_unsupported",
            Self::PdfNeedsUnified => "pdf_needs_unified",
            Self::TooLarge { .. } => "too_large",
            Self::EmptyFile => "empty_file",
            Self::Unreadable => "unreadable",
            Self::Locked => "locked",
            Self::CheckoutRequired => "checkout_required",
            Self::Quarantined => "quarantined",
            Self::OutsideProtected => "outside_protected",
            Self::Signed => "signed",
            Self::ProtectionRequired => "protection_required",
            Self::Protected => "protected",
            Self::OutsideLabel => "outside_label",
        }
    }
}

/// One sentence for a person.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotIntegrated(missing) => {
                for (at, precondition) in missing.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{precondition}")?;
                }
                Ok(())
            }
            Self::AppNotConnected => f.write_str("the file's app is not connected"),
            Self::AppUnsupported => f.write_str("files of this app can't be labelled"),
            Self::LabelNotApplicable(why) => write!(f, "the label can't be applied: {why}"),
            Self::NotAFile => f.write_str("folders carry no labels"),
            Self::TypeUnsupported => f.write_str("files of this type can't be labelled"),
            Self::PdfNeedsUnified => {
                f.write_str("a PDF needs a unified label, this one is classic")
            }
            Self::TooLarge {
                size_bytes,
                limit_bytes,
            } => write!(
                f,
                "{size_bytes} bytes, at most {limit_bytes} can be labelled"
            ),
            Self::EmptyFile => f.write_str("the file is empty"),
            Self::Unreadable => f.write_str("password-protected or damaged"),
            Self::Locked => f.write_str("locked at the moment"),
            Self::CheckoutRequired => f.write_str("the library requires check-out"),
            Self::Quarantined => f.write_str("in quarantine or in the trash"),
            Self::OutsideProtected => {
                f.write_str("protected outside, and overriding that is not allowed here")
            }
            Self::Signed => f.write_str("digitally signed"),
            Self::ProtectionRequired => {
                f.write_str("the label encrypts, and no protector was supplied")
            }
            Self::Protected => f.write_str("a label with protection is not removed"),
            Self::OutsideLabel => f.write_str("the label was set outside"),
        }
    }
}

/// May this label be applied? The first row that fits decides.
pub fn apply(question: &ApplyQuestion<'_>) -> Decision {
    match check_apply(question) {
        Ok(None) => Decision::Proceed,
        Ok(Some(nothing)) => Decision::NoOp(nothing),
        Err(Refusal::Locked) => Decision::Later(Refusal::Locked),
        Err(refusal) => Decision::Refuse(refusal),
    }
}

/// May the own tenant's label be removed? The first row that fits decides. Labels of other tenants
/// are never touched (D6).
pub fn remove(question: &RemoveQuestion<'_>) -> Decision {
    match check_remove(question) {
        Ok(None) => Decision::Proceed,
        Ok(Some(nothing)) => Decision::NoOp(nothing),
        Err(Refusal::Locked) => Decision::Later(Refusal::Locked),
        Err(refusal) => Decision::Refuse(refusal),
    }
}

fn check_apply(question: &ApplyQuestion<'_>) -> Result<Option<NoOp>, Refusal> {
    check_app(
        question.integration,
        question.connected,
        question.apps,
        question.app,
    )?;
    // A3.
    let label = match question.labels.not_appliable(question.target) {
        Some(why) => return Err(Refusal::LabelNotApplicable(why)),
        None => question
            .labels
            .label(question.target)
            .ok_or(Refusal::LabelNotApplicable(NotAppliable::Unknown))?,
    };
    if question.profile.needs_file_and_email_scope() && !label.targets.usable_for_files_and_email()
    {
        return Err(Refusal::LabelNotApplicable(NotAppliable::NotForFiles));
    }
    let document = &question.document;
    check_document(document, question.profile, Some(label.scheme))?;
    // A12.
    let current = document.current.unwrap_or(CurrentLabel {
        label: None,
        set_by_us: false,
    });
    if current.label == Some(question.target) && document.protection == DocumentProtection::None {
        return Ok(Some(NoOp::AlreadyLabelled));
    }
    // A13: the first policy wins; an administrator is explicit.
    if current.set_by_us && question.initiator == Initiator::Policy {
        return Ok(Some(NoOp::LabelledByUs));
    }
    // A15, A16. Overriding strips somebody's encryption, hence the grant and the protector.
    if document.protection != DocumentProtection::None {
        let equipped = question.inspect_protected && question.protector_available;
        let allowed = match question.profile {
            Profile::Seed => equipped,
            Profile::Current => {
                equipped
                    && question.override_user_defined
                    && document.protection == DocumentProtection::UserDefined
            }
        };
        if !allowed {
            return Err(Refusal::OutsideProtected);
        }
    }
    if document.signed {
        return Err(Refusal::Signed);
    }
    if label.protection.encrypts() && !question.protector_available {
        return Err(Refusal::ProtectionRequired);
    }
    // A14, A17, A18.
    Ok(None)
}

fn check_remove(question: &RemoveQuestion<'_>) -> Result<Option<NoOp>, Refusal> {
    check_app(
        question.integration,
        question.connected,
        question.apps,
        question.app,
    )?;
    let document = &question.document;
    // The protection rows come before the ones on reading: a rights-managed file is refused as
    // protected, not as unreadable.
    if document.protection != DocumentProtection::None {
        return Err(Refusal::Protected);
    }
    check_document(document, question.profile, None)?;
    let Some(current) = document.current else {
        return Ok(Some(NoOp::NotLabelled));
    };
    let encrypts = current
        .label
        .and_then(|key| question.labels.label(key))
        .is_some_and(|label| label.protection.encrypts());
    if encrypts {
        return Err(Refusal::Protected);
    }
    if !current.set_by_us {
        return Err(Refusal::OutsideLabel);
    }
    if document.signed {
        return Err(Refusal::Signed);
    }
    Ok(None)
}

/// A1, A2.
fn check_app(
    integration: IntegrationState,
    connected: bool,
    apps: &LabelCapableApps,
    app: AppId,
) -> Result<(), Refusal> {
    let missing = integration.missing();
    if !missing.is_empty() {
        return Err(Refusal::NotIntegrated(missing));
    }
    if !apps.contains(app) {
        return Err(Refusal::AppUnsupported);
    }
    if !connected {
        return Err(Refusal::AppNotConnected);
    }
    Ok(())
}

/// A4 to A11.
fn check_document(
    document: &DocumentFacts,
    profile: Profile,
    scheme: Option<LabelScheme>,
) -> Result<(), Refusal> {
    if document.is_folder {
        return Err(Refusal::NotAFile);
    }
    // An empty file has no content to tell its type by, so A8 is asked before A5.
    if document.size_bytes == 0 {
        return Err(Refusal::EmptyFile);
    }
    if document.kind == DocumentKind::Unsupported {
        return Err(Refusal::TypeUnsupported);
    }
    if document.kind == DocumentKind::Pdf && scheme == Some(LabelScheme::Classic) {
        return Err(Refusal::PdfNeedsUnified);
    }
    let limit_bytes = profile.label_bytes_max();
    if document.size_bytes > limit_bytes {
        return Err(Refusal::TooLarge {
            size_bytes: document.size_bytes,
            limit_bytes,
        });
    }
    if document.condition != DocumentCondition::Readable {
        return Err(Refusal::Unreadable);
    }
    if document.checkout_required {
        return Err(Refusal::CheckoutRequired);
    }
    if document.locked {
        return Err(Refusal::Locked);
    }
    if document.quarantined {
        return Err(Refusal::Quarantined);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::LabelCatalog;
    use crate::id::{LabelId, TenantId};
    use crate::label::{Label, LabelProtection, LabelState, Publication, Targets};

    const GENERAL: u128 = 1;
    const SECRET: u128 = 2;
    const CLASSIC: u128 = 3;
    const DISABLED: u128 = 4;
    const DELETED: u128 = 5;
    const UNPUBLISHED: u128 = 6;
    const PARENT: u128 = 7;
    const FILES_ONLY: u128 = 9;

    fn key(label: u128) -> LabelKey {
        LabelKey::new(TenantId::from_u128(0xa), LabelId::from_u128(label))
    }

    fn labels() -> LabelView {
        let label =
            |id, name: &str| Label::new(TenantId::from_u128(0xa), LabelId::from_u128(id), name);
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
        let mut child = label(8, "Child");
        child.parent = Some(LabelId::from_u128(PARENT));
        let mut files_only = label(FILES_ONLY, "Files only");
        files_only.targets = Targets::parse("file");
        let (catalog, _) = LabelCatalog::build(
            TenantId::from_u128(0xa),
            vec![
                label(GENERAL, "General"),
                secret,
                classic,
                disabled,
                deleted,
                unpublished,
                label(PARENT, "Parent"),
                child,
                files_only,
            ],
        )
        .unwrap();
        LabelView::new(Arc::new(catalog))
    }

    fn plain() -> DocumentFacts {
        DocumentFacts {
            is_folder: false,
            kind: DocumentKind::Office,
            size_bytes: 10_000,
            condition: DocumentCondition::Readable,
            locked: false,
            checkout_required: false,
            quarantined: false,
            signed: false,
            current: None,
            protection: DocumentProtection::None,
        }
    }

    fn labelled(label: u128, set_by_us: bool) -> DocumentFacts {
        DocumentFacts {
            current: Some(CurrentLabel {
                label: Some(key(label)),
                set_by_us,
            }),
            ..plain()
        }
    }

    struct Case<'a> {
        labels: LabelView,
        apps: LabelCapableApps,
        change: &'a dyn Fn(&mut ApplyQuestion<'_>),
    }

    fn asked(change: &dyn Fn(&mut ApplyQuestion<'_>)) -> Decision {
        let case = Case {
            labels: labels(),
            apps: LabelCapableApps::default(),
            change,
        };
        let mut question = ApplyQuestion {
            profile: Profile::Seed,
            integration: IntegrationState::READY,
            app: AppId::BOX,
            connected: true,
            apps: &case.apps,
            labels: &case.labels,
            target: key(GENERAL),
            initiator: Initiator::Policy,
            override_user_defined: false,
            inspect_protected: false,
            protector_available: false,
            document: plain(),
        };
        (case.change)(&mut question);
        apply(&question)
    }

    fn code(decision: &Decision) -> &'static str {
        match decision {
            Decision::Proceed => "applied",
            Decision::NoOp(nothing) => nothing.code(),
            Decision::Later(refusal) | Decision::Refuse(refusal) => refusal.code(),
        }
    }

    #[test]
    fn r_053_a_pdf_takes_unified_labels_only() {
        for (kind, label, expected) in [
            (DocumentKind::Pdf, CLASSIC, "pdf_needs_unified"),
            (DocumentKind::Pdf, GENERAL, "applied"),
            (DocumentKind::Office, CLASSIC, "applied"),
            (DocumentKind::Office, GENERAL, "applied"),
        ] {
            let decision = asked(&|question| {
                question.document.kind = kind;
                question.target = key(label);
            });
            assert_eq!(code(&decision), expected, "{kind:?} {label}");
        }
    }

    /// The decision table of section 4.5, row by row.
    #[test]
    fn apply_table() {
        type Change = Box<dyn Fn(&mut ApplyQuestion<'_>)>;
        let document = |facts: DocumentFacts| -> Change {
            Box::new(move |question| question.document = facts)
        };
        let target =
            |label: u128| -> Change { Box::new(move |question| question.target = key(label)) };
        let rows: Vec<(&str, Change, &str)> = vec![
            (
                "A1 licence missing",
                Box::new(|question| question.integration.product_licence = false),
                "not_integrated",
            ),
            (
                "A1 connector missing (R-030)",
                Box::new(|question| question.integration.office_365_connector = false),
                "not_integrated",
            ),
            (
                "A2 Dropbox (R-056)",
                Box::new(|question| question.app = AppId::DROPBOX),
                "app_unsupported",
            ),
            (
                "R-111 app not connected",
                Box::new(|question| question.connected = false),
                "app_not_connected",
            ),
            ("A3 unknown", target(99), "label_not_applicable"),
            (
                "A3 disabled (R-187)",
                target(DISABLED),
                "label_not_applicable",
            ),
            ("A3 deleted", target(DELETED), "label_not_applicable"),
            (
                "A3 not published (R-031)",
                target(UNPUBLISHED),
                "label_not_applicable",
            ),
            ("A3 parent (R-131)", target(PARENT), "label_not_applicable"),
            (
                "A3 external (R-082)",
                Box::new(|question| {
                    question.target =
                        LabelKey::new(TenantId::from_u128(0xb), LabelId::from_u128(GENERAL));
                }),
                "label_not_applicable",
            ),
            (
                "A3 seed: files only is enough",
                target(FILES_ONLY),
                "applied",
            ),
            (
                "A3 current: files and e-mail (A-043)",
                Box::new(|question| {
                    question.target = key(FILES_ONLY);
                    question.profile = Profile::Current;
                }),
                "label_not_applicable",
            ),
            (
                "A4",
                document(DocumentFacts {
                    is_folder: true,
                    ..plain()
                }),
                "not_a_file",
            ),
            (
                "A5 (R-051)",
                document(DocumentFacts {
                    kind: DocumentKind::Unsupported,
                    ..plain()
                }),
                "type_unsupported",
            ),
            (
                "A6 classic on PDF (R-053)",
                Box::new(|question| {
                    question.document.kind = DocumentKind::Pdf;
                    question.target = key(CLASSIC);
                }),
                "pdf_needs_unified",
            ),
            (
                "A6 unified on PDF (R-053)",
                document(DocumentFacts {
                    kind: DocumentKind::Pdf,
                    ..plain()
                }),
                "applied",
            ),
            ("classic on Office (R-015)", target(CLASSIC), "applied"),
            (
                "A7 limit (R-128)",
                document(DocumentFacts {
                    size_bytes: 52_428_800,
                    ..plain()
                }),
                "applied",
            ),
            (
                "A7 limit + 1 (R-129)",
                document(DocumentFacts {
                    size_bytes: 52_428_801,
                    ..plain()
                }),
                "too_large",
            ),
            (
                "A7 current",
                Box::new(|question| {
                    question.profile = Profile::Current;
                    question.document.size_bytes = 31_457_281;
                }),
                "too_large",
            ),
            (
                "A8 (A-040)",
                document(DocumentFacts {
                    size_bytes: 0,
                    ..plain()
                }),
                "empty_file",
            ),
            (
                "A9 password",
                document(DocumentFacts {
                    condition: DocumentCondition::PasswordProtected,
                    ..plain()
                }),
                "unreadable",
            ),
            (
                "A9 corrupt",
                document(DocumentFacts {
                    condition: DocumentCondition::Corrupt,
                    ..plain()
                }),
                "unreadable",
            ),
            (
                "A10 check-out (A-041)",
                document(DocumentFacts {
                    checkout_required: true,
                    ..plain()
                }),
                "checkout_required",
            ),
            (
                "A10 locked",
                document(DocumentFacts {
                    locked: true,
                    ..plain()
                }),
                "locked",
            ),
            (
                "A11",
                document(DocumentFacts {
                    quarantined: true,
                    ..plain()
                }),
                "quarantined",
            ),
            (
                "A12",
                document(labelled(GENERAL, false)),
                "already_labelled",
            ),
            (
                "A12 set by us",
                document(labelled(GENERAL, true)),
                "already_labelled",
            ),
            (
                "A13 (A-042)",
                document(labelled(CLASSIC, true)),
                "labelled_by_us",
            ),
            (
                "A13 administrator",
                Box::new(|question| {
                    question.document = labelled(CLASSIC, true);
                    question.initiator = Initiator::Administrator;
                }),
                "applied",
            ),
            ("A14", document(labelled(CLASSIC, false)), "applied"),
            (
                "A15 without grant or protector",
                document(DocumentFacts {
                    protection: DocumentProtection::TemplateOrUnknown,
                    ..labelled(SECRET, false)
                }),
                "outside_protected",
            ),
            (
                "A15 seed with both (R-089)",
                Box::new(|question| {
                    question.document = DocumentFacts {
                        protection: DocumentProtection::TemplateOrUnknown,
                        ..labelled(SECRET, false)
                    };
                    question.inspect_protected = true;
                    question.protector_available = true;
                }),
                "applied",
            ),
            (
                "A15 current, option off (R-091)",
                Box::new(|question| {
                    question.profile = Profile::Current;
                    question.document.protection = DocumentProtection::UserDefined;
                    question.inspect_protected = true;
                    question.protector_available = true;
                }),
                "outside_protected",
            ),
            (
                "A15 current, option on, user-defined (R-091)",
                Box::new(|question| {
                    question.profile = Profile::Current;
                    question.override_user_defined = true;
                    question.document.protection = DocumentProtection::UserDefined;
                    question.inspect_protected = true;
                    question.protector_available = true;
                }),
                "applied",
            ),
            (
                "A15 current, option on, template (R-091)",
                Box::new(|question| {
                    question.profile = Profile::Current;
                    question.override_user_defined = true;
                    question.document.protection = DocumentProtection::TemplateOrUnknown;
                    question.inspect_protected = true;
                    question.protector_available = true;
                }),
                "outside_protected",
            ),
            (
                "A16 protected without label",
                document(DocumentFacts {
                    protection: DocumentProtection::TemplateOrUnknown,
                    ..plain()
                }),
                "outside_protected",
            ),
            (
                "signed",
                document(DocumentFacts {
                    signed: true,
                    ..plain()
                }),
                "signed",
            ),
            (
                "label with protection (R-006)",
                target(SECRET),
                "protection_required",
            ),
            (
                "label with protection and protector (R-006)",
                Box::new(|question| {
                    question.target = key(SECRET);
                    question.protector_available = true;
                }),
                "applied",
            ),
            ("A17, A18", Box::new(|_| {}), "applied"),
        ];
        for (row, change, expected) in rows {
            assert_eq!(code(&asked(&change)), expected, "{row}");
        }
    }

    #[test]
    fn r_027_the_refusal_lists_exactly_what_is_missing() {
        let decision = asked(&|question| {
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

    #[test]
    fn l_034_pdf_takes_no_classic_label() {
        for (kind, label, expected) in [
            (DocumentKind::Pdf, CLASSIC, "pdf_needs_unified"),
            (DocumentKind::Pdf, GENERAL, "applied"),
            (DocumentKind::Office, CLASSIC, "applied"),
        ] {
            let decision = asked(&|question| {
                question.document.kind = kind;
                question.target = key(label);
            });
            assert_eq!(code(&decision), expected, "{kind:?} {label}");
        }
    }

    #[test]
    fn locked_files_are_tried_later() {
        let decision = asked(&|question| question.document.locked = true);
        assert_eq!(decision, Decision::Later(Refusal::Locked));
    }

    /// The removal table of section 4.5, row by row.
    #[test]
    fn remove_table() {
        let labels = labels();
        let apps = LabelCapableApps::default();
        let asked = |document: DocumentFacts| {
            let question = RemoveQuestion {
                integration: IntegrationState::READY,
                app: AppId::BOX,
                connected: true,
                apps: &apps,
                profile: Profile::Seed,
                labels: &labels,
                document,
            };
            code(&remove(&question))
        };
        for (row, document, expected) in [
            ("D1, D6", plain(), "not_labelled"),
            ("D2", labelled(SECRET, true), "protected"),
            (
                "D2 (R-090)",
                DocumentFacts {
                    protection: DocumentProtection::TemplateOrUnknown,
                    ..labelled(GENERAL, false)
                },
                "protected",
            ),
            ("D3 (R-138)", labelled(GENERAL, false), "outside_label"),
            ("D5 (R-137)", labelled(GENERAL, true), "applied"),
            (
                "too large",
                DocumentFacts {
                    size_bytes: 52_428_801,
                    ..labelled(GENERAL, true)
                },
                "too_large",
            ),
        ] {
            assert_eq!(asked(document), expected, "{row}");
        }
    }
}
