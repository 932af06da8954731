//! Actions in their fixed order, as far as the caller can carry them out; the bits of what is done.

use std::collections::BTreeSet;

use super::action::{AddMarking, LabelAction, MetadataAction};
use super::content::{ContentFormat, ContentInfo, LabelingOptions, Method, NameValue};
use super::error::{EvaluateError, EvaluateNote};
use super::records::{ENCRYPTED_BIT, Record, name_of};
use super::{EvaluateContext, SupportedActions, date};
use crate::label::{Label, LabelProtection};
use crate::marking::{MarkingPlace, MarkingVariables, OfficeApp, expand};
use crate::protection::EncryptionKind;

const PLACES: [MarkingPlace; 3] = [
    MarkingPlace::Header,
    MarkingPlace::Footer,
    MarkingPlace::Watermark,
];

/// Collects actions.
pub(super) struct Emitter<'c> {
    context: &'c EvaluateContext<'c>,
    pub(super) actions: Vec<LabelAction>,
    pub(super) notes: Vec<EvaluateNote>,
    /// What the actions put onto the content.
    pub(super) added: u32,
    /// What they take off.
    pub(super) removed: u32,
}

impl<'c> Emitter<'c> {
    pub(super) fn new(context: &'c EvaluateContext<'c>, notes: Vec<EvaluateNote>) -> Self {
        Self {
            context,
            actions: Vec::new(),
            notes,
            added: 0,
            removed: 0,
        }
    }

    /// Takes out the markings of these bits.
    pub(super) fn remove_markings(&mut self, bits: u32) {
        for place in PLACES {
            let bit = u32::from(place.content_bit());
            if bits & bit != 0 && self.context.supported.removes(place) {
                self.actions.push(LabelAction::RemoveMarking {
                    place,
                    element_names: vec![place.element_name().to_owned()],
                });
                self.removed |= bit;
            }
        }
    }

    pub(super) fn remove_protection(&mut self) {
        let supported = self.context.supported;
        if supported.contains(SupportedActions::REMOVE_PROTECTION) {
            self.actions.push(LabelAction::RemoveProtection);
            self.removed |= ENCRYPTED_BIT;
        }
    }

    /// Inserts those of the label's markings that are in these bits.
    pub(super) fn add_markings(&mut self, label: &Label, content: &ContentInfo, bits: u32) {
        let context = self.context;
        let app = match content.format {
            ContentFormat::Email => OfficeApp::Outlook,
            _ => context.app,
        };
        let now = date::write(context.now_ms);
        let mut variables: MarkingVariables<'_> = context.variables;
        variables.item_label = either(variables.item_label, label.name());
        variables.item_name = either(
            variables.item_name,
            content.identifier.as_deref().unwrap_or_default(),
        );
        variables.event_date_time = either(variables.event_date_time, &now);
        let markings = label.markings.as_deref().unwrap_or_default();
        for place in PLACES {
            let bit = u32::from(place.content_bit());
            let Some(marking) = markings.iter().find(|one| one.place == place) else {
                continue;
            };
            // Messages have no watermark.
            let fits = place != MarkingPlace::Watermark || content.format != ContentFormat::Email;
            if bits & bit == 0 || !fits || !context.supported.adds(place) {
                continue;
            }
            let text = expand(&marking.text, &variables, app).into_owned();
            if let Some(too_long) = marking.too_long_for(app, &text) {
                self.notes.push(EvaluateNote::MarkingTooLong {
                    place,
                    characters: too_long.characters,
                    limit: too_long.limit,
                });
            }
            self.actions
                .push(LabelAction::AddMarking(AddMarking::new(marking, text)));
            self.added |= bit;
        }
    }

    /// Encrypts as the label says.
    pub(super) fn protect(
        &mut self,
        label: &Label,
        format: &ContentFormat,
    ) -> Result<(), EvaluateError> {
        let Some((action, needed)) = protection(label, format, self.context.supported)? else {
            return Ok(());
        };
        if self.context.supported.contains(needed) {
            self.actions.push(action);
            self.added |= ENCRYPTED_BIT;
        }
        Ok(())
    }

    pub(super) fn custom(&mut self, label: &Label) {
        if !self.context.supported.contains(SupportedActions::CUSTOM) {
            return;
        }
        let id = label.key.label;
        let own = self.context.custom_actions.iter().filter(|one| one.0 == id);
        self.actions
            .extend(own.map(|(_, action)| LabelAction::Custom(action.clone())));
    }

    /// Writes the label's attributes and removes these names and what of the label's present record
    /// is not to stay.
    pub(super) fn metadata(
        &mut self,
        label: &Label,
        options: &LabelingOptions,
        method: Method,
        bits: u32,
        mut to_remove: Vec<String>,
        present: Option<(&Record<'_>, bool)>,
    ) {
        let context = self.context;
        let id = label.key.label;
        let mut to_add: Vec<NameValue> = Vec::new();
        let mut add = |attribute: &str, value: &str| {
            to_add.push(NameValue::new(&name_of(id, attribute), value));
        };
        add("Enabled", "true");
        add("SetDate", &date::write(context.now_ms));
        add("Method", method.as_str());
        add("Name", &back_end_name(label));
        add("SiteId", &context.catalog.tenant().to_string());
        if let Some(action) = context.action_id {
            add("ActionId", &action.to_string());
        }
        add("ContentBits", &bits.to_string());
        for property in &options.extended_properties {
            add(&property.name, &property.value);
        }
        if let Some((record, keeps_others)) = present {
            for attribute in &record.attributes {
                let written = to_add
                    .iter()
                    .find(|added| added.name.eq_ignore_ascii_case(attribute.full_name));
                let goes = match written {
                    Some(added) => added.name != attribute.full_name,
                    // The same attribute with the id in another form is written anew too.
                    None => {
                        !keeps_others
                            || to_add.iter().any(|added| {
                                added
                                    .name
                                    .eq_ignore_ascii_case(&name_of(id, attribute.name))
                            })
                    }
                };
                if goes {
                    to_remove.push(attribute.full_name.to_owned());
                }
            }
        }
        self.push_metadata(MetadataAction { to_remove, to_add });
    }

    pub(super) fn push_metadata(&mut self, mut action: MetadataAction) {
        let mut seen = BTreeSet::new();
        action.to_remove.retain(|name| seen.insert(name.clone()));
        self.actions.push(LabelAction::Metadata(action));
    }
}

fn either<'t>(given: &'t str, default: &'t str) -> &'t str {
    if given.is_empty() { default } else { given }
}

/// Whether the label encrypts content of this format. What a person may choose is split: Outlook's
/// choices are for messages, and elsewhere people are asked, or nothing is done (section 1.6).
pub(super) fn encrypts(label: &Label, format: &ContentFormat) -> bool {
    let kind = label.encryption.as_ref().map(|encryption| encryption.kind);
    let is_for_messages = matches!(
        kind,
        Some(EncryptionKind::UserDefined { prompt: false, .. })
    );
    label.protection.encrypts() && (!is_for_messages || *format == ContentFormat::Email)
}

/// What the label does for protection, and what the caller must support for it.
fn protection(
    label: &Label,
    format: &ContentFormat,
    supported: SupportedActions,
) -> Result<Option<(LabelAction, SupportedActions)>, EvaluateError> {
    if !encrypts(label, format) {
        return Ok(None);
    }
    let by_person = |do_not_forward: bool| {
        if do_not_forward && *format == ContentFormat::Email {
            let needed = SupportedActions::PROTECT_DO_NOT_FORWARD;
            (LabelAction::ProtectDoNotForward, needed)
        } else {
            (LabelAction::ProtectAdhoc, SupportedActions::PROTECT_ADHOC)
        }
    };
    let encryption = label.encryption.as_ref();
    match encryption.map(|encryption| encryption.kind) {
        Some(EncryptionKind::UserDefined { do_not_forward, .. }) => {
            return Ok(Some(by_person(do_not_forward)));
        }
        None if label.protection == LabelProtection::UserDefined => {
            return Ok(Some(by_person(false)));
        }
        _ => {}
    }
    let template = encryption.and_then(|encryption| encryption.template_id.as_deref());
    match template.filter(|id| !id.is_empty()) {
        Some(id) => {
            let action = LabelAction::ProtectByTemplate {
                template_id: id.to_owned(),
            };
            Ok(Some((action, SupportedActions::PROTECT_BY_TEMPLATE)))
        }
        // Who can't encrypt anyway need not know how.
        None if supported.without(SupportedActions::PROTECT) == supported => Ok(None),
        None => Err(EvaluateError::ProtectionUnknown {
            label: label.key.label,
            name: label.name().to_owned(),
        }),
    }
}

/// The bit for encryption, if the caller can encrypt as the label says.
pub(super) fn protection_bit(
    label: &Label,
    format: &ContentFormat,
    supported: SupportedActions,
) -> u32 {
    match protection(label, format, supported) {
        Ok(None) => 0,
        Ok(Some((_, needed))) if !supported.contains(needed) => 0,
        _ => ENCRYPTED_BIT,
    }
}

/// The label's name at the back end. Where the list has one name only, that is the display name in
/// the wrong place; then the id, which is the name of most labels.
fn back_end_name(label: &Label) -> String {
    match (&label.back_end_name, &label.display_name) {
        (Some(name), Some(_)) => name.clone(),
        _ => label.key.label.to_string(),
    }
}
