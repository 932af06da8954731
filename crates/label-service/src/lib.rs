//! The whole loop: labels are synchronised, files scanned, policies evaluated, labels applied under the daily limit.
//!
//! A [`Service`] is given a label source, connected apps ([`CloudApp`]) and policies; every
//! [`tick`](Service::tick) does what is due at that instant and reports it. State lies in a folder,
//! and a restart goes on where the last tick stopped.
//!
//! ```
//! use label_core::source::FixedLabels;
//! use label_core::{AppId, FileId, Label, LabelId, TenantId};
//! use label_service::{FileMetadata, MemoryApp, Service, ServiceOptions};
//!
//! let tenant = TenantId::from_u128(1);
//! let labels = FixedLabels::new(tenant, vec![Label::new(tenant, LabelId::from_u128(2), "General")]);
//! let app = MemoryApp::new(AppId::BOX);
//! app.put(FileMetadata::new(FileId::parse("1")?, "note.txt", "v1", 0), b"text".to_vec());
//!
//! # let folder = std::env::temp_dir().join(format!("label-service-doc-{}", std::process::id()));
//! let now = 1_609_747_200_000;
//! let mut service = Service::open(
//!     &folder, tenant, Box::new(labels), vec![Box::new(app)], ServiceOptions::default(), now)?;
//! service.load_policies(
//!     r#"{"format": "file-policies/1", "policies": [
//!         {"id": "box", "name": "On Box", "filters": {"service": {"eq": [10489]}}}]}"#,
//!     now,
//! )?;
//! let report = service.tick(now)?;
//! assert_eq!(report.matches[0].reasons, ["App equals Box: saw Box → yes"]);
//! # drop(service);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It starts no thread and reads no clock. It talks to no cloud: a connector is one trait to
//! implement; the ones here are a folder and files in memory. Alerts and notifications are reported
//! for the caller to deliver.

mod act;
pub mod app;
mod content;
mod error;
mod inventory;
mod labels;
mod report;
mod scan;
mod service;
mod settings;

pub use app::{CloudApp, FileMetadata, FolderApp, FolderTenant, MemoryApp, OpenFile};
pub use content::presets;
pub use error::{AppError, ServiceError};
pub use inventory::{KnownFile, KnownLabel, KnownMatch, OwnWrite, ScanState};
pub use report::{
    ActionReport, ActionResult, ExposureCell, MatchReport, Progress, SyncReport, TickReport,
};
pub use service::{Mode, Service, ServiceOptions};
pub use settings::SettingChange;
