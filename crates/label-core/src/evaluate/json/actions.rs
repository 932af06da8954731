//! Answers, read back: what another evaluator, Graph itself among them, said.

use serde_json::Value;

use super::members::Members;
use crate::error::{SourceError, quote};
use crate::evaluate::{
    ActionLabel, ActionSource, AddMarking, CustomAction, LabelAction, LabelChange,
    MarkingAlignment, MetadataAction, WatermarkLayout,
};
use crate::id::{LabelId, SensitiveTypeId};
use crate::marking::{ContentMarking, MarkingPlace};
use crate::source::document_error;

/// Most parents of a label that are followed.
const PARENTS_MAX: usize = 16;

/// Reads a collection of actions, in either namespace.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer; an action of an unknown type is one.
///
/// # Examples
///
/// See the [module](super).
pub fn parse_actions(body: &[u8]) -> Result<Vec<LabelAction>, SourceError> {
    let value = crate::source::json(body)?;
    let answer = Members::new(&value, String::new())?;
    let items = answer.list("value")?;
    if items.is_empty() && !matches!(value.get("value"), Some(Value::Array(_))) {
        return Err(answer.lacks("value"));
    }
    let one = |(value, pointer)| action(value, pointer, true);
    items.into_iter().map(one).collect()
}

fn action(value: &Value, pointer: String, may_nest: bool) -> Result<LabelAction, SourceError> {
    let members = Members::new(value, pointer)?;
    let full = members.needed_text("@odata.type")?;
    let kind = full.strip_prefix('#').unwrap_or(full);
    let kind = kind
        .strip_prefix("microsoft.graph.security.")
        .or_else(|| kind.strip_prefix("microsoft.graph."))
        .unwrap_or(kind);
    Ok(match kind {
        "addContentHeaderAction" => add(&members, MarkingPlace::Header)?,
        "addContentFooterAction" => add(&members, MarkingPlace::Footer)?,
        "addWatermarkAction" => add(&members, MarkingPlace::Watermark)?,
        "removeContentHeaderAction" => remove(&members, MarkingPlace::Header)?,
        "removeContentFooterAction" => remove(&members, MarkingPlace::Footer)?,
        "removeWatermarkAction" => remove(&members, MarkingPlace::Watermark)?,
        "metadataAction" => LabelAction::Metadata(MetadataAction {
            to_remove: members.texts("metadataToRemove")?,
            to_add: members.pairs("metadataToAdd")?,
        }),
        "protectByTemplateAction" => LabelAction::ProtectByTemplate {
            template_id: members.needed_text("templateId")?.to_owned(),
        },
        "protectAdhocAction" => LabelAction::ProtectAdhoc,
        "protectDoNotForwardAction" => LabelAction::ProtectDoNotForward,
        "removeProtectionAction" => LabelAction::RemoveProtection,
        "justifyAction" => LabelAction::Justify,
        "applyLabelAction" if may_nest => LabelAction::ApplyLabel(change(&members)?),
        "recommendLabelAction" if may_nest => LabelAction::RecommendLabel(change(&members)?),
        "customAction" => LabelAction::Custom(CustomAction {
            name: members.needed_text("name")?.to_owned(),
            properties: members.pairs("properties")?,
        }),
        _ => {
            let cause = format!("`{}` is no action that can stand here", quote(full));
            return Err(members.wrong("@odata.type", &cause));
        }
    })
}

fn add(members: &Members<'_>, place: MarkingPlace) -> Result<LabelAction, SourceError> {
    let mut marking = ContentMarking::new(place, "");
    marking.font_name = members.text("fontName")?.map(str::to_owned);
    marking.font_size = members.number("fontSize")?;
    marking.font_color = members.text("fontColor")?.map(str::to_owned);
    marking.margin = members.number("margin")?;
    let text = members.text("text")?.unwrap_or_default().to_owned();
    let mut add = AddMarking::new(&marking, text);
    if let Some(name) = members.text("uiElementName")? {
        name.clone_into(&mut add.element_name);
    }
    if place == MarkingPlace::Watermark {
        let layouts = [
            ("horizontal", WatermarkLayout::Horizontal),
            ("diagonal", WatermarkLayout::Diagonal),
        ];
        add.layout = members.word("layout", &layouts)?;
    } else {
        let alignments = [
            ("left", MarkingAlignment::Left),
            ("right", MarkingAlignment::Right),
            ("center", MarkingAlignment::Center),
        ];
        add.alignment = members.word("alignment", &alignments)?;
    }
    Ok(LabelAction::AddMarking(add))
}

fn remove(members: &Members<'_>, place: MarkingPlace) -> Result<LabelAction, SourceError> {
    Ok(LabelAction::RemoveMarking {
        place,
        element_names: members.texts("uiElementNames")?,
    })
}

fn change(members: &Members<'_>) -> Result<LabelChange, SourceError> {
    let given = match members.object("sensitivityLabel")? {
        Some(given) => Some(given),
        None => members.object("label")?,
    };
    let label = match given {
        Some(given) => label(&given, PARENTS_MAX)?,
        None => {
            let id = members.id("sensitivityLabelId", LabelId::parse)?;
            ActionLabel::of_id(id.ok_or_else(|| members.lacks("sensitivityLabelId"))?)
        }
    };
    let one = |(value, pointer)| action(value, pointer, false);
    let actions = members.list("actions")?.into_iter().map(one);
    let sources = [
        ("manual", ActionSource::Manual),
        ("automatic", ActionSource::Automatic),
        ("recommended", ActionSource::Recommended),
        ("default", ActionSource::Default),
    ];
    let actions = actions.collect::<Result<_, _>>()?;
    let source = members.word("actionSource", &sources)?;
    let mut responsible_types = Vec::new();
    for (value, pointer) in members.list("responsibleSensitiveTypeIds")? {
        let text = value.as_str().unwrap_or_default();
        let id = SensitiveTypeId::parse(text)
            .map_err(|error| document_error(&pointer, &error.to_string()))?;
        responsible_types.push(id);
    }
    Ok(LabelChange {
        label,
        actions,
        source: source.ok_or_else(|| members.lacks("actionSource"))?,
        responsible_types,
    })
}

fn label(given: &Members<'_>, parents: usize) -> Result<ActionLabel, SourceError> {
    let id = given.id("id", LabelId::parse)?;
    let text = |name| Ok::<_, SourceError>(given.text(name)?.unwrap_or_default().to_owned());
    let parent = match (given.object("parent")?, parents.checked_sub(1)) {
        (None, _) => None,
        (Some(parent), Some(parents)) => Some(Box::new(label(&parent, parents)?)),
        (Some(_), None) => return Err(given.wrong("parent", "parents nest too deeply")),
    };
    Ok(ActionLabel {
        id: id.ok_or_else(|| given.lacks("id"))?,
        name: text("name")?,
        description: text("description")?,
        color: text("color")?,
        sensitivity: given.number("sensitivity")?.unwrap_or(0),
        tooltip: text("tooltip")?,
        is_active: given.flag("isActive")?.unwrap_or(true),
        parent,
    })
}
