//! What can go wrong with syncing, sorted by what the caller should do.

use thiserror::Error;

use crate::error::{CatalogError, SourceError};
use crate::id::{LabelId, TenantId};

/// A catalogue is not the one that a set of changes starts from: compare anew.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Another tenant's.
    #[error("the catalogue belongs to tenant `{tenant}`")]
    OtherTenant {
        /// Whose it is.
        tenant: TenantId,
    },
    /// A label that stayed as it was is not there.
    #[error("label `{label}` is not in the catalogue")]
    Missing {
        /// Which one.
        label: LabelId,
    },
    /// What came out is no catalogue.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// A sync brought no new list; the one in force stays.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The service refused. 401: no valid token, even after a new one was asked for. 403: consent
    /// or conditional access. 429 and 5xx: it went on refusing. Others: look at the address.
    #[error(
        "the service answered {status}{}{}",
        in_backticks(": ", code),
        in_backticks(", request ", request_id)
    )]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The most specific code of Graph that is understood, else the outermost.
        code: Option<String>,
        /// The id under which the service's support finds the request.
        request_id: Option<String>,
    },
    /// No answer came: the connection, or the embedder's own client.
    #[error("no answer: {cause}")]
    NoAnswer {
        /// What the client said.
        cause: String,
    },
    /// The answer is not a label list, or the source can't be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The list is no catalogue.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The list is another tenant's.
    #[error("the list belongs to tenant `{tenant}`")]
    OtherTenant {
        /// Whose it is.
        tenant: TenantId,
    },
    /// The next page is on another host: the token must not go there (L-041).
    #[error("the next page is elsewhere: `{link}`")]
    ForeignLink {
        /// The link, cut to a line.
        link: String,
    },
    /// The next page was read already (L-041).
    #[error("the pages go round in a circle")]
    RepeatedLink,
    /// More pages than allowed (L-041).
    #[error("more than {limit} pages")]
    TooManyPages {
        /// How many are allowed.
        limit: usize,
    },
    /// More labels than allowed.
    #[error("more than {limit} labels")]
    TooManyLabels {
        /// How many are allowed.
        limit: usize,
    },
    /// The stored list can't be read or replaced: look at the file.
    #[error("the stored list: {0}")]
    Store(#[from] SnapshotError),
}

fn in_backticks(before: &str, text: &Option<String>) -> String {
    text.as_ref()
        .map(|text| format!("{before}`{}`", crate::error::quote(text)))
        .unwrap_or_default()
}

/// Options that can't be followed: correct them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SyncOptionsError {
    /// Not an address that a token may be sent to.
    #[error("url: `{url}` is neither https:// nor on this machine")]
    Url {
        /// The address, cut to a line.
        url: String,
    },
    /// A length of time that makes no sense.
    #[error("{name}: {value} ms, must be from {min} to {max}")]
    Time {
        /// Which option.
        name: &'static str,
        /// What it is.
        value: i64,
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A text that can't be a header.
    #[error("user_agent: empty, too long, or not printable ASCII")]
    UserAgent,
}

/// A stored snapshot can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Cut off or changed: the previous file may be whole.
    #[error("damaged: {cause}")]
    Damaged {
        /// What shows it.
        cause: String,
    },
    /// Written by another version of this project: use that one, or begin anew elsewhere.
    #[error("of the format `{format}`, which this version does not know")]
    OtherFormat {
        /// The format, cut to a line.
        format: String,
    },
    /// Another tenant's: look at the path.
    #[error("belongs to tenant `{tenant}`")]
    OtherTenant {
        /// Whose it is.
        tenant: TenantId,
    },
    /// A later version is stored already: somebody else writes there too.
    #[error("version {version} is to replace the later version {stored}")]
    Older {
        /// What was to be stored.
        version: u64,
        /// What is there.
        stored: u64,
    },
    /// Larger than a snapshot can be.
    #[error("larger than {limit_bytes} bytes")]
    TooLarge {
        /// The bound.
        limit_bytes: u64,
    },
    /// The place could not be read or written: try again.
    #[error("`{path}`: {cause}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        cause: String,
    },
}
