//! The extension schema of PDF/A-1 to 3: a list in the XMP packet that describes every property
//! beyond the predefined ones (5.6, 5.7). Without it a labelled document would no longer be PDF/A.

use super::packet::{Packet, declared_rdf};
use crate::xml::{
    Namespace, PDFA_EXTENSION_NAMESPACE, PDFA_PROPERTY_NAMESPACE, PDFA_SCHEMA_NAMESPACE,
    PDFX_NAMESPACE, escape,
};

/// The extension schemas of a packet, as far as the namespace of labels is concerned.
#[derive(Debug, Default)]
pub(super) struct Extension {
    /// `pdfaExtension:schemas`, and its bag.
    schemas: Option<usize>,
    bag: Option<usize>,
    /// The schema that describes the namespace of labels: its `rdf:li`.
    schema: Option<usize>,
    /// The description that stands for its structure, or the same.
    inner: Option<usize>,
    /// Its list of properties, and the sequence in it.
    list: Option<usize>,
    sequence: Option<usize>,
    /// The properties in it: each `rdf:li` and the name.
    properties: Vec<(usize, String)>,
}

impl Extension {
    pub(super) fn find(packet: &Packet) -> Self {
        let mut found = Self::default();
        let child = |parent: usize, namespace: Namespace, name: &str| {
            packet
                .nodes()
                .find(|(_, node)| node.parent == Some(parent) && node.is(namespace, name))
                .map(|(at, _)| at)
        };
        found.schemas = packet
            .nodes()
            .find(|(_, node)| node.is(Namespace::PdfaExtension, "schemas"))
            .map(|(at, _)| at);
        let Some(schemas) = found.schemas else {
            return found;
        };
        found.bag = child(schemas, Namespace::Rdf, "Bag");
        let Some(bag) = found.bag else {
            return found;
        };
        found.schema = packet
            .nodes()
            .filter(|(_, node)| node.parent == Some(bag) && node.is(Namespace::Rdf, "li"))
            .find(|(at, _)| {
                packet.text_inside(*at, Namespace::PdfaSchema, "namespaceURI")
                    == Some(PDFX_NAMESPACE)
            })
            .map(|(at, _)| at);
        let Some(schema) = found.schema else {
            return found;
        };
        // Either right inside, or in a description that stands for the structure.
        let inner = child(schema, Namespace::Rdf, "Description").unwrap_or(schema);
        found.inner = Some(inner);
        found.list = child(inner, Namespace::PdfaSchema, "property");
        found.sequence = found
            .list
            .and_then(|list| child(list, Namespace::Rdf, "Seq"));
        if let Some(sequence) = found.sequence {
            found.properties = packet
                .nodes()
                .filter(|(_, node)| node.parent == Some(sequence) && node.is(Namespace::Rdf, "li"))
                .filter_map(|(at, _)| {
                    let name = packet.text_inside(at, Namespace::PdfaProperty, "name")?;
                    Some((at, name.to_owned()))
                })
                .collect();
        }
        found
    }

    /// The described properties whose names are wanted.
    pub(super) fn named<'e>(
        &'e self,
        wanted: impl Fn(&str) -> bool + 'e,
    ) -> impl Iterator<Item = usize> + 'e {
        self.properties
            .iter()
            .filter(move |(_, name)| wanted(name))
            .map(|(at, _)| *at)
    }

    /// What the schema says of itself, which comes and goes with the first and last property.
    pub(super) fn headings(&self, packet: &Packet) -> Vec<usize> {
        packet
            .nodes()
            .filter(|(_, node)| node.parent.is_some() && node.parent == self.inner)
            .filter(|(at, _)| Some(*at) != self.list)
            .map(|(at, _)| at)
            .collect()
    }

    /// Everything that new descriptions may go into.
    pub(super) fn containers(&self) -> impl Iterator<Item = usize> {
        [
            self.schemas,
            self.bag,
            self.schema,
            self.inner,
            self.list,
            self.sequence,
        ]
        .into_iter()
        .flatten()
    }

    /// Whether an element may go where nothing is left in it.
    pub(super) fn may_go(&self, at: usize) -> bool {
        self.containers().any(|container| container == at)
    }

    /// Whether an element goes with what is in it, whatever else is.
    pub(super) fn goes_with(&self, at: usize, inner: usize) -> bool {
        self.inner == Some(at) && self.list == Some(inner)
            || self.schema == Some(at) && self.inner == Some(inner)
    }

    /// What has to be added, and to which element, where there is a list of schemas.
    pub(super) fn addition(&self, packet: &Packet, names: &[&str]) -> Option<(usize, String)> {
        let prefix = |at: usize| packet.node(at).map(|node| node.prefix.as_str());
        if let Some(sequence) = self.sequence {
            let items = names
                .iter()
                .map(|name| property(prefix(sequence).unwrap_or("rdf:"), name, true))
                .collect();
            return Some((sequence, items));
        }
        let bag = self.bag?;
        let rdf = prefix(bag).unwrap_or("rdf:");
        Some((bag, schema(rdf, names, true)))
    }
}

/// A description of the whole list, for a packet that has none.
pub(super) fn new_block(rdf: &str, about: &str, names: &[&str]) -> String {
    let (rdf, declared) = declared_rdf(rdf);
    format!(
        "<{rdf}Description {rdf}about=\"{}\"{declared} xmlns:pdfaExtension=\"{PDFA_EXTENSION_NAMESPACE}\" xmlns:pdfaSchema=\"{PDFA_SCHEMA_NAMESPACE}\" xmlns:pdfaProperty=\"{PDFA_PROPERTY_NAMESPACE}\"><pdfaExtension:schemas><{rdf}Bag>{}</{rdf}Bag></pdfaExtension:schemas></{rdf}Description>\n",
        escape(about),
        schema(rdf, names, false)
    )
}

/// The schema of the namespace of labels. Among foreign elements it declares its own prefixes,
/// which PDF/A prescribes by name.
fn schema(rdf: &str, names: &[&str], declares: bool) -> String {
    let (rdf, rdf_declared) = declared_rdf(rdf);
    let declared = if declares {
        format!(
            "{rdf_declared} xmlns:pdfaSchema=\"{PDFA_SCHEMA_NAMESPACE}\" xmlns:pdfaProperty=\"{PDFA_PROPERTY_NAMESPACE}\""
        )
    } else {
        rdf_declared
    };
    let items: String = names
        .iter()
        .map(|name| property(rdf, name, false))
        .collect();
    format!(
        "<{rdf}li{declared} {rdf}parseType=\"Resource\"><pdfaSchema:schema>Custom document information</pdfaSchema:schema><pdfaSchema:namespaceURI>{PDFX_NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>pdfx</pdfaSchema:prefix><pdfaSchema:property><{rdf}Seq>{items}</{rdf}Seq></pdfaSchema:property></{rdf}li>"
    )
}

fn property(rdf: &str, name: &str, declares: bool) -> String {
    let (rdf, rdf_declared) = declared_rdf(rdf);
    let declared = if declares {
        format!("{rdf_declared} xmlns:pdfaProperty=\"{PDFA_PROPERTY_NAMESPACE}\"")
    } else {
        rdf_declared
    };
    format!(
        "<{rdf}li{declared} {rdf}parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category><pdfaProperty:description>Sensitivity label attribute</pdfaProperty:description></{rdf}li>"
    )
}
