//! May this label be applied to, or removed from, this file? The only home of these rules.
//!
//! [`apply`] and [`remove`] are pure functions: the caller gathers the facts, the first row of the
//! decision table that fits decides. The rows carry the numbers of the specification (A1 to A18, D1
//! to D6); the daily limit, row A19, belongs to the scheduler that runs the task.
//!
//! Two rules are not in the tables, and stand after their last refusals: a policy does not lower a
//! label unless it says so, and a person whose label policy asks for a reason gives one.
//!
//! # Examples
//!
//! ```
//! use label_core::decide::{ApplyQuestion, Decision, DocumentFacts, DocumentKind, apply};
//! use label_core::{AppId, Label, LabelCapableApps, LabelCatalog, LabelId, LabelView, TenantId};
//!
//! let tenant = TenantId::from_u128(1);
//! let general = Label::new(tenant, LabelId::from_u128(2), "General");
//! let target = general.key;
//! let (catalog, _) = LabelCatalog::build(tenant, vec![general])?;
//! let labels = LabelView::new(catalog.into());
//! let apps = LabelCapableApps::default();
//!
//! let document = DocumentFacts::new(DocumentKind::Pdf, 20_000);
//! let mut question = ApplyQuestion::new(AppId::BOX, &apps, &labels, target, document);
//! assert!(matches!(apply(&question), Decision::Proceed(_)));
//! question.document.size_bytes = 0;
//! let Decision::Refuse(refusal) = apply(&question) else { unreachable!() };
//! assert_eq!(refusal.to_string(), "the file is empty");
//! # Ok::<(), label_core::CatalogError>(())
//! ```

mod change;
mod refusal;

use std::fmt;

use crate::catalog::NotAppliable;
use crate::id::{AppId, LabelKey};
use crate::label::LabelScheme;
use crate::settings::{IntegrationState, LabelCapableApps, Profile};
use crate::view::LabelView;

pub use change::{ClassificationChange, Justification};
pub use refusal::Refusal;

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
    /// Whether we set it over somebody's protection (D4); the ledger says that too.
    pub overrode_protection: bool,
}

impl CurrentLabel {
    /// A label that somebody else set.
    pub const fn outside(label: LabelKey) -> Self {
        Self {
            label: Some(label),
            set_by_us: false,
            overrode_protection: false,
        }
    }

    /// A label that we set, over no protection.
    pub const fn ours(label: LabelKey) -> Self {
        Self {
            label: Some(label),
            set_by_us: true,
            overrode_protection: false,
        }
    }
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

impl DocumentFacts {
    /// A readable file of this kind and size, without label, protection and signature, that nobody
    /// holds.
    pub const fn new(kind: DocumentKind, size_bytes: u64) -> Self {
        Self {
            is_folder: false,
            kind,
            size_bytes,
            condition: DocumentCondition::Readable,
            locked: false,
            checkout_required: false,
            quarantined: false,
            signed: false,
            current: None,
            protection: DocumentProtection::None,
        }
    }
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
    /// The policy says that it lowers labels too. An administrator always may.
    pub allow_downgrade: bool,
    /// Whether the administrator has to say why a label is lowered; no policy is asked.
    pub justification: Justification,
    /// The grant to open protected files is given.
    pub inspect_protected: bool,
    /// Somebody can encrypt: a protector was supplied.
    pub protector_available: bool,
    /// The file.
    pub document: DocumentFacts,
}

impl<'a> ApplyQuestion<'a> {
    /// A policy of profile `seed` asks, everything is in place, and nothing out of the ordinary is
    /// allowed.
    pub const fn new(
        app: AppId,
        apps: &'a LabelCapableApps,
        labels: &'a LabelView,
        target: LabelKey,
        document: DocumentFacts,
    ) -> Self {
        Self {
            profile: Profile::Seed,
            integration: IntegrationState::READY,
            app,
            connected: true,
            apps,
            labels,
            target,
            initiator: Initiator::Policy,
            override_user_defined: false,
            allow_downgrade: false,
            justification: Justification::NotRequired,
            inspect_protected: false,
            protector_available: false,
            document,
        }
    }
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
    /// Who asks.
    pub initiator: Initiator,
    /// Whether the administrator has to say why a label is removed; no policy is asked.
    pub justification: Justification,
    /// Remove a label that was set outside all the same (D3): for callers who own the risk. A label
    /// with protection stays in every case.
    pub force: bool,
    /// The file.
    pub document: DocumentFacts,
}

impl<'a> RemoveQuestion<'a> {
    /// A policy of profile `seed` asks, and everything is in place.
    pub const fn new(
        app: AppId,
        apps: &'a LabelCapableApps,
        labels: &'a LabelView,
        document: DocumentFacts,
    ) -> Self {
        Self {
            profile: Profile::Seed,
            integration: IntegrationState::READY,
            app,
            connected: true,
            apps,
            labels,
            initiator: Initiator::Policy,
            justification: Justification::NotRequired,
            force: false,
            document,
        }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Write the file; what the label means beside the one that is there.
    Proceed(ClassificationChange),
    /// Nothing to do, and nothing of the daily limit is used (A12, A13, D1).
    NoOp(NoOp),
    /// Try again later: the reason may pass by itself (A10).
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
    /// The file's label is more sensitive than the policy's, or it can't be told, and the policy
    /// does not say that it lowers labels.
    WouldDowngrade,
    /// The file has no label of the own tenant (D1).
    NotLabelled,
}

impl NoOp {
    /// The stable code of the reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyLabelled => "already_labelled",
            Self::LabelledByUs => "labelled_by_us",
            Self::WouldDowngrade => "would_downgrade",
            Self::NotLabelled => "not_labelled",
        }
    }
}

/// One sentence for a person.
impl fmt::Display for NoOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyLabelled => "the file has this label",
            Self::LabelledByUs => "another policy labelled the file first",
            Self::WouldDowngrade => {
                "the file's label is, or may be, more sensitive, and the policy does not allow lowering it"
            }
            Self::NotLabelled => "the file has no label of this tenant",
        })
    }
}

/// May this label be applied? The first row that fits decides.
pub fn apply(question: &ApplyQuestion<'_>) -> Decision {
    decided(check_apply(question), question.profile)
}

/// May the own tenant's label be removed? The first row that fits decides. Labels of other tenants
/// are never touched (D6).
pub fn remove(question: &RemoveQuestion<'_>) -> Decision {
    decided(check_remove(question), question.profile)
}

fn decided(outcome: Result<ClassificationChange, Stop>, profile: Profile) -> Decision {
    match outcome {
        Ok(change) => Decision::Proceed(change),
        Err(Stop::NoOp(nothing)) => Decision::NoOp(nothing),
        Err(Stop::Refuse(refusal)) if refusal.passes(profile) => Decision::Later(refusal),
        Err(Stop::Refuse(refusal)) => Decision::Refuse(refusal),
    }
}

/// A row that fits before the end of the table.
enum Stop {
    NoOp(NoOp),
    Refuse(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

fn check_apply(question: &ApplyQuestion<'_>) -> Result<ClassificationChange, Stop> {
    check_app(
        question.integration,
        question.connected,
        question.apps,
        question.app,
    )?;
    // A3.
    if let Some(why) = question.labels.not_appliable(question.target) {
        return Err(Refusal::LabelNotApplicable(why).into());
    }
    let Some(label) = question.labels.label(question.target) else {
        return Err(Refusal::LabelNotApplicable(NotAppliable::Unknown).into());
    };
    if question.profile.needs_file_and_email_scope() && !label.targets.usable_for_files_and_email()
    {
        return Err(Refusal::LabelNotApplicable(NotAppliable::NotForFiles).into());
    }
    let document = &question.document;
    check_document(document, question.profile, Some(label.scheme))?;
    let change =
        ClassificationChange::between(question.labels, document.current, Some(question.target));
    // A12: whoever protected the file, it has this label.
    if change == ClassificationChange::Same {
        return Err(Stop::NoOp(NoOp::AlreadyLabelled));
    }
    let is_policy = question.initiator == Initiator::Policy;
    // A13: the first policy wins; an administrator is explicit.
    if is_policy && document.current.is_some_and(|current| current.set_by_us) {
        return Err(Stop::NoOp(NoOp::LabelledByUs));
    }
    check_override(question)?;
    if is_policy && change.may_be_downgrade() && !question.allow_downgrade {
        return Err(Stop::NoOp(NoOp::WouldDowngrade));
    }
    check_justification(question.initiator, question.justification, change)?;
    if document.signed {
        return Err(Refusal::Signed.into());
    }
    if label.protection.encrypts() && !question.protector_available {
        return Err(Refusal::ProtectionRequired.into());
    }
    // A14, A17, A18.
    Ok(change)
}

/// A15, A16. Overriding strips somebody's encryption, hence the grant and the protector.
fn check_override(question: &ApplyQuestion<'_>) -> Result<(), Refusal> {
    let protection = question.document.protection;
    let is_equipped = question.inspect_protected && question.protector_available;
    let is_allowed = match question.profile {
        Profile::Seed => is_equipped,
        Profile::Current => {
            is_equipped
                && question.override_user_defined
                && protection == DocumentProtection::UserDefined
        }
    };
    if protection != DocumentProtection::None && !is_allowed {
        return Err(Refusal::OutsideProtected);
    }
    Ok(())
}

/// A person who lowers a label says why, where their label policy asks for it.
fn check_justification(
    initiator: Initiator,
    justification: Justification,
    change: ClassificationChange,
) -> Result<(), Refusal> {
    let is_asked = initiator == Initiator::Administrator && change.is_downgrade();
    if is_asked && justification == Justification::Missing {
        return Err(Refusal::JustificationRequired);
    }
    Ok(())
}

fn check_remove(question: &RemoveQuestion<'_>) -> Result<ClassificationChange, Stop> {
    check_app(
        question.integration,
        question.connected,
        question.apps,
        question.app,
    )?;
    let document = &question.document;
    // D2 before D1 and before the rows on reading: of a protected file whose label lies inside,
    // neither that it has none nor that it is damaged can be said.
    if document.protection != DocumentProtection::None {
        return Err(Refusal::Protected.into());
    }
    check_document(document, question.profile, None)?;
    let Some(current) = document.current else {
        return Err(Stop::NoOp(NoOp::NotLabelled));
    };
    let encrypts = current
        .label
        .and_then(|key| question.labels.label(key))
        .is_some_and(|label| label.protection.encrypts());
    if encrypts {
        return Err(Refusal::Protected.into());
    }
    // D3.
    if !current.set_by_us && !question.force {
        return Err(Refusal::OutsideLabel.into());
    }
    // D4.
    if current.overrode_protection {
        return Err(Refusal::OverrodeProtection.into());
    }
    let change = ClassificationChange::Removal;
    check_justification(question.initiator, question.justification, change)?;
    if document.signed {
        return Err(Refusal::Signed.into());
    }
    Ok(change)
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
mod tests;
