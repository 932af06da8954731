//! Microsoft sensitivity labels: what a label is, a tenant's list of them, and what may be done with one.

pub mod catalog;
pub mod decide;
mod error;
pub mod file_label;
pub mod id;
pub mod label;
pub mod settings;
pub mod source;
pub mod view;

pub use catalog::{LabelCatalog, NotAppliable};
pub use error::{CatalogError, IdError, LookupError, SourceError};
pub use file_label::{AssignmentMethod, EffectiveLabel, FileLabel, LabelStorage};
pub use id::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};
pub use label::{Label, LabelProtection, LabelScheme, LabelState, Publication, Targets};
pub use settings::{IntegrationSettings, IntegrationState, LabelCapableApps, OwnTenants, Profile};
pub use source::LabelSource;
pub use view::{ExternalLabel, ExternalLabels, LabelOrigin, LabelView};
