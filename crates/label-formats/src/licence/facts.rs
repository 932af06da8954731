//! The facts of a licence, from the tree of its first document (4.2, 4.3).

use label_core::{LabelId, TenantId};

use super::xrml::Node;
use super::{
    AuthenticatedValue, LicencePrincipal, LicenceTemplate, PublishingLicence, ServiceUrl, base64,
    descriptor,
};
use crate::date::SetDate;
use crate::error::PartError;

const PLACE: &str = "licence";

/// What the body of a publishing licence says that it is.
const BODY_TYPE: &str = "Microsoft Rights Label";

/// The body of a document: what is signed. A document with two of them is not to be trusted with
/// either.
pub(super) fn body(root: &Node) -> Result<&Node, PartError> {
    let mut bodies = root.all("BODY");
    match (root.is("XrML"), bodies.next(), bodies.next()) {
        (true, Some(body), None) => Ok(body),
        (true, _, _) => Err(PartError::malformed(PLACE, "not one BODY in the document")),
        (false, _, _) => Err(PartError::malformed(PLACE, "the root is not XrML")),
    }
}

pub(super) fn read(root: &Node) -> Result<PublishingLicence, PartError> {
    let body = body(root)?;
    let is_licence = body
        .attribute("type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case(BODY_TYPE));
    if !is_licence {
        return Err(PartError::malformed(PLACE, "not a publishing licence"));
    }
    let work = body.at(&["WORK"]);
    let mut licence = PublishingLicence {
        issued: body.at(&["ISSUEDTIME"]).and_then(|time| date(time.text())),
        template: body.at(&["DESCRIPTOR", "OBJECT"]).map(template),
        owner: work.and_then(|work| work.text_at(&["METADATA", "OWNER", "OBJECT", "NAME"])),
        content_id: work.and_then(|work| id(work.at(&["OBJECT"])?)),
        publisher: body.at(&["ISSUER"]).map(principal),
        principals: body
            .all("ISSUEDPRINCIPALS")
            .flat_map(|list| list.all("PRINCIPAL"))
            .map(principal)
            .collect(),
        ..PublishingLicence::default()
    };
    for object in body
        .all("DISTRIBUTIONPOINT")
        .flat_map(|point| point.all("OBJECT"))
    {
        let kind = object.attribute("type").unwrap_or_default();
        for url in object.all("ADDRESS").map(Node::text) {
            if kind == "Referral-Info" {
                licence.referrals.push(url.to_owned());
            } else {
                licence.service_urls.push(ServiceUrl {
                    kind: kind.to_owned(),
                    url: url.to_owned(),
                });
            }
        }
    }
    for data in body.all("AUTHENTICATEDDATA") {
        let group = data.attribute("id").unwrap_or_default();
        let name = data.attribute("name");
        let is = |known: (&str, &str)| {
            group.eq_ignore_ascii_case(known.0)
                && name.is_some_and(|name| name.eq_ignore_ascii_case(known.1))
        };
        if group == "Encrypted-Rights-Data" {
            licence.rights_data_bytes = decoded_bytes(data);
        } else if is(("LABEL", "ID")) {
            licence.label = licence.label.or_else(|| LabelId::parse(data.text()).ok());
        } else if is(("LABEL", "TenantId")) {
            let tenant = TenantId::parse(data.text()).ok();
            licence.label_tenant = licence.label_tenant.or(tenant);
        } else {
            licence.application_data.push(AuthenticatedValue {
                group: group.to_owned(),
                name: name.map(str::to_owned),
                value: data.text().to_owned(),
            });
        }
    }
    Ok(licence)
}

/// Licences give minutes; with seconds the text is a date as elsewhere.
fn date(text: &str) -> Option<SetDate> {
    SetDate::parse(text).or_else(|| SetDate::parse(&format!("{text}:00")))
}

fn template(object: &Node) -> LicenceTemplate {
    LicenceTemplate {
        id: id(object),
        version: object
            .at(&["ID"])
            .and_then(|id| id.attribute("version"))
            .map(str::to_owned),
        texts: object
            .all("NAME")
            .flat_map(|name| descriptor::parse(name.text()))
            .collect(),
    }
}

/// Of an issuer or a principal.
fn principal(node: &Node) -> LicencePrincipal {
    let object = node.at(&["OBJECT"]);
    LicencePrincipal {
        kind: object
            .and_then(|object| object.attribute("type"))
            .unwrap_or_default()
            .to_owned(),
        id: object.and_then(id),
        name: object.and_then(|object| object.text_at(&["NAME"])),
        addresses: object
            .into_iter()
            .flat_map(|object| object.all("ADDRESS"))
            .map(|address| address.text().to_owned())
            .collect(),
        tenant: node
            .all("SECURITYLEVEL")
            .filter(|level| level.attribute("name") == Some("Tenant-ID"))
            .find_map(|level| TenantId::parse(level.attribute("value")?).ok()),
        sealed_key_bytes: node.at(&["ENABLINGBITS", "VALUE"]).and_then(decoded_bytes),
    }
}

/// An object's id: lower case and without braces if it is a GUID, else verbatim.
fn id(object: &Node) -> Option<String> {
    let text = object.text_at(&["ID"])?;
    // Any GUID: this type only lends its reader.
    Some(LabelId::parse(&text).map_or(text, |guid| guid.to_string()))
}

fn decoded_bytes(node: &Node) -> Option<usize> {
    base64::decode(node.text()).map(|bytes| bytes.len())
}
