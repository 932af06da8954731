//! Publishing licences with the structure of genuine ones and nobody's data, and the streams that
//! carry them.

use super::{A, L1};

pub(crate) const TEMPLATE: &str = "01010101-0000-4000-8000-000000000001";
pub(crate) const CONTENT: &str = "02020202-0000-4000-8000-000000000002";

/// What a licence says, as far as tests change it.
#[derive(Clone)]
pub(crate) struct Licence {
    pub(crate) server_tenant: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) label_tenant: Option<String>,
    /// The issuer's object and its key, as XML.
    pub(crate) issuer: String,
    /// The certificates that follow, as XML.
    pub(crate) certificates: String,
}

impl Default for Licence {
    fn default() -> Self {
        Self {
            server_tenant: Some(A.to_owned()),
            label: Some(L1.to_owned()),
            label_tenant: Some(A.to_owned()),
            issuer: server(""),
            certificates: String::new(),
        }
    }
}

/// A server as licences name it, with its key.
pub(crate) fn server(key: &str) -> String {
    format!(
        "<OBJECT type=\"MS-DRM-Server\"><ID type=\"MS-GUID\">{{03030303-0000-4000-8000-000000000003}}</ID><NAME>Contoso &amp; Söhne</NAME><ADDRESS type=\"URL\">https://service.example.com/_wmcs</ADDRESS></OBJECT>{key}"
    )
}

/// A person as a client-signed licence names them, with the client's key.
pub(crate) fn person(key: &str) -> String {
    format!(
        "<OBJECT type=\"Group-Identity\"><ID type=\"Federation\">{{04040404-0000-4000-8000-000000000004}}</ID><NAME>ben@example.com</NAME><ADDRESS type=\"email_alias\">b@example.com</ADDRESS></OBJECT>{key}<SECURITYLEVEL name=\"SDK\" value=\"1.0\" />"
    )
}

fn tenant_level(tenant: Option<&String>) -> String {
    tenant.map_or_else(String::new, |tenant| {
        format!("<SECURITYLEVEL name=\"Server-SKU\" value=\"RMS 2.0\" /><SECURITYLEVEL name=\"Tenant-ID\" value=\"{{{tenant}}}\" />")
    })
}

impl Licence {
    pub(crate) fn of_label(tenant: &str, label: &str) -> Self {
        Self {
            server_tenant: Some(tenant.to_owned()),
            label: Some(label.to_owned()),
            label_tenant: Some(tenant.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn without_label(tenant: &str) -> Self {
        Self {
            label: None,
            label_tenant: None,
            ..Self::of_label(tenant, L1)
        }
    }

    /// What is signed.
    pub(crate) fn body(&self) -> String {
        let level = tenant_level(self.server_tenant.as_ref());
        let value = |name: &str, value: Option<&String>| {
            value.map_or_else(String::new, |value| {
                format!(
                    "<AUTHENTICATEDDATA name=\"{name}\" id=\"LABEL\">{value}</AUTHENTICATEDDATA>"
                )
            })
        };
        [
            "<BODY type=\"Microsoft Rights Label\" version=\"3.0\"><ISSUEDTIME>2023-06-13T20:21</ISSUEDTIME>",
            &format!("<DESCRIPTOR><OBJECT><ID type=\"MS-GUID\" version=\"2023-05-01T08:00\">{{{TEMPLATE}}}</ID><NAME>\nLCID 1033:NAME Secret:DESCRIPTION For us; not for you.;\nLCID 1031:NAME Geheim:DESCRIPTION Für uns.;\n</NAME></OBJECT></DESCRIPTOR>"),
            &format!("<ISSUER>{}{level}</ISSUER>", self.issuer),
            "<DISTRIBUTIONPOINT><OBJECT type=\"License-Acquisition-URL\"><ID type=\"MS-GUID\">{0}</ID><NAME>Cluster</NAME><ADDRESS type=\"URL\">https://service.example.com/_wmcs/licensing</ADDRESS></OBJECT></DISTRIBUTIONPOINT>",
            "<DISTRIBUTIONPOINT><OBJECT type=\"Extranet-License-Acquisition-URL\"><ADDRESS type=\"URL\">https://outside.example.com/_wmcs/licensing</ADDRESS></OBJECT></DISTRIBUTIONPOINT>",
            "<DISTRIBUTIONPOINT><OBJECT type=\"Referral-Info\"><ADDRESS type=\"URL\">mailto:help@example.com</ADDRESS></OBJECT></DISTRIBUTIONPOINT>",
            &format!("<ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">{}<ENABLINGBITS type=\"sealed-key-v2\"><VALUE encoding=\"base64\" size=\"48\">AAECAwQF</VALUE></ENABLINGBITS>{level}</PRINCIPAL></ISSUEDPRINCIPALS>", server("")),
            &format!("<WORK><OBJECT><ID type=\"MS-GUID\">{{{CONTENT}}}</ID></OBJECT><METADATA><OWNER><OBJECT><ID type=\"Unspecified\" /><NAME>ann@example.com</NAME></OBJECT></OWNER></METADATA></WORK>"),
            "<AUTHENTICATEDDATA id=\"Encrypted-Rights-Data\">AAECAwQFBgc=</AUTHENTICATEDDATA>",
            "<AUTHENTICATEDDATA name=\"Example.RequireAwareApplication\" id=\"APPSPECIFIC\">true</AUTHENTICATEDDATA>",
            &value("ID", self.label.as_ref()),
            &value("TenantId", self.label_tenant.as_ref()),
            "</BODY>",
        ]
        .concat()
    }

    /// The licence without a signature.
    pub(crate) fn text(&self) -> String {
        self.text_with("")
    }

    /// The licence with a signature, as XML.
    pub(crate) fn text_with(&self, signature: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><XrML xmlns=\"\" version=\"1.2\">{}{signature}</XrML>{}",
            self.body(),
            self.certificates
        )
    }

    /// The stream that carries it in a rights-managed document.
    pub(crate) fn transform(&self) -> Vec<u8> {
        transform(self.text().as_bytes())
    }
}

pub(crate) fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Base64 with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut whole = [0; 4];
        whole[1..=group.len()].copy_from_slice(group);
        let whole = u32::from_be_bytes(whole);
        for at in 0..4 {
            let digit = DIGITS[(whole >> (18 - 6 * at) & 63) as usize];
            text.push(if at > group.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut field = u32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
    field.extend(bytes);
    field.resize(field.len().next_multiple_of(4), 0);
    field
}

/// The transform stream around a licence.
pub(crate) fn transform(licence: &[u8]) -> Vec<u8> {
    [
        vec![0x58, 0, 0, 0, 1, 0, 0, 0],
        padded(&wide("{C73DFACD-061F-43B0-8B64-0C620D2A8B50}")),
        padded(&wide("Microsoft.Metadata.DRMTransform")),
        [1, 0, 0, 0].repeat(3),
        vec![4, 0, 0, 0],
        padded(licence),
    ]
    .concat()
}

/// The stream of a cached licence: of `Windows:ann@example.com`.
pub(crate) fn use_licence() -> Vec<u8> {
    let user = padded(encode(&wide("Windows:ann@example.com")).as_bytes());
    let length = u32::try_from(4 + user.len()).unwrap();
    [
        length.to_le_bytes().to_vec(),
        user,
        padded(b"<?xml version=\"1.0\"?>"),
    ]
    .concat()
}
