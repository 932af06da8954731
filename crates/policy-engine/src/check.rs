//! A document becomes policies: every name is looked up, every rule checked, all errors found at
//! once.

use std::collections::HashSet;
use std::sync::Arc;

use label_core::{AppId, LabelCapableApps, LabelKey, LabelOrigin, LabelView, PolicyId, Profile};
use serde_json::{Map, Value};

use crate::action::{Action, Notify};
use crate::action_kind::ActionKind;
use crate::address::Address;
use crate::document::{
    AlertSettings, AppActions, FolderReference, FolderScope, Include, Inspection, OwnerScope,
    POLICIES_MAX, PolicyDefinition, PolicyDocument,
};
use crate::error::{BuildCause, Place, Problems, did_you_mean, quote};
use crate::field::{Field, FilterDialect};
use crate::file_action::FileAction;
use crate::file_type::FileTypeTable;
use crate::filter::{Compiler, ExtensionCase, GROUPS, Gone, LabelReference, Purpose};
use crate::fold::fold;
use crate::json::type_error;
use crate::policy::{Compiled, FolderRule, OwnerRule, Policy};
use crate::text_match::WordSeparators;
use crate::value::find_label;

/// What documents are checked against.
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelView, Profile, TenantId};
/// use policy_engine::BuildContext;
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let mut context = BuildContext::new(&labels);
/// context.detectors = &["credit_card", "iban"];
/// context.profile = Profile::Current;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BuildContext<'c> {
    /// The labels that names and ids are looked up in.
    pub labels: &'c LabelView,
    /// The ids of the presets that content inspection has (R-117). Default: none.
    pub detectors: &'c [&'c str],
    /// The ids of the types of information that a service outside knows (A-023). Default: none.
    pub information_types: &'c [&'c str],
    /// Which year's rules apply. Default: May 2021.
    pub profile: Profile,
    /// The apps whose files can be labelled (R-056). Default: the product's four.
    pub label_capable_apps: LabelCapableApps,
    /// What separates the words of a name. Default: all that ever did.
    pub words: WordSeparators,
    /// Whether the extension filter minds letter case. Default: no.
    pub extension_case: ExtensionCase,
    /// Which MIME types are known. Default: the extended table.
    pub file_types: FileTypeTable,
    /// Whose filters are read. Default: the product's and ours.
    pub dialect: FilterDialect,
}

impl<'c> BuildContext<'c> {
    /// These labels, no presets, defaults for the rest.
    pub fn new(labels: &'c LabelView) -> Self {
        Self {
            labels,
            detectors: &[],
            information_types: &[],
            profile: Profile::default(),
            label_capable_apps: LabelCapableApps::default(),
            words: WordSeparators::default(),
            extension_case: ExtensionCase::default(),
            file_types: FileTypeTable::default(),
            dialect: FilterDialect::default(),
        }
    }
}

/// Checks a document. Policies without an error are built, whatever is wrong with the others.
pub(crate) fn policies(
    document: &PolicyDocument,
    context: &BuildContext<'_>,
    problems: &mut Problems,
) -> Vec<Policy> {
    let root = Place::Root;
    let place = root.member("policies");
    if document.policies.len() > POLICIES_MAX {
        problems.push(
            &place,
            BuildCause::TooMany {
                what: "policies",
                count: document.policies.len(),
                limit: POLICIES_MAX,
            },
        );
        return Vec::new();
    }
    let labels = Arc::new(context.labels.clone());
    let mut ids = HashSet::new();
    let mut policies = Vec::with_capacity(document.policies.len());
    for (at, definition) in document.policies.iter().enumerate() {
        let errors_before = problems.len();
        let place = place.item(at);
        check_id(&definition.id, &mut ids, &place, problems);
        let compiled = policy(definition, context, &labels, &place, problems);
        if problems.len() == errors_before {
            policies.push(Policy::new(definition.enabled, compiled));
        }
    }
    policies
}

fn policy(
    definition: &PolicyDefinition,
    context: &BuildContext<'_>,
    labels: &Arc<LabelView>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Compiled {
    check_name(&definition.name, place, problems);
    let (program, mut references) = Compiler::new(context, problems, Gone::Refused)
        .filters(&definition.filters, &place.member("filters"));
    if let Some(inspection) = &definition.inspection {
        check_inspection(inspection, context, &place.member("inspection"), problems);
    }
    check_alerts(&definition.alerts, &place.member("alerts"), problems);
    let alert = definition.alerts.each_match.then(|| Action::Alert {
        severity: definition.severity,
        daily_limit: definition.alerts.daily_limit,
        email: definition.alerts.email.clone(),
        text_message: definition.alerts.text_message.clone(),
        flow: definition.alerts.flow.clone(),
    });
    let governance = place.member("governance");
    let mut actions = Vec::with_capacity(definition.governance.len());
    for (&app, wanted) in &definition.governance {
        let number = app.0.to_string();
        let place = governance.member(&number);
        let mut list = app_actions(app, wanted, context, &place, &mut references, problems);
        list.extend(alert.clone());
        actions.push((app, list.into_boxed_slice()));
    }
    Compiled {
        pointer: place.to_string(),
        definition: pinned(definition, context.labels),
        program,
        folders: folder_rule(&definition.folder_scope),
        owners: owner_rule(&definition.owner_scope),
        actions,
        actions_elsewhere: alert.into_iter().collect(),
        references,
        labels: Arc::clone(labels),
    }
}

/// An id is used once in a document.
pub(crate) fn check_id(
    id: &PolicyId,
    seen: &mut HashSet<PolicyId>,
    place: &Place<'_>,
    problems: &mut Problems,
) {
    if !seen.insert(id.clone()) {
        let id = quote(id.as_str());
        problems.push(&place.member("id"), BuildCause::DuplicateId { id });
    }
}

/// Alerts have the name as their title.
pub(crate) fn check_name(name: &str, place: &Place<'_>, problems: &mut Problems) {
    if name.trim().is_empty() {
        problems.push(place, BuildCause::Missing { name: "name" });
    }
}

pub(crate) fn check_alerts(alerts: &AlertSettings, place: &Place<'_>, problems: &mut Problems) {
    check_addresses(&alerts.email, &place.member("email"), problems);
    check_addresses(&alerts.text_message, &place.member("textMessage"), problems);
}

/// Only what this crate can know: the expressions are the content inspection's to read.
fn check_inspection(
    inspection: &Inspection,
    context: &BuildContext<'_>,
    place: &Place<'_>,
    problems: &mut Problems,
) {
    if let Include::Preset(id) = &inspection.include
        && !context.detectors.contains(&id.as_str())
    {
        problems.push_near(
            &place.member("preset"),
            BuildCause::UnknownPreset { id: quote(id) },
            || did_you_mean(id, context.detectors.iter().copied()),
        );
    }
    if let Include::Types { types, .. } = &inspection.include {
        let place = place.member("types");
        for (at, id) in types.iter().enumerate() {
            if !context.information_types.contains(&id.as_str()) {
                problems.push_near(
                    &place.item(at),
                    BuildCause::UnknownInformationType { id: quote(id) },
                    || did_you_mean(id, context.information_types.iter().copied()),
                );
            }
        }
    }
    if inspection.minimum_matches == 0 {
        problems.push(
            &place.member("minimumMatches"),
            BuildCause::Type {
                expected: "a whole number from 1",
                found: "`0`".to_owned(),
            },
        );
    }
}

/// Whoever can't be told or removed is found now, and not when a digest is due.
fn check_addresses(addresses: &[String], place: &Place<'_>, problems: &mut Problems) {
    for (at, address) in addresses.iter().enumerate() {
        check_address(address, &place.item(at), problems);
    }
}

fn check_address(address: &str, place: &Place<'_>, problems: &mut Problems) {
    if Address::parse(address).is_err() {
        // Telephone numbers and domains are checked like addresses.
        let expected =
            "an address that is not blank, at most 2048 bytes, without control characters";
        problems.push(place, type_error(expected, &address.into()));
    }
}

fn app_actions(
    app: AppId,
    wanted: &AppActions,
    context: &BuildContext<'_>,
    place: &Place<'_>,
    references: &mut Vec<LabelReference>,
    problems: &mut Problems,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let capable = context.label_capable_apps.contains(app);
    if let Some(text) = &wanted.apply_label {
        let place = place.member("applyLabel");
        if !capable {
            problems.push(
                &place,
                BuildCause::AppNotLabelCapable {
                    app: app.to_string(),
                },
            );
        }
        if let Some(label) = appliable_label(text, context, &place, problems) {
            references.push(LabelReference {
                pointer: place.to_string(),
                key: label,
                purpose: Purpose::Apply,
            });
            actions.push(Action::ApplyLabel {
                label,
                override_user_defined: wanted.override_user_defined,
                allow_downgrade: wanted.allow_downgrade,
            });
        }
    } else if wanted.override_user_defined || wanted.allow_downgrade {
        problems.push(place, BuildCause::Missing { name: "applyLabel" });
    }
    if wanted.remove_label {
        let place = place.member("removeLabel");
        if !capable {
            problems.push(
                &place,
                BuildCause::AppNotLabelCapable {
                    app: app.to_string(),
                },
            );
        }
        actions.push(Action::RemoveLabel);
    }
    for (name, addresses) in [
        ("digestTo", &wanted.owner_digest.cc),
        ("notifyUsers", &wanted.notify_users),
    ] {
        check_addresses(addresses, &place.member(name), problems);
    }
    for action in &wanted.file_actions {
        let place = place.member(action.kind().name());
        match action {
            FileAction::RemoveCollaborators(people) => check_addresses(people, &place, problems),
            FileAction::GrantReadToDomain(to) | FileAction::TransferOwnership(to) => {
                check_address(to, &place, problems);
            }
            _ => {}
        }
    }
    actions.extend(wanted.file_actions.iter().cloned().map(Action::File));
    if wanted.notify_owner {
        let digest = wanted.owner_digest.clone();
        actions.push(Action::Notify(Notify::Owner(digest)));
    }
    if !wanted.notify_users.is_empty() {
        actions.push(Action::Notify(Notify::Users(wanted.notify_users.clone())));
    }
    if wanted.notify_last_editor {
        actions.push(Action::Notify(Notify::LastEditor));
    }
    for action in actions.iter().filter_map(Action::kind) {
        let name = action.name();
        // Which apps have label actions is the caller's to say.
        let is_label_action = matches!(action, ActionKind::ApplyLabel | ActionKind::RemoveLabel);
        if !is_label_action && !action.is_offered_by(app) {
            problems.push(
                &place.member(name),
                BuildCause::ActionNotAvailable {
                    app: app.to_string(),
                    action: name,
                },
            );
        }
    }
    refuse_exclusive(&actions, place, problems);
    actions
}

/// Of these an app has one at most in a policy (R-153).
fn refuse_exclusive(actions: &[Action], place: &Place<'_>, problems: &mut Problems) {
    let is_exclusive = |action: &&Action| match action {
        Action::ApplyLabel { .. } | Action::RemoveLabel => true,
        Action::File(action) => action.is_quarantine(),
        Action::Notify(_) | Action::Alert { .. } => false,
    };
    let mut exclusive = actions.iter().filter(is_exclusive).filter_map(Action::kind);
    let Some(first) = exclusive.next() else {
        return;
    };
    for other in exclusive {
        problems.push(
            &place.member(other.name()),
            BuildCause::Exclusive {
                one: first.name(),
                other: other.name(),
            },
        );
    }
}

fn appliable_label(
    text: &str,
    context: &BuildContext<'_>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<LabelKey> {
    let labels = context.labels;
    // A heading with a default sublabel means that (L-007).
    let key = labels.meant_by(find_label(labels, text, place, problems)?);
    let cause = match labels.not_appliable(key) {
        _ if matches!(labels.origin_of(key), LabelOrigin::OwnDeleted(_)) => {
            BuildCause::DeletedLabel { text: quote(text) }
        }
        Some(reason) => BuildCause::NotAppliable {
            text: quote(text),
            reason,
        },
        None => {
            let in_scope = labels
                .label(key)
                .is_none_or(|label| label.targets.usable_for_files_and_email());
            if in_scope || !context.profile.needs_file_and_email_scope() {
                return Some(key);
            }
            BuildCause::LabelScope { text: quote(text) }
        }
    };
    let catalog = labels.catalog();
    let sublabels: Vec<&str> = catalog
        .appliable()
        .filter(|label| label.parent == Some(key.label) && label.key.tenant == key.tenant)
        .filter_map(|label| catalog.path(label.key.label))
        .collect();
    let suggestion =
        (!sublabels.is_empty()).then(|| format!("write one of `{}`", sublabels.join("`, `")));
    problems.push_with(place, cause, suggestion);
    None
}

fn folder_rule(scope: &FolderScope) -> FolderRule {
    let folded = |folders: &[FolderReference]| {
        folders
            .iter()
            .map(|folder| FolderReference {
                id: fold(&folder.id).into(),
                ..folder.clone()
            })
            .collect()
    };
    match scope {
        FolderScope::All => FolderRule::All,
        FolderScope::Selected(folders) => FolderRule::Selected(folded(folders)),
        FolderScope::Excluding(folders) => FolderRule::Excluding(folded(folders)),
    }
}

fn owner_rule(scope: &OwnerScope) -> OwnerRule {
    let folded = |groups: &[String]| groups.iter().map(|group| fold(group)).collect();
    match scope {
        OwnerScope::All => OwnerRule::All,
        OwnerScope::Selected(groups) => OwnerRule::Selected(folded(groups)),
        OwnerScope::Excluding(groups) => OwnerRule::Excluding(folded(groups)),
    }
}

/// The definition with every label that can be found by tenant and id.
fn pinned(definition: &PolicyDefinition, labels: &LabelView) -> PolicyDefinition {
    let mut definition = definition.clone();
    let pin = |text: &mut String| {
        if let Ok(key) = labels.find(text) {
            *text = key.to_string();
        }
    };
    for actions in definition.governance.values_mut() {
        actions.apply_label.iter_mut().for_each(pin);
    }
    for_each_label(&mut definition.filters, &mut |value| {
        if let Value::String(text) = value {
            pin(text);
        }
    });
    definition
}

/// Visits the values of the label filters of a filter object and of the groups in it.
fn for_each_label(filters: &mut Map<String, Value>, visit: &mut impl FnMut(&mut Value)) {
    if let Some(filter) = filters.get_mut(Field::Label.name()) {
        for_each_value(filter, visit);
    }
    for (name, _) in GROUPS {
        let members = filters.get_mut(name).and_then(Value::as_array_mut);
        for inner in members.into_iter().flatten() {
            if let Some(inner) = inner.as_object_mut() {
                for_each_label(inner, visit);
            }
        }
    }
}

/// Visits the values of a filter: those of each operator of each of its condition objects.
fn for_each_value(filter: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    match filter {
        Value::Array(objects) => {
            for object in objects {
                for_each_operand(object, visit);
            }
        }
        object => for_each_operand(object, visit),
    }
}

fn for_each_operand(object: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    for operand in object
        .as_object_mut()
        .into_iter()
        .flat_map(|it| it.values_mut())
    {
        match operand {
            Value::Array(values) => values.iter_mut().for_each(&mut *visit),
            one => visit(one),
        }
    }
}
