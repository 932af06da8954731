//! XML parts: how they are stored, read with the place of every item, and edited in place.

mod edits;
mod reader;
mod tag;
mod text;
#[cfg(test)]
mod twin;

pub(crate) use edits::{Edits, escape, is_xml_char};
pub(crate) use reader::{Element, Item, XmlReader};
pub(crate) use tag::attribute_places;
pub(crate) use text::{Encoding, XmlText};

/// A namespace that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    None,
    Other,
    /// Custom properties; `strict` is ISO's name of it.
    CustomProperties {
        strict: bool,
    },
    /// Variant types, the values of custom properties.
    VariantTypes,
    LabelInfo,
    Relationships,
    ContentTypes,
    Rdf,
    /// Adobe's catch-all for custom entries of a PDF's information dictionary.
    Pdfx,
    /// Which part of PDF/A a document follows.
    PdfaId,
    /// PDF/A's description of properties beyond the predefined ones: the list of schemas, one
    /// schema, one property.
    PdfaExtension,
    PdfaSchema,
    PdfaProperty,
}

pub(crate) const RDF_NAMESPACE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
pub(crate) const PDFX_NAMESPACE: &str = "http://ns.adobe.com/pdfx/1.3/";
pub(crate) const PDFA_EXTENSION_NAMESPACE: &str = "http://www.aiim.org/pdfa/ns/extension/";
pub(crate) const PDFA_SCHEMA_NAMESPACE: &str = "http://www.aiim.org/pdfa/ns/schema#";
pub(crate) const PDFA_PROPERTY_NAMESPACE: &str = "http://www.aiim.org/pdfa/ns/property#";
pub(crate) const LABEL_INFO_NAMESPACE: &str =
    "http://schemas.microsoft.com/office/2020/mipLabelMetadata";
pub(crate) const CUSTOM_PROPERTIES_NAMESPACE: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties";
pub(crate) const CUSTOM_PROPERTIES_NAMESPACE_STRICT: &str =
    "http://purl.oclc.org/ooxml/officeDocument/customProperties";
pub(crate) const VARIANT_TYPES_NAMESPACE: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes";
pub(crate) const VARIANT_TYPES_NAMESPACE_STRICT: &str =
    "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes";

impl Namespace {
    fn of(name: &str) -> Self {
        match name {
            CUSTOM_PROPERTIES_NAMESPACE => Self::CustomProperties { strict: false },
            CUSTOM_PROPERTIES_NAMESPACE_STRICT => Self::CustomProperties { strict: true },
            VARIANT_TYPES_NAMESPACE | VARIANT_TYPES_NAMESPACE_STRICT => Self::VariantTypes,
            LABEL_INFO_NAMESPACE => Self::LabelInfo,
            "http://schemas.openxmlformats.org/package/2006/relationships" => Self::Relationships,
            "http://schemas.openxmlformats.org/package/2006/content-types" => Self::ContentTypes,
            RDF_NAMESPACE => Self::Rdf,
            PDFX_NAMESPACE => Self::Pdfx,
            "http://www.aiim.org/pdfa/ns/id/" => Self::PdfaId,
            PDFA_EXTENSION_NAMESPACE => Self::PdfaExtension,
            PDFA_SCHEMA_NAMESPACE => Self::PdfaSchema,
            PDFA_PROPERTY_NAMESPACE => Self::PdfaProperty,
            _ => Self::Other,
        }
    }
}
