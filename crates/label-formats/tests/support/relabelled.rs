//! A package with everything that has to stay, before and after its label was replaced.

use std::sync::OnceLock;

use label_formats::TenantStorage;

use super::package::{
    content_type_override, element, label_list, modern, properties, property, property_of,
    relationship, rich, small,
};
use super::{A, B, L1, L2, L3, applied, request, write_with};

pub(crate) const C: &str = "cccccccc-0000-4000-8000-00000000000c";

/// The package: other properties, a comment, two other tenants'
/// labels in the two storages, an extension.
pub(crate) fn before() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let body = property_of(90, "Num", "<vt:i4>7</vt:i4>")
            + "<!-- kept -->\n"
            + &modern(2, L1, A)
            + &property(91, "Client", "Example")
            + &property(92, "Sensitivity", "Other")
            + &small(30, L3, B);
        let extension = "<clbl:extLst><clbl:ext uri=\"urn:example:1\"><e:data xmlns:e=\"urn:example\">keep</e:data></clbl:ext></clbl:extLst>";
        let list = element(L3, C, "Standard").replace(" removed", " mark=\"1\" removed");
        rich(false)
            .custom(properties(&body))
            .label_info(label_list(&(list + extension)))
            .relationship(&relationship("rId9", "urn:example:other", "other.xml"))
            .content_type(&content_type_override("word/settings.xml", "application/x-settings"))
            .file("other.xml", b"<other/>")
            .build()
    })
}

/// The same with another label of tenant A, as the writer leaves it.
pub(crate) fn after() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let options = write_with(TenantStorage::Unknown);
        applied(before(), &request(A, L2), &options).unwrap().1
    })
}
