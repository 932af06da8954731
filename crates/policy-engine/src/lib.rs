//! File policies: filters over metadata, labels and content, with an explanation for every condition.
//!
//! A [`PolicyDocument`] is data. Checked against the tenant's labels it becomes a [`PolicySet`]:
//! compiled policies, shared between threads, that say of a [`FileRecord`] whether they match. All
//! that can be wrong is found when the set is built; evaluating can't fail. What is due for a
//! match is a slice of [`Action`]s; carrying them out is somebody else's work.
//!
//! ```
//! use label_core::{
//!     AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelView, PolicyId, TenantId,
//! };
//! use policy_engine::{
//!     AccessLevel, BuildContext, ContentAnswer, FileRecord, LabelScan, Outcome, PolicySet,
//! };
//!
//! let contoso = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
//! let confidential = LabelId::parse("2096f6a2-d2f7-48be-b329-b73aaa526e5d")?;
//! let (catalog, _) =
//!     LabelCatalog::build(contoso, vec![Label::new(contoso, confidential, "Confidential")])?;
//! let labels = LabelView::new(catalog.into());
//!
//! let policies = PolicySet::from_json(
//!     r#"{"format": "file-policies/1", "policies": [{
//!         "id": "5f077e6fc3b664209dae1f6b",
//!         "name": "Confidential, shared outside, on Box",
//!         "severity": "high",
//!         "filters": {
//!             "service": {"eq": [10489]},
//!             "sharing": {"eq": [2, 3]},
//!             "fileLabels": {"eq": ["Confidential"]}
//!         },
//!         "governance": {"10489": {"notifyOwner": true}}
//!     }]}"#,
//!     &BuildContext::new(&labels),
//! )?;
//!
//! let mut file = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("7")?), "Plan.docx");
//! file.access_level = Some(AccessLevel::External);
//! file.labels.push(LabelKey::new(contoso, confidential));
//! file.label_scan = LabelScan::Done;
//!
//! let mut nothing_read = |_: &_| ContentAnswer::NotYet;
//! let evaluation = policies.evaluate(&file, 0, &mut nothing_read).next().ok_or("no policy")?;
//! assert_eq!(evaluation.outcome, Outcome::Match);
//! assert_eq!(evaluation.policy.actions(AppId::BOX).len(), 2); // the digest and the alert
//!
//! let why = policies.explain(evaluation.policy.id(), &file, 0, &mut nothing_read);
//! assert_eq!(
//!     why.ok_or("no such policy")?.to_string(),
//!     "policy `Confidential, shared outside, on Box`: match
//!   Classification label equals Confidential: saw Confidential → yes
//!   App equals Box: saw Box → yes
//!   Access level equals External, Public: saw External → yes"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Three values
//!
//! A file whose labels were never read is not a file without labels. Where only that decides, the
//! outcome is [`Outcome::NeedsScan`]; where only the content decides and nobody has read it yet,
//! it is [`Outcome::NeedsContent`]. Content is asked for last.
//!
//! # What it does not do
//!
//! It reads no files, no clock and no network. Matches are kept where a caller keeps a
//! [`MatchBook`](matches::MatchBook), in memory; an evaluation that no book is told of leaves no
//! trace (A-011).

mod action;
mod action_kind;
mod address;
pub mod alerts;
mod analysis;
mod check;
mod conflict;
mod details;
pub mod digest;
pub mod document;
mod error;
mod evaluate;
pub mod events;
mod explain;
mod export;
mod field;
mod file_action;
mod file_json;
mod file_type;
mod filter;
mod finder;
mod fold;
mod index;
mod inventory;
mod json;
pub mod matches;
mod operand;
mod pattern;
mod policy;
mod possible;
mod preview;
mod program;
mod query;
mod read;
mod record;
mod saved_queries;
mod scan_status;
mod schema;
mod set;
pub mod sharing;
mod sweep;
mod templates;
mod text_match;
mod trace;
mod value;

pub use action::{Action, Notify, OwnerDigest};
pub use action_kind::ActionKind;
pub use address::Address;
pub use analysis::{LINT_PAIRS_MAX, LINT_VALUES_MAX, LINTS_MAX, Lint, LintKind, Proof};
pub use check::BuildContext;
pub use conflict::{
    LabelChoice, PolicyAction, Resolution, Superseded, choose_label_action, resolve_actions,
};
pub use details::{DETAIL_VALUES_MAX, DetailLabel, DetailValue, FileDetails};
pub use document::{
    AlertSettings, AppActions, Category, Combine, ExpressionForm, FolderReference, FolderScope,
    Include, Inspection, OwnerScope, PolicyDefinition, PolicyDocument, SearchIn, Severity,
};
pub use error::{BuildCause, BuildError, BuildErrors, ERRORS_MAX, SUGGESTIONS_MAX};
pub use evaluate::{Answer, ContentAnswer, ContentMatcher, Outcome, Unavailable};
pub use explain::{ConditionReport, Explanation, FilterExplanation, SHOWN_MAX};
pub use export::product_filters;
pub use field::{Field, FilterDialect, Operator};
pub use file_action::{FileAction, LINK_DAYS_MAX, SharedLinkAccess};
pub use file_json::FileJson;
pub use file_type::{FileType, FileTypeTable};
pub use filter::{
    CONDITIONS_MAX, DAYS_MAX, ExtensionCase, Filter, GROUP_DEPTH_MAX, PATTERNS_MAX,
    VALUE_BYTES_MAX, VALUES_MAX,
};
pub use finder::Finder;
pub use inventory::{
    Counting, CrossCount, Exposure, ExposureCount, FILE_LABELS_MAX, FacetCount, Facets,
    INVENTORY_RECORDS_MAX, Inventory, InventoryError, InventoryOptions, LabelExposure, OtherOwners,
    Page, SensitivityFloor,
};
pub use json::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, strict_json};
pub use pattern::{Pattern, PatternError};
pub use policy::Policy;
pub use possible::{LABEL_EXTENSIONS, Obstacle, PossibleAction, TenantSetup, possible_actions};
pub use preview::{ChangePreview, Changed, Preview, PreviewOptions, Sample};
pub use query::{PAGE_RECORDS_MAX, Query, QueryOptions, SKIP_MAX, SortDirection, SortField};
pub use record::{
    AccessLevel, EntityKey, FileRecord, FileStatus, LabelScan, ScanWarning, ScanWarnings,
};
pub use saved_queries::{
    QUERY_NAME_CHARS_MAX, SAVED_QUERIES_BYTES_MAX, SAVED_QUERIES_MAX, SavedQueries,
    SavedQueriesOptions, SavedQuery, SavedQueryError,
};
pub use scan_status::{ScanFailure, ScanStatus};
pub use schema::document_schema;
pub use set::{Evaluation, Evaluations, PolicySet};
pub use sweep::Sweep;
pub use templates::{templates, worked_event_rules, worked_examples};
pub use text_match::{WordQuery, WordQueryError, WordSeparators};
pub use trace::{Trace, TracedCondition};
