//! What can go wrong, by what the caller should do.

use thiserror::Error;

/// The service can't go on, or won't start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The policies are not usable: correct the document.
    #[error(transparent)]
    Policies(#[from] policy_engine::BuildErrors),
    /// A policy's id is that of one that was deleted, with its tasks: give the new one another id.
    #[error("policy `{policy}` was deleted; a new policy needs another id")]
    PolicyDeleted {
        /// Which policy.
        policy: label_core::PolicyId,
    },
    /// A policy's content condition can't be compiled: correct it.
    #[error("policy `{policy}`: inspection: {cause}")]
    Inspection {
        /// Which policy.
        policy: label_core::PolicyId,
        /// What is wrong with it.
        cause: String,
    },
    /// There is no label list yet, and policies name labels: wait for a synchronisation.
    #[error("the labels were never synchronised: {cause}")]
    NoLabels {
        /// Why the last attempt failed.
        cause: String,
    },
    /// The label list can't be read from the state folder, or stored in it: see its own error.
    #[error("label list: {0}")]
    Labels(#[from] label_core::sync::SyncError),
    /// An option makes no sense: correct it.
    #[error("options: {0}")]
    Options(#[from] label_core::sync::SyncOptionsError),
    /// The task store refuses: see its own error.
    #[error("task store: {0}")]
    Tasks(#[from] governance::Error),
    /// The inventory can't be read or written; nothing in it was changed.
    #[error("inventory `{path}`: {cause}")]
    Inventory {
        /// Its file.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A label was asked for in a dry run, which writes nothing: open the service to apply.
    #[error("nothing is written in a dry run")]
    DryRun,
    /// A connector can't list its files.
    #[error("{app}: {error}")]
    App {
        /// Which app.
        app: String,
        /// What the connector said.
        error: AppError,
    },
    /// An identity that the service was given can't be used.
    #[error(transparent)]
    Id(#[from] label_core::IdError),
    /// A folder of documents can't be used as apps.
    #[error("{place}: {cause}")]
    Folder {
        /// The file, and the place in it.
        place: String,
        /// What is wrong there.
        cause: String,
    },
}

/// A connector's answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AppError {
    /// No such file; it was deleted or moved.
    #[error("not found")]
    NotFound,
    /// The file changed since its version was read; nothing was written.
    #[error("changed in the meantime")]
    Conflict,
    /// Locked at the moment; nothing was written.
    #[error("locked")]
    Locked,
    /// Something failed before anything was written: try again.
    #[error("{0}")]
    Failed(String),
    /// Something failed and the file may have been written: read it again.
    #[error("perhaps written: {0}")]
    Uncertain(String),
}
