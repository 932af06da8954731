//! What has to be done to content so that it gets or loses a label: Graph's evaluate functions,
//! without a connection (section 1.11).
//!
//! The functions are pure. They need the label list, the policy settings and the content's
//! metadata, and answer with a list of [`LabelAction`]s, which the caller carries out. Time, GUIDs
//! and names of users are arguments, so that equal questions have equal answers. Metadata of other
//! tenants is never touched.
//!
//! ```
//! use label_core::evaluate::{ContentInfo, EvaluateContext, LabelingOptions, evaluate_application};
//! use label_core::{Label, LabelAction, LabelCatalog, LabelId, PolicySettings, TenantId};
//!
//! let tenant = TenantId::from_u128(1);
//! let general = LabelId::from_u128(2);
//! let (catalog, _) = LabelCatalog::build(tenant, vec![Label::new(tenant, general, "General")])?;
//! let settings = PolicySettings::default();
//! let context = EvaluateContext::new(&catalog, &settings, 1_609_067_100_000);
//!
//! let mut content = ContentInfo::default();
//! let options = LabelingOptions::new(general);
//! let evaluation = evaluate_application(&context, &content, &options)?;
//! let [LabelAction::Metadata(metadata)] = evaluation.actions.as_slice() else { panic!() };
//! metadata.carry_out(&mut content.metadata);
//! assert!(evaluate_application(&context, &content, &options)?.actions.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whether a file may be labelled at all is another question: [`decide`](crate::decide).

mod action;
mod apply;
mod classify;
mod content;
mod date;
mod emit;
mod error;
mod inherit;
#[cfg(feature = "sources")]
pub mod json;
mod records;

pub use action::{
    ActionLabel, ActionSource, AddMarking, CustomAction, LabelAction, LabelChange,
    MarkingAlignment, MetadataAction, SupportedActions, WatermarkLayout,
};
pub use apply::{evaluate_application, evaluate_removal};
pub use classify::{
    ClassificationResult, ClassificationRule, RuleMode, evaluate_classification_results,
};
pub use content::{
    ContentFormat, ContentInfo, DataState, DowngradeJustification, LabelingOptions, Method,
    NameValue,
};
pub use error::{EvaluateError, EvaluateNote, PropertyProblem};
pub use inherit::{ExtractedLabel, Inherited, compute_inheritance, extract_label};

use crate::catalog::LabelCatalog;
use crate::id::{ActionId, LabelId};
use crate::marking::{MarkingVariables, OfficeApp};
use crate::policy::PolicySettings;

/// Longest name and longest value of an extended property, in characters.
pub const PROPERTY_CHARS_MAX: usize = 255;

/// Most extended properties of one label.
pub const PROPERTIES_MAX: usize = 100;

/// What all the functions need beside the content.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EvaluateContext<'a> {
    /// The tenant's labels.
    pub catalog: &'a LabelCatalog,
    /// What the person who labels must do.
    pub settings: &'a PolicySettings,
    /// Now, in milliseconds UTC.
    pub now_ms: i64,
    /// The id of this act of labelling; none by default: newer writers leave it out.
    pub action_id: Option<ActionId>,
    /// What the caller can carry out; everything by default.
    pub supported: SupportedActions,
    /// The application that shows the markings; Word by default.
    pub app: OfficeApp,
    /// What the variables in markings stand for. Of the empty ones, three are filled in: the
    /// label's name, the content's identifier as the item's name, and the time.
    pub variables: MarkingVariables<'a>,
    /// What the caller wants done with a label beyond the label's own actions; nothing by default.
    pub custom_actions: &'a [(LabelId, CustomAction)],
}

impl<'a> EvaluateContext<'a> {
    /// A context with the defaults.
    pub const fn new(catalog: &'a LabelCatalog, settings: &'a PolicySettings, now_ms: i64) -> Self {
        Self {
            catalog,
            settings,
            now_ms,
            action_id: None,
            supported: SupportedActions::ALL,
            app: OfficeApp::Word,
            variables: MarkingVariables {
                item_label: "",
                item_name: "",
                item_location: "",
                user_name: "",
                user_principal_name: "",
                event_date_time: "",
            },
            custom_actions: &[],
        }
    }

    fn wants_justification(&self) -> bool {
        self.settings.requires_downgrade_justification == Some(true)
    }
}

/// An answer: what to do, in this order, and what was odd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evaluation {
    /// What to do; nothing if the content is as it should be. Exactly [`LabelAction::Justify`] where
    /// a person has to say why first.
    pub actions: Vec<LabelAction>,
    /// What the caller may want to know.
    pub notes: Vec<EvaluateNote>,
}
