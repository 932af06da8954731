//! Answers. Members stand in a fixed order, the type first.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::catalog::LabelCatalog;
use crate::evaluate::{
    ActionLabel, ActionSource, AddMarking, ExtractedLabel, LabelAction, LabelChange,
    MarkingAlignment, Method, WatermarkLayout,
};
use crate::marking::MarkingPlace;

/// What contexts begin with.
const METADATA: &str = "https://graph.microsoft.com/beta/$metadata#";

/// Which of Graph's two forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// `microsoft.graph.security`.
    #[default]
    Security,
    /// `microsoft.graph`, the older one.
    Older,
}

impl Namespace {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Security => "microsoft.graph.security.",
            Self::Older => "microsoft.graph.",
        }
    }
}

/// Actions as Graph answers them: serialise this.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone, Copy, Debug)]
pub struct GraphActions<'a> {
    actions: &'a [LabelAction],
    namespace: Namespace,
}

impl<'a> GraphActions<'a> {
    /// These actions in this form.
    pub const fn new(actions: &'a [LabelAction], namespace: Namespace) -> Self {
        Self { actions, namespace }
    }
}

impl Serialize for GraphActions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let prefix = self.namespace.prefix();
        let context = format!("{METADATA}Collection({prefix}informationProtectionAction)");
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("@odata.context", &context)?;
        map.serialize_entry("value", &actions(self.actions, self.namespace))?;
        map.end()
    }
}

/// The label on content as Graph answers it: serialise this.
///
/// # Examples
///
/// ```
/// use label_core::evaluate::json::{GraphExtraction, Namespace, parse_extraction};
/// use label_core::evaluate::{EvaluateContext, extract_label};
/// use label_core::{LabelCatalog, PolicySettings, TenantId};
///
/// let id = "247d25b6-53f6-440e-9853-7b0b7f86f502";
/// let tenant = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
/// let body = format!(
///     r#"{{"contentInfo":{{"metadata":[
///         {{"name":"MSIP_Label_{id}_Enabled","value":"true"}},
///         {{"name":"MSIP_Label_{id}_SiteId","value":"{tenant}"}}]}}}}"#
/// );
/// let content = parse_extraction(body.as_bytes())?;
/// let catalog = LabelCatalog::empty(tenant);
/// let settings = PolicySettings::default();
/// let found = extract_label(&EvaluateContext::new(&catalog, &settings, 0), &content).unwrap();
/// let answer = GraphExtraction::new(&found, &catalog, Namespace::Security);
/// assert_eq!(serde_json::to_value(answer)?["sensitivityLabelId"], id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GraphExtraction<'a> {
    extracted: &'a ExtractedLabel,
    catalog: &'a LabelCatalog,
    namespace: Namespace,
}

impl<'a> GraphExtraction<'a> {
    /// This label in this form; the list has what the older form tells of the label itself.
    pub const fn new(
        extracted: &'a ExtractedLabel,
        catalog: &'a LabelCatalog,
        namespace: Namespace,
    ) -> Self {
        Self {
            extracted,
            catalog,
            namespace,
        }
    }
}

impl Serialize for GraphExtraction<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, date) = match self.namespace {
            Namespace::Security => ("contentLabel", "createdDateTime"),
            Namespace::Older => ("informationProtectionContentLabel", "creationDateTime"),
        };
        let context = format!("{METADATA}{}{kind}", self.namespace.prefix());
        let id = self.extracted.key.label;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@odata.context", &context)?;
        map.serialize_entry(date, &self.extracted.created())?;
        map.serialize_entry("assignmentMethod", &self.extracted.method.map(method))?;
        match self.namespace {
            Namespace::Security => map.serialize_entry("sensitivityLabelId", &id.to_string())?,
            Namespace::Older => {
                let label = ActionLabel::of(self.catalog, id);
                let label = label.unwrap_or_else(|| ActionLabel::of_id(id));
                map.serialize_entry("label", &GraphLabel(&label))?;
            }
        }
        map.end()
    }
}

const fn method(method: Method) -> &'static str {
    match method {
        Method::Standard => "standard",
        Method::Privileged => "privileged",
        Method::Auto => "auto",
    }
}

fn actions(actions: &[LabelAction], namespace: Namespace) -> Vec<GraphAction<'_>> {
    let one = |action| GraphAction { action, namespace };
    actions.iter().map(one).collect()
}

struct GraphAction<'a> {
    action: &'a LabelAction,
    namespace: Namespace,
}

impl Serialize for GraphAction<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = format!("#{}{}", self.namespace.prefix(), kind(self.action));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@odata.type", &kind)?;
        match self.action {
            LabelAction::AddMarking(marking) => add_marking(&mut map, marking)?,
            LabelAction::RemoveMarking { element_names, .. } => {
                map.serialize_entry("uiElementNames", element_names)?;
            }
            LabelAction::Metadata(metadata) => {
                map.serialize_entry("metadataToRemove", &metadata.to_remove)?;
                map.serialize_entry("metadataToAdd", &metadata.to_add)?;
            }
            LabelAction::ProtectByTemplate { template_id } => {
                map.serialize_entry("templateId", template_id)?;
            }
            LabelAction::ProtectAdhoc
            | LabelAction::ProtectDoNotForward
            | LabelAction::RemoveProtection
            | LabelAction::Justify => {}
            LabelAction::ApplyLabel(change) | LabelAction::RecommendLabel(change) => {
                label_change(&mut map, change, self.namespace)?;
            }
            LabelAction::Custom(custom) => {
                map.serialize_entry("name", &custom.name)?;
                map.serialize_entry("properties", &custom.properties)?;
            }
        }
        map.end()
    }
}

const fn kind(action: &LabelAction) -> &'static str {
    match action {
        LabelAction::AddMarking(marking) => match marking.place {
            MarkingPlace::Header => "addContentHeaderAction",
            MarkingPlace::Footer => "addContentFooterAction",
            MarkingPlace::Watermark => "addWatermarkAction",
        },
        LabelAction::RemoveMarking { place, .. } => match place {
            MarkingPlace::Header => "removeContentHeaderAction",
            MarkingPlace::Footer => "removeContentFooterAction",
            MarkingPlace::Watermark => "removeWatermarkAction",
        },
        LabelAction::Metadata(_) => "metadataAction",
        LabelAction::ProtectByTemplate { .. } => "protectByTemplateAction",
        LabelAction::ProtectAdhoc => "protectAdhocAction",
        LabelAction::ProtectDoNotForward => "protectDoNotForwardAction",
        LabelAction::RemoveProtection => "removeProtectionAction",
        LabelAction::Justify => "justifyAction",
        LabelAction::ApplyLabel(_) => "applyLabelAction",
        LabelAction::RecommendLabel(_) => "recommendLabelAction",
        LabelAction::Custom(_) => "customAction",
    }
}

/// What the label does not say is left out.
fn add_marking<M: SerializeMap>(map: &mut M, marking: &AddMarking) -> Result<(), M::Error> {
    map.serialize_entry("uiElementName", &marking.element_name)?;
    if let Some(layout) = marking.layout {
        let layout = match layout {
            WatermarkLayout::Horizontal => "horizontal",
            WatermarkLayout::Diagonal => "diagonal",
        };
        map.serialize_entry("layout", layout)?;
    }
    map.serialize_entry("text", &marking.text)?;
    map.serialize_entry("fontName", &marking.font_name)?;
    if let Some(size) = marking.font_size {
        map.serialize_entry("fontSize", &size)?;
    }
    map.serialize_entry("fontColor", &marking.font_color)?;
    if let Some(alignment) = marking.alignment {
        let alignment = match alignment {
            MarkingAlignment::Left => "left",
            MarkingAlignment::Right => "right",
            MarkingAlignment::Center => "center",
        };
        map.serialize_entry("alignment", alignment)?;
    }
    if let Some(margin) = marking.margin {
        map.serialize_entry("margin", &margin)?;
    }
    Ok(())
}

fn label_change<M: SerializeMap>(
    map: &mut M,
    change: &LabelChange,
    namespace: Namespace,
) -> Result<(), M::Error> {
    let label = GraphLabel(&change.label);
    match namespace {
        Namespace::Security => {
            map.serialize_entry("sensitivityLabelId", &change.label.id.to_string())?;
            map.serialize_entry("sensitivityLabel", &label)?;
        }
        Namespace::Older => map.serialize_entry("label", &label)?,
    }
    map.serialize_entry("actions", &actions(&change.actions, namespace))?;
    let source = match change.source {
        ActionSource::Manual => "manual",
        ActionSource::Automatic => "automatic",
        ActionSource::Recommended => "recommended",
        ActionSource::Default => "default",
    };
    map.serialize_entry("actionSource", source)?;
    let ids = change.responsible_types.iter().map(ToString::to_string);
    let ids: Vec<String> = ids.collect();
    map.serialize_entry("responsibleSensitiveTypeIds", &ids)
}

struct GraphLabel<'a>(&'a ActionLabel);

impl Serialize for GraphLabel<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let label = self.0;
        let mut map = serializer.serialize_map(Some(8))?;
        map.serialize_entry("id", &label.id.to_string())?;
        map.serialize_entry("name", &label.name)?;
        map.serialize_entry("description", &label.description)?;
        map.serialize_entry("color", &label.color)?;
        map.serialize_entry("sensitivity", &label.sensitivity)?;
        map.serialize_entry("tooltip", &label.tooltip)?;
        map.serialize_entry("isActive", &label.is_active)?;
        map.serialize_entry("parent", &label.parent.as_deref().map(GraphLabel))?;
        map.end()
    }
}
