//! Microsoft sensitivity labels: what a label is, a tenant's list of them, and what may be done with one.
//!
//! A *label* belongs to a *tenant* and is known by both ids together, [`LabelKey`]. A tenant's
//! labels at one moment are a [`LabelCatalog`]; beside it, a [`LabelView`] has the labels of other
//! tenants that were seen on files. A [`FileLabel`] is a label as it stands on a file. [`decide`]
//! says whether a label may be applied to a file or removed from it, and if not, why; [`evaluate`]
//! says what has to be done to the content then.
//!
//! ```
//! use label_core::{Label, LabelCatalog, LabelId, LabelOrigin, LabelView, TenantId};
//!
//! let tenant = TenantId::from_u128(1);
//! let general = Label::new(tenant, LabelId::from_u128(2), "General");
//! let key = general.key;
//! let (catalog, _) = LabelCatalog::build(tenant, vec![general])?;
//! let labels = LabelView::new(catalog.into());
//! assert_eq!(labels.find("general")?, key);
//! assert_eq!(labels.origin_of(key), LabelOrigin::Own(key));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It opens no file but those that a source or a snapshot store is told to, and no connection but
//! with the feature `graph`; it reads no clock.
//!
//! # Features
//!
//! | feature | default | brings |
//! | --- | --- | --- |
//! | `serde` | no | ids, labels and settings as serde data |
//! | `sources` | no | `source`: answers of Graph, exports of PowerShell, classic labels; `evaluate::json` |
//! | `sync` | no | `sync`: when to fetch, what to ask, what changed, snapshots on disk; with it `sources` |
//! | `graph` | no | `sync::GraphDriver`, which sends those requests over HTTP; with it `sync` |

pub mod calendar;
pub mod capability;
pub mod card;
pub mod catalog;
pub mod decide;
mod error;
pub mod evaluate;
pub mod file_label;
pub mod id;
pub mod label;
pub mod marking;
pub mod migration;
pub mod policy;
pub mod protection;
pub mod settings;
pub mod source;
#[cfg(feature = "sync")]
pub mod sync;
pub mod view;

pub use card::LabelCard;
pub use catalog::{CatalogBuilder, LabelCatalog, NotAppliable};
pub use error::{CatalogError, IdError, LookupError, SourceError};
pub use evaluate::{EvaluateContext, EvaluateError, Evaluation, LabelAction};
pub use file_label::{AssignmentMethod, EffectiveLabel, FileLabel, LabelStorage};
pub use id::{
    ActionId, AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, SensitiveTypeId, TenantId,
};
pub use label::{
    ApplicationMode, Label, LabelProtection, LabelScheme, LabelState, LocalizedTexts, Publication,
    Targets,
};
pub use marking::{ContentMarking, MarkingPlace};
pub use policy::{LabelPolicy, PolicySettings};
pub use protection::{Encryption, EncryptionKind, Grant, UsageRights};
pub use settings::{IntegrationSettings, IntegrationState, LabelCapableApps, OwnTenants, Profile};
pub use source::LabelSource;
#[cfg(feature = "sync")]
pub use sync::{LabelSnapshot, LabelSync, SnapshotKeeper};
pub use view::{ExternalLabel, ExternalLabels, LabelOrigin, LabelView};
