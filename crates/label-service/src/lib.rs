//! The whole loop: labels are synchronised, files scanned, policies evaluated, labels applied under the daily limit.

mod act;
pub mod app;
mod content;
mod error;
mod inventory;
mod report;
mod scan;
mod service;

pub use app::{CloudApp, FileMetadata, FolderApp, FolderTenant, MemoryApp, OpenFile};
pub use content::presets;
pub use error::{AppError, ServiceError};
pub use inventory::{KnownFile, KnownLabel, KnownMatch, ScanState};
pub use report::{
    ActionReport, ActionResult, ExposureCell, MatchReport, Progress, SyncReport, TickReport,
};
pub use service::{Mode, SYNC_INTERVAL_MS, Service, ServiceOptions};
