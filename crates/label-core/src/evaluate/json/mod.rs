//! Questions and answers of evaluation in the JSON of Microsoft Graph, in both of its namespaces
//! (L-078).
//!
//! ```
//! use label_core::LabelAction;
//! use label_core::evaluate::json::{GraphActions, Namespace, parse_actions};
//!
//! let actions = [LabelAction::Justify];
//! let text = serde_json::to_string(&GraphActions::new(&actions, Namespace::Security))?;
//! assert!(text.ends_with(r##""value":[{"@odata.type":"#microsoft.graph.security.justifyAction"}]}"##));
//! assert_eq!(parse_actions(text.as_bytes())?, actions);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod actions;
mod conditions;
mod members;
mod requests;
mod write;

pub use actions::parse_actions;
pub use conditions::parse_conditions;
pub use requests::{parse_application, parse_classification, parse_extraction, parse_removal};
pub use write::{GraphActions, GraphExtraction, Namespace};

/// Most entries of one list in a question or an answer: metadata, results, actions.
pub const ENTRIES_MAX: usize = 10_000;
