//! Publishing licences: what they say without any key (section 4).
//!
//! A licence travels in the file that it protects. Who may do what, until when, and the key of the
//! content are sealed in it for the tenant's rights service; the rest stands there in clear text.

pub(crate) mod base64;
pub(crate) mod beside;
mod descriptor;
mod facts;
pub(crate) mod redacted;
#[cfg(feature = "licence-signature")]
mod signature;
mod xrml;

use std::fmt;

use label_core::{LabelId, LabelKey, TenantId};

use crate::date::SetDate;
use crate::error::LicenceError;
use crate::limits::Limits;
use redacted::Redacted;

pub use descriptor::TemplateText;
#[cfg(feature = "licence-signature")]
pub use signature::{LicenceChain, LicenceSignature};

/// What a publishing licence says in clear text. It names people and tenants: `Debug` and
/// `Display` leave names, addresses and texts out, so that either can be logged.
///
/// Not in it, because they are sealed: users and their rights, the expiry, the cipher and the
/// content key. Nothing in it is proved by reading it: anybody can write a licence.
///
/// # Examples
///
/// ```
/// use label_formats::{Limits, PublishingLicence};
///
/// let licence = PublishingLicence::parse(
///     br#"<XrML version="1.2" xmlns=""><BODY type="Microsoft Rights Label" version="3.0">
///         <ISSUEDTIME>2023-06-13T20:21</ISSUEDTIME>
///         <WORK><METADATA><OWNER><OBJECT><NAME>ann@example.com</NAME></OBJECT></OWNER></METADATA></WORK>
///         </BODY></XrML>"#,
///     &Limits::default(),
/// )?;
/// assert_eq!(licence.owner.as_deref(), Some("ann@example.com"));
/// assert!(!format!("{licence} {licence:?}").contains("ann"));
/// # Ok::<(), label_formats::LicenceError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishingLicence {
    /// When it was issued, in UTC and whole minutes.
    pub issued: Option<SetDate>,
    /// The template that it was made from; none where somebody chose the rights.
    pub template: Option<LicenceTemplate>,
    /// Whose document it is: a mail address, or the id of a service.
    pub owner: Option<String>,
    /// The document's id, which stays when it is published again.
    pub content_id: Option<String>,
    /// Who issued it: the tenant's server, or a person whose client signed it.
    pub publisher: Option<LicencePrincipal>,
    /// For whom the content key is sealed: the tenant's server.
    pub principals: Vec<LicencePrincipal>,
    /// Where a licence to use the document is asked for, and similar services.
    pub service_urls: Vec<ServiceUrl>,
    /// Whom to ask for more rights: web addresses, or `mailto:` ones.
    pub referrals: Vec<String>,
    /// The sensitivity label. Licences of before about 2021 have none.
    pub label: Option<LabelId>,
    /// The tenant that the label is said to belong to.
    pub label_tenant: Option<TenantId>,
    /// What applications put in, and every other signed value, in order.
    pub application_data: Vec<AuthenticatedValue>,
    /// The size of the sealed rights, in bytes.
    pub rights_data_bytes: Option<usize>,
    /// How many XrML documents there are: the licence, and the certificates that follow it.
    pub documents: usize,
    /// Whether it is as its issuer signed it.
    #[cfg(feature = "licence-signature")]
    pub signature: LicenceSignature,
    /// Whether the certificates with it vouch for its issuer.
    #[cfg(feature = "licence-signature")]
    pub chain: LicenceChain,
}

impl PublishingLicence {
    /// Reads a licence: one or several XrML documents in UTF-8 or UTF-16, with or without a
    /// byte-order mark. The first document is the licence. No document type and no entities.
    ///
    /// # Errors
    ///
    /// [`LicenceError`]: not a licence, or beyond the limits.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, LicenceError> {
        let text = xrml::decode(bytes, limits)?;
        let documents = xrml::split(&text)?;
        let first = documents.first().copied().unwrap_or_default();
        let root = xrml::Node::parse(first, limits)?;
        let mut licence = facts::read(&root)?;
        licence.documents = documents.len();
        #[cfg(feature = "licence-signature")]
        {
            (licence.signature, licence.chain) = signature::check(&documents, &root, limits);
        }
        Ok(licence)
    }

    /// The tenant whose rights service protects the document: that of the server for which the key
    /// is sealed, else that of the issuer, else that of the label. Advisory, as everything here.
    pub fn tenant(&self) -> Option<TenantId> {
        self.principals
            .iter()
            .chain(&self.publisher)
            .find_map(|principal| principal.tenant)
            .or(self.label_tenant)
    }

    /// The name of the organisation, for display.
    pub fn organisation(&self) -> Option<&str> {
        self.principals.iter().find_map(|one| one.name.as_deref())
    }

    /// Whether somebody chose the rights, as far as the licence shows: it names no template.
    ///
    /// Some programs name a template for chosen rights too. Its id is documented nowhere, so such a
    /// licence counts as one of a template: what is allowed less often.
    pub fn is_user_defined(&self) -> bool {
        self.template.is_none()
    }

    /// The label with its tenant, if the licence names both.
    pub fn label_key(&self) -> Option<LabelKey> {
        let tenant = self.label_tenant.or_else(|| self.tenant())?;
        Some(LabelKey::new(tenant, self.label?))
    }
}

/// Ids, times and sizes; of everything else only that it is there.
impl fmt::Debug for PublishingLicence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("PublishingLicence");
        debug
            .field("issued", &self.issued)
            .field("template", &self.template)
            .field("owner", &Redacted(&self.owner))
            .field("content_id", &self.content_id)
            .field("publisher", &self.publisher)
            .field("principals", &self.principals)
            .field("service_urls", &self.service_urls)
            .field("referrals", &Redacted(&self.referrals))
            .field("label", &self.label)
            .field("label_tenant", &self.label_tenant)
            .field("application_data", &self.application_data)
            .field("rights_data_bytes", &self.rights_data_bytes)
            .field("documents", &self.documents);
        #[cfg(feature = "licence-signature")]
        debug
            .field("signature", &self.signature)
            .field("chain", &self.chain);
        debug.finish()
    }
}

/// One line without names: for logs.
impl fmt::Display for PublishingLicence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("publishing licence")?;
        if let Some(issued) = self.issued {
            write!(f, " of {issued}")?;
        }
        if let Some(tenant) = self.tenant() {
            write!(f, ", tenant {tenant}")?;
        }
        if let Some(id) = self.template.as_ref().and_then(|one| one.id.as_ref()) {
            write!(f, ", template {id}")?;
        }
        if let Some(label) = self.label {
            write!(f, ", label {label}")?;
        }
        if self.owner.is_some() {
            f.write_str(", owner <redacted>")?;
        }
        Ok(())
    }
}

/// The template of a licence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LicenceTemplate {
    /// Its id, lower case and without braces if it is a GUID.
    pub id: Option<String>,
    /// The time stamp of its version, verbatim.
    pub version: Option<String>,
    /// Its name and description in each language.
    pub texts: Vec<TemplateText>,
}

/// Somebody that a licence names: a server or a person.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LicencePrincipal {
    /// What it is, verbatim: `MS-DRM-Server` or `Group-Identity`.
    pub kind: String,
    /// Its id, lower case and without braces if it is a GUID.
    pub id: Option<String>,
    /// The name of the organisation, or the mail address of the person.
    pub name: Option<String>,
    /// Web addresses of a server, further mail addresses of a person.
    pub addresses: Vec<String>,
    /// The tenant that it says it belongs to.
    pub tenant: Option<TenantId>,
    /// The size of the content key sealed for it, in bytes.
    pub sealed_key_bytes: Option<usize>,
}

impl fmt::Debug for LicencePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LicencePrincipal")
            .field("kind", &self.kind)
            .field("id", &Redacted(&self.id))
            .field("name", &Redacted(&self.name))
            .field("addresses", &Redacted(&self.addresses))
            .field("tenant", &self.tenant)
            .field("sealed_key_bytes", &self.sealed_key_bytes)
            .finish()
    }
}

/// Where a service of the tenant is reached. The first part of the host is the id of the service,
/// not that of the tenant.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceUrl {
    /// What it is for, verbatim: `License-Acquisition-URL` or `Extranet-License-Acquisition-URL`.
    pub kind: String,
    /// The address.
    pub url: String,
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceUrl")
            .field("kind", &self.kind)
            .field("url", &Redacted(&self.url))
            .finish()
    }
}

/// A signed value of a licence, for example that the application must know rights management.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticatedValue {
    /// Which group it belongs to, verbatim: `APPSPECIFIC`.
    pub group: String,
    /// Its name in the group.
    pub name: Option<String>,
    /// The value.
    pub value: String,
}

impl fmt::Debug for AuthenticatedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatedValue")
            .field("group", &self.group)
            .field("name", &self.name)
            .field("value", &Redacted(&self.value))
            .finish()
    }
}
