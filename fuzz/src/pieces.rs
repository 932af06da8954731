//! Pieces of XML that packages are put together from: ordinary ones first, odd ones behind.

/// The tenant whose label is applied and removed.
pub const OURS: &str = "74f71239-3dea-461b-910f-15d15a71655a";
/// Another tenant.
pub const OTHERS: &str = "bbbbbbbb-0000-4000-8000-00000000000b";
/// The label that is applied.
pub const LABEL: &str = "2096f6a2-d2f7-48be-b329-b73aaa526e5d";
/// Another label of our tenant.
pub const OLD_LABEL: &str = "11111111-1111-4111-8111-111111111111";
/// A label of the other tenant.
pub const OTHERS_LABEL: &str = "22222222-2222-4222-8222-222222222222";

/// Main content types of the kinds that can be written, and where the main part usually is.
pub const KINDS: [(&str, &str); 16] = [
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        "word/document.xml",
    ),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
        "word/document.xml",
    ),
    (
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "word/document.xml",
    ),
    (
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
        "word/document.xml",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        "xl/workbook.xml",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
        "xl/workbook.xml",
    ),
    (
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        "xl/workbook.xml",
    ),
    (
        "application/vnd.ms-excel.addin.macroEnabled.main+xml",
        "xl/workbook.xml",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
        "ppt/presentation.xml",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml",
        "ppt/presentation.xml",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
        "ppt/presentation.xml",
    ),
    (
        "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
        "ppt/presentation.xml",
    ),
    (
        "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
        "ppt/presentation.xml",
    ),
    (
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
        "ppt/presentation.xml",
    ),
    // Not one of ours.
    (
        "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
        "xl/workbook.bin",
    ),
    ("application/xml", "word/document.xml"),
];

/// How many of [`CONTENT_TYPES`] are ordinary.
pub const CONTENT_TYPES_ORDINARY: usize = 5;
pub const CONTENT_TYPES: [&str; 12] = [
    r#"<Default Extension="png" ContentType="image/png"/>"#,
    r#"<Override PartName="/docProps/app.xml" ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/>"#,
    "\r\n  ",
    "<!-- a remark -->",
    r#"<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"></Override>"#,
    r#"<Default Extension="xml" ContentType="application/octet-stream"/>"#,
    r#"<Override PartName="/DOCPROPS/CUSTOM.XML" ContentType="application/xml"/>"#,
    r#"<Override PartName="/docMetadata/LabelInfo.xml" ContentType="text/plain"/>"#,
    r#"<Override PartName="/word/document.xml" ContentType="text/plain"/>"#,
    r#"<Override PartName="" ContentType=""/>"#,
    r#"<Other xmlns="http://example.org/"/>"#,
    "<Override PartName=\"/a%20b.xml\" ContentType=\"&lt;x&gt;\"/>",
];

/// How many of [`RELATIONSHIPS`] are ordinary.
pub const RELATIONSHIPS_ORDINARY: usize = 4;
pub const RELATIONSHIPS: [&str; 14] = [
    r#"<Relationship Id="rId20" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/extended-properties" Target="docProps/app.xml"/>"#,
    r#"<Relationship Id="rId21" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="/docProps/core.xml"></Relationship>"#,
    "\n<!-- rId1 -->\n",
    r#"<Relationship Id="rId22" Type="http://example.org/x" Target="http://example.org/" TargetMode="External"/>"#,
    r#"<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties" Target="docProps/custom.xml"/>"#,
    r#"<Relationship Id="rId3" Type="http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels" Target="docMetadata/LabelInfo.xml"/>"#,
    r#"<Relationship Id="rId4" Type="http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels" Target="http://example.org/l.xml" TargetMode="External"/>"#,
    r#"<Relationship Id="rId5" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties" Target="../docProps/./custom.xml"/>"#,
    r#"<Relationship Id="rId6" Type="http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin" Target="_xmlsignatures/origin.sigs"/>"#,
    r#"<Relationship Id="rId7" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties" Target="%64ocProps/missing.xml"/>"#,
    r#"<Relationship Id="rId8" Type="http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels" Target="[Content_Types].xml"/>"#,
    r#"<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties" Target="/docMetadata/LabelInfo.xml"/>"#,
    r#"<Relationship Id="&quot;" Type="" Target="&#x41;"/>"#,
    r#"<Relationship Type="http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels" Target="word/document.xml"/>"#,
];

/// How many of [`custom_property`] are ordinary.
pub const CUSTOM_ORDINARY: usize = 8;
pub const CUSTOM_COUNT: usize = 24;

fn property(pid: &mut u32, name: &str, value: &str) -> String {
    let text = format!(
        "<property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{pid}\" name=\"{name}\">{value}</property>"
    );
    *pid = pid.saturating_add(1);
    text
}

fn wide(value: &str) -> String {
    format!("<vt:lpwstr>{value}</vt:lpwstr>")
}

fn label(pid: &mut u32, id: &str, attributes: &[(&str, &str)]) -> String {
    attributes
        .iter()
        .map(|(attribute, value)| {
            property(pid, &format!("MSIP_Label_{id}_{attribute}"), &wide(value))
        })
        .collect()
}

/// One piece of a custom properties part; raises `pid` as far as it uses it.
pub fn custom_property(number: usize, pid: &mut u32) -> String {
    let modern = |pid: &mut u32, id: &str, tenant: &str, name: &str| {
        label(
            pid,
            id,
            &[
                ("Enabled", "true"),
                ("SetDate", "2021-01-05T10:00:00Z"),
                ("Method", "Privileged"),
                ("Name", name),
                ("SiteId", tenant),
                ("ActionId", "7d9ff8f1-1f92-4b0d-8a2a-000000000001"),
                ("ContentBits", "0"),
            ],
        )
    };
    match number {
        0 => modern(pid, OLD_LABEL, OURS, "General"),
        1 => modern(pid, OTHERS_LABEL, OTHERS, "Confidential"),
        2 => property(pid, "Project", &wide("Harbour &amp; &lt;Quay&gt;")),
        3 => property(pid, "Count", "<vt:i4>7</vt:i4>"),
        4 => property(pid, "Checked", "<vt:bool>true</vt:bool>"),
        5 => property(
            pid,
            "When",
            "<vt:filetime>2021-01-05T10:00:00Z</vt:filetime>",
        ),
        6 => property(
            pid,
            "List",
            "<vt:vector size=\"2\" baseType=\"lpwstr\"><vt:lpwstr>a</vt:lpwstr><vt:lpwstr>b</vt:lpwstr></vt:vector>",
        ),
        7 => "\r\n  <!-- MSIP_Label_ -->".to_owned(),
        8 => label(
            pid,
            "33333333-3333-4333-8333-333333333333",
            &[
                ("Enabled", "True"),
                ("SiteId", OURS),
                ("Parent", OLD_LABEL),
                ("Owner", "ana@contoso.example"),
            ],
        ),
        9 => label(pid, OLD_LABEL, &[("Enabled", "false"), ("SiteId", OURS)]),
        10 => label(
            pid,
            LABEL,
            &[
                ("Enabled", "true"),
                (
                    "Ref",
                    &format!("https://api.informationprotection.azure.com/api/{OURS}"),
                ),
            ],
        ),
        11 => label(
            pid,
            &format!("{{{}}}", OLD_LABEL.to_uppercase()),
            &[("enabled", "TRUE"), ("siteid", OURS)],
        ),
        12 => modern(pid, LABEL, OTHERS, "Same id"),
        13 => property(
            pid,
            &format!("MSIP_Label_{OLD_LABEL}_Enabled"),
            "<vt:bool>true</vt:bool>",
        ),
        14 => property(
            pid,
            &format!("MSIP_Label_{LABEL}_SiteId"),
            &wide(&format!("{{{OURS}}}")),
        ),
        15 => property(pid, "Sensitivity", &wide("Confidential Finance")),
        16 => property(pid, "Empty", ""),
        17 => {
            *pid = pid.saturating_sub(1);
            property(pid, "Same", &wide("x"))
        }
        18 => format!(
            "<property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{pid}\" linkTarget=\"mark\" name=\"Linked\"><vt:lpwstr/></property>"
        ),
        19 => property(
            pid,
            &format!("MSIP_Label_{OLD_LABEL}_Name"),
            "<vt:lpwstr><![CDATA[a]]>&#x20;b</vt:lpwstr>",
        ),
        20 => "<x:other xmlns:x=\"http://example.org/\"><property name=\"MSIP_Label_\"/></x:other>"
            .to_owned(),
        21 => {
            *pid = u32::MAX - 1;
            String::new()
        }
        22 => "<property/>".to_owned(),
        _ => property(
            pid,
            &format!("MSIP_Label_{OTHERS_LABEL}_Removed"),
            &wide("true"),
        ),
    }
}

/// How many of [`LABELS`] are ordinary.
pub const LABELS_ORDINARY: usize = 5;
pub const LABELS: [&str; 18] = [
    r#"<clbl:label id="{11111111-1111-4111-8111-111111111111}" enabled="1" method="Standard" siteId="{74f71239-3dea-461b-910f-15d15a71655a}" contentBits="0" removed="0" />"#,
    r#"<clbl:label id="{22222222-2222-4222-8222-222222222222}" enabled="1" method="Privileged" siteId="{bbbbbbbb-0000-4000-8000-00000000000b}" contentBits="3" removed="0"/>"#,
    r#"<clbl:label id="{cccccccc-0000-4000-8000-00000000000c}" enabled="0" method="" siteId="{cccccccc-0000-4000-8000-00000000000c}" removed="1" />"#,
    "\r\n\t",
    "<!-- remark -->",
    r#"<clbl:label id="{74f71239-3dea-461b-910f-15d15a71655a}" enabled="0" method="" siteId="{74f71239-3dea-461b-910f-15d15a71655a}" removed="1" />"#,
    r#"<clbl:label id="{2096f6a2-d2f7-48be-b329-b73aaa526e5d}" enabled="1" method="Standard" siteId="{74f71239-3dea-461b-910f-15d15a71655a}" removed="0"></clbl:label>"#,
    r#"<clbl:extLst><clbl:ext uri="{0}"><x xmlns="http://example.org/">clbl:label</x></clbl:ext></clbl:extLst>"#,
    r#"<clbl:label id='11111111-1111-4111-8111-111111111111' enabled='true' siteId='74F71239-3DEA-461B-910F-15D15A71655A' setDate='2021-01-05' name='x' other='&quot;'/>"#,
    r#"<clbl:label id="" enabled="" method="" siteId="" removed=""/>"#,
    r#"<clbl:label/>"#,
    r#"<clbl:label id="{11111111-1111-4111-8111-111111111111}" enabled="1" siteId="nobody" removed="0"/>"#,
    r#"<q:label xmlns:q="http://schemas.microsoft.com/office/2020/mipLabelMetadata" id="{11111111-1111-4111-8111-111111111111}" enabled="1" siteId="{74f71239-3dea-461b-910f-15d15a71655a}" removed="0"/>"#,
    r#"<label xmlns="http://example.org/"/>"#,
    "text",
    "<![CDATA[<clbl:label/>]]>",
    "<?clbl label?>",
    r#"<clbl:label id="{2096f6a2-d2f7-48be-b329-b73aaa526e5d}" enabled="1" siteId="{bbbbbbbb-0000-4000-8000-00000000000b}" removed="0"><clbl:label/></clbl:label>"#,
];

/// A publishing licence with every kind of element that is read, and a certificate behind it. Its
/// signature is none.
pub fn licence() -> String {
    let key = r#"<PUBLICKEY><ALGORITHM>RSA</ALGORITHM><PARAMETER name="public-exponent"><VALUE encoding="integer32">65537</VALUE></PARAMETER><PARAMETER name="modulus"><VALUE encoding="base64" size="32">AQIDhQ==</VALUE></PARAMETER></PUBLICKEY>"#;
    let server = format!(
        r#"<OBJECT type="MS-DRM-Server"><ID type="MS-GUID">{{03030303-0000-4000-8000-000000000003}}</ID><NAME>Example</NAME><ADDRESS type="URL">https://example.org/_wmcs</ADDRESS></OBJECT>{key}<SECURITYLEVEL name="Tenant-ID" value="{{{OURS}}}" />"#
    );
    let signature = r#"<SIGNATURE><DIGEST><ALGORITHM>SHA256</ALGORITHM><PARAMETER name="codingtype"><VALUE encoding="string">surface-coding</VALUE></PARAMETER><VALUE encoding="base64" size="256">AAAA</VALUE></DIGEST><ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM><VALUE encoding="base64" size="32">AAAAAA==</VALUE></SIGNATURE>"#;
    format!(
        r#"<?xml version="1.0"?><XrML version="1.2" xmlns=""><BODY type="Microsoft Rights Label" version="3.0"><ISSUEDTIME>2023-06-13T20:21</ISSUEDTIME><DESCRIPTOR><OBJECT><ID type="MS-GUID" version="2023-05-01T08:00">{{01010101-0000-4000-8000-000000000001}}</ID><NAME>LCID 1033:NAME A:DESCRIPTION b;
LCID 1031:NAME C:DESCRIPTION d;</NAME></OBJECT></DESCRIPTOR><ISSUER>{server}</ISSUER><DISTRIBUTIONPOINT><OBJECT type="License-Acquisition-URL"><ADDRESS type="URL">https://example.org/</ADDRESS></OBJECT></DISTRIBUTIONPOINT><DISTRIBUTIONPOINT><OBJECT type="Referral-Info"><ADDRESS type="URL">mailto:a@example.org</ADDRESS></OBJECT></DISTRIBUTIONPOINT><ISSUEDPRINCIPALS><PRINCIPAL internal-id="1">{server}<ENABLINGBITS type="sealed-key-v2"><VALUE encoding="base64">AAEC</VALUE></ENABLINGBITS></PRINCIPAL></ISSUEDPRINCIPALS><WORK><OBJECT><ID type="MS-GUID">{{02020202-0000-4000-8000-000000000002}}</ID></OBJECT><METADATA><OWNER><OBJECT><NAME>a@example.org</NAME></OBJECT></OWNER></METADATA></WORK><AUTHENTICATEDDATA id="Encrypted-Rights-Data">AAEC</AUTHENTICATEDDATA><AUTHENTICATEDDATA id="APPSPECIFIC" name="x">true</AUTHENTICATEDDATA><AUTHENTICATEDDATA id="LABEL" name="ID">11111111-1111-4111-8111-111111111111</AUTHENTICATEDDATA><AUTHENTICATEDDATA id="LABEL" name="TenantId">{OURS}</AUTHENTICATEDDATA></BODY>{signature}</XrML><XrML><BODY type="LICENSE"><ISSUER>{server}</ISSUER><ISSUEDPRINCIPALS><PRINCIPAL>{server}</PRINCIPAL></ISSUEDPRINCIPALS></BODY>{signature}</XrML>"#
    )
}
