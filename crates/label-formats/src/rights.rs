//! What stands outside the content of a rights-managed document.

use std::fmt;

use crate::licence::PublishingLicence;
use crate::licence::redacted::Redacted;

/// What a rights-managed document says about its protection without any key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RightsManagement {
    /// The publishing licence; `None` if there is none, or none that can be read.
    pub licence: Option<PublishingLicence>,
    /// The licences to use the document that are kept in it. Often none, and in a PDF never any.
    pub use_licences: Vec<CachedUseLicence>,
}

/// A licence to use the document that was kept in it: this user opened or published it on the
/// machine that wrote the file.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachedUseLicence {
    /// How the user signed in, verbatim: `Windows` or `Passport`.
    pub authentication: Option<String>,
    /// The user's name, as a rule a mail address. Personal: `Debug` leaves it out.
    pub user: String,
    /// The size of the licence, in bytes. Its content is for the user's key.
    pub licence_bytes: usize,
}

impl fmt::Debug for CachedUseLicence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedUseLicence")
            .field("authentication", &self.authentication)
            .field("user", &Redacted(&self.user))
            .field("licence_bytes", &self.licence_bytes)
            .finish()
    }
}
