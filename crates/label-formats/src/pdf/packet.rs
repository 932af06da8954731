//! The XMP packet as a tree of elements with their places: for changing label properties in it and
//! nothing else (F-132).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use label_core::{FileLabel, LabelStorage};

use super::pdfa::{self, Extension};
use super::xmp::without_padding;
use crate::error::PartError;
use crate::keys::{LabelProperties, Leaving};
use crate::limits::Limits;
use crate::reading::Diagnostics;
use crate::xml::{
    Edits, Element, Item, Namespace, PDFX_NAMESPACE, RDF_NAMESPACE, XmlReader, XmlText,
    attribute_places, escape,
};

const PLACE: &str = "XMP";

/// Most elements of a packet that is changed. Pictures with a long history have some thousand.
const NODES_MAX: usize = 100_000;

/// Most descriptions that are looked at for a place for new properties; beyond, they get one of
/// their own.
const DESCRIPTIONS_MAX: usize = 64;

/// Longest value of a property that is read, in bytes.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The packet around a first property, as XMP has it; the mark tells its encoding.
const NEW_START: &str = "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">";
const NEW_END: &str = "</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>";

/// An attribute of an element.
#[derive(Clone, Debug)]
struct Attribute {
    namespace: Namespace,
    name: String,
    value: String,
    span: Range<usize>,
}

/// An element.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) parent: Option<usize>,
    namespace: Namespace,
    name: String,
    /// The prefix with its colon, or nothing.
    pub(super) prefix: String,
    attributes: Vec<Attribute>,
    /// Prefixes that it binds, with their colons, and what to.
    bindings: Vec<(String, String)>,
    /// Its start tag.
    tag: Range<usize>,
    /// Where its content ends.
    content_end: usize,
    /// All of it.
    span: Range<usize>,
    is_empty: bool,
    /// Whether comments or instructions stand in it.
    has_more: bool,
    /// Its own text; that of a label property with the text of what is in it.
    text: String,
}

impl Node {
    pub(super) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    fn attribute(&self, namespace: Namespace, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.namespace == namespace && attribute.name == name)
            .map(|attribute| attribute.value.as_str())
    }

    /// Whether it says nothing but what it describes.
    fn is_bare(&self) -> bool {
        self.attributes
            .iter()
            .all(|attribute| attribute.namespace == Namespace::Rdf && attribute.name == "about")
    }
}

/// A property in Adobe's catch-all namespace: an element, or an attribute of one.
#[derive(Clone, Debug)]
struct Property {
    node: usize,
    attribute: Option<usize>,
    name: String,
    value: String,
}

/// A packet that can be changed.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    xml: XmlText,
    /// Zeros behind it, which some writers pad with.
    padding: usize,
    nodes: Vec<Node>,
    properties: Vec<Property>,
}

impl Packet {
    /// Takes a packet apart.
    pub(super) fn parse(content: Vec<u8>, limits: &Limits) -> Result<Self, PartError> {
        let whole = content.len();
        let content = without_padding(content);
        let padding = whole - content.len();
        let xml = XmlText::decode(PLACE, content)?;
        let mut nodes: Vec<Node> = Vec::new();
        let mut properties = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        // The description that is open, and the property in it, each with its depth.
        let mut description: Option<usize> = None;
        let mut property: Option<usize> = None;
        let mut reader = XmlReader::new(PLACE, &xml.text, limits);
        while let Some(item) = reader.next()? {
            let span = reader.span();
            match item {
                Item::Start(element) => {
                    if nodes.len() >= NODES_MAX {
                        return Err(PartError::too_large(PLACE, "too many elements"));
                    }
                    let at = nodes.len();
                    let node = node(&element, open.last().copied(), span, &xml.text);
                    if node.is(Namespace::Rdf, "Description") && description.is_none() {
                        attribute_properties(at, &node, &mut properties);
                        if !node.is_empty {
                            description = Some(at);
                        }
                    } else if node.namespace == Namespace::Pdfx
                        && description.is_some()
                        && open.last().copied() == description
                    {
                        properties.push(Property {
                            node: at,
                            attribute: None,
                            name: node.name.clone(),
                            value: String::new(),
                        });
                        if !node.is_empty {
                            property = Some(at);
                        }
                    }
                    if !node.is_empty {
                        open.push(at);
                    }
                    nodes.push(node);
                }
                Item::End => {
                    let closed = open.pop();
                    if let Some(node) = closed.and_then(|at| nodes.get_mut(at)) {
                        node.content_end = span.start;
                        node.span.end = span.end;
                    }
                    if closed == description {
                        description = None;
                    }
                    if closed == property {
                        property = None;
                    }
                }
                Item::Text(piece) => {
                    let into = property.or(open.last().copied());
                    if let Some(node) = into.and_then(|at| nodes.get_mut(at)) {
                        if property.is_some() && node.text.len() + piece.len() > VALUE_BYTES_MAX {
                            return Err(PartError::too_large(PLACE, "a text is too long"));
                        }
                        node.text.push_str(&piece);
                    }
                }
                Item::Other => {
                    if let Some(node) = open.last().and_then(|at| nodes.get_mut(*at)) {
                        node.has_more = true;
                    }
                }
            }
        }
        for property in &mut properties {
            if let (None, Some(node)) = (property.attribute, nodes.get(property.node)) {
                property.value.clone_from(&node.text);
            }
        }
        Ok(Self {
            xml,
            padding,
            nodes,
            properties,
        })
    }

    /// A packet with these properties and nothing else.
    pub(super) fn fresh(added: &[(String, String)]) -> Vec<u8> {
        let block = description("rdf:", "", added);
        format!("{NEW_START}{block}{NEW_END}").into_bytes()
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.xml.text
    }

    /// The label records in it.
    pub(super) fn records(&self, limits: &Limits) -> Vec<FileLabel> {
        let mut unheard = Diagnostics::new(limits);
        let mut labels = LabelProperties::new(LabelStorage::Xmp, limits);
        for property in &self.properties {
            labels.add(&property.name, &property.value, PLACE, &mut unheard);
        }
        labels.into_records(PLACE, &mut unheard)
    }

    /// Name and value of every property in the namespace that labels use.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties
            .iter()
            .map(|property| (property.name.as_str(), property.value.as_str()))
    }

    /// Whether it has a property that goes, or a description of one.
    pub(super) fn has_any(&self, goes: &dyn Fn(&str, &str) -> bool) -> bool {
        self.properties().any(|(name, value)| goes(name, value))
            || Extension::find(self)
                .named(|name| goes(name, ""))
                .next()
                .is_some()
    }

    /// What the packet says besides these labels, and besides what PDF/A wants to know of them: the
    /// way to each element that says something, its attributes and its text, in order. Elements that
    /// only hold others count with what they hold.
    pub(super) fn statements(&self, labels: &Leaving) -> Vec<String> {
        let mut left_out: BTreeSet<usize> = self
            .properties
            .iter()
            .filter(|one| one.attribute.is_none() && labels.has(&one.name, &one.value))
            .map(|one| one.node)
            .collect();
        let extension = Extension::find(self);
        left_out.extend(extension.named(|name| labels.has(name, "")));
        left_out.extend(extension.headings(self));
        let is_left_out = |at: usize| self.ancestors(at).any(|above| left_out.contains(&above));
        self.nodes()
            .filter(|(at, _)| !is_left_out(*at))
            .filter_map(|(at, node)| {
                let attributes: String = node
                    .attributes
                    .iter()
                    .filter(|one| match one.namespace {
                        Namespace::Pdfx => !labels.has(&one.name, &one.value),
                        Namespace::Rdf => one.name != "about" && one.name != "parseType",
                        _ => true,
                    })
                    .map(|one| format!(" {}=`{}`", one.name, one.value))
                    .collect();
                let text = node.text.trim();
                let is_leaf = self
                    .nodes
                    .get(at + 1)
                    .is_none_or(|next| next.parent != Some(at));
                let is_frame = matches!(
                    node.namespace,
                    Namespace::Rdf | Namespace::PdfaExtension | Namespace::PdfaSchema
                );
                if attributes.is_empty() && text.is_empty() && (!is_leaf || is_frame) {
                    return None;
                }
                let mut way: Vec<String> = self
                    .ancestors(at)
                    .filter_map(|above| self.nodes.get(above))
                    .map(|above| format!("{}{}", above.prefix, above.name))
                    .collect();
                way.reverse();
                Some(format!("{}{attributes} {text}", way.join("/")))
            })
            .collect()
    }

    /// Which part of PDF/A the document says it follows.
    pub(super) fn pdf_a_part(&self) -> Option<u8> {
        self.nodes.iter().find_map(|node| {
            let text = if node.is(Namespace::PdfaId, "part") {
                node.text.as_str()
            } else {
                node.attribute(Namespace::PdfaId, "part")?
            };
            text.trim().parse().ok()
        })
    }

    /// The packet without the properties that `goes` names by name and value, and with these.
    /// Everything else stays byte for byte.
    ///
    /// # Errors
    ///
    /// There is no place for properties: no RDF in it.
    pub(super) fn edited(
        &self,
        goes: &dyn Fn(&str, &str) -> bool,
        added: &[(String, String)],
    ) -> Result<Vec<u8>, PartError> {
        let mut edits = Edits::default();
        // PDF/A-4 asks for no description of properties.
        let described = matches!(self.pdf_a_part(), Some(1..=3));
        let target = (!added.is_empty()).then(|| self.target()).transpose()?;
        let extension = Extension::find(self);
        let gone_names: BTreeSet<&str> = self
            .properties()
            .filter(|(name, value)| goes(name, value))
            .map(|(name, _)| name)
            .collect();
        let mut kept = BTreeSet::new();
        let mut gone = BTreeSet::new();
        if let Some(Target::Inside { node, .. }) = target {
            kept.insert(node);
        }
        let new_names: Vec<&str> = added.iter().map(|(name, _)| name.as_str()).collect();
        if described && !new_names.is_empty() {
            kept.extend(extension.containers());
        }
        // Also what describes a property that somebody took off before.
        gone.extend(extension.named(|name| {
            (gone_names.contains(name) || goes(name, "")) && !new_names.contains(&name)
        }));
        for property in &self.properties {
            if !goes(&property.name, &property.value) {
                continue;
            }
            match property.attribute {
                None => {
                    gone.insert(property.node);
                }
                Some(attribute) => {
                    let span = self
                        .nodes
                        .get(property.node)
                        .and_then(|node| node.attributes.get(attribute))
                        .map(|attribute| attribute.span.clone());
                    if let Some(span) = span {
                        edits.replace(span, String::new());
                    }
                }
            }
        }
        self.drop_emptied(&extension, &kept, &mut gone);
        for at in &gone {
            let Some(node) = self.nodes.get(*at) else {
                continue;
            };
            if !self
                .ancestors(*at)
                .skip(1)
                .any(|above| gone.contains(&above))
            {
                edits.replace(node.span.clone(), String::new());
            }
        }
        // By element, because one that is empty can be opened only once.
        let mut children: BTreeMap<usize, String> = BTreeMap::new();
        match target {
            None => {}
            Some(Target::Inside { node, prefix }) => {
                children.insert(node, elements(&prefix, added));
            }
            Some(Target::New { rdf, prefix, about }) => {
                children.insert(rdf, description(&prefix, &about, added));
            }
        }
        if described && !new_names.is_empty() {
            let missing: Vec<&str> = new_names
                .iter()
                .copied()
                .filter(|name| extension.named(|known| known == *name).next().is_none())
                .collect();
            if let Some((at, described)) = self.describe(&extension, &missing)? {
                children.entry(at).or_default().push_str(&described);
            }
        }
        for (at, children) in &children {
            self.append(*at, children, &mut edits);
        }
        let mut bytes = self
            .xml
            .edited(edits)
            .ok_or_else(|| PartError::malformed(PLACE, "edits overlap"))?;
        bytes.resize(bytes.len() + self.padding, 0);
        Ok(bytes)
    }

    /// An element and what it is in, from the inside out.
    pub(super) fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(at), |at| self.nodes.get(*at)?.parent)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate()
    }

    pub(super) fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }

    /// An element and everything in it, in order.
    fn descendants(&self, at: usize) -> impl Iterator<Item = &Node> {
        let end = self.nodes.get(at).map_or(0, |node| node.span.end);
        self.nodes
            .iter()
            .skip(at)
            .take_while(move |node| node.span.start < end)
    }

    /// The trimmed text of an element, or of an attribute that stands for it.
    pub(super) fn text_inside(
        &self,
        within: usize,
        namespace: Namespace,
        name: &str,
    ) -> Option<&str> {
        self.descendants(within).find_map(|node| {
            if node.is(namespace, name) {
                return Some(node.text.trim());
            }
            node.attribute(namespace, name).map(str::trim)
        })
    }

    /// Drops what held nothing but what goes: descriptions, and the lists of PDF/A.
    fn drop_emptied(
        &self,
        extension: &Extension,
        kept: &BTreeSet<usize>,
        gone: &mut BTreeSet<usize>,
    ) {
        let mut left = vec![0_usize; self.nodes.len()];
        for parent in self.nodes.iter().filter_map(|node| node.parent) {
            if let Some(count) = left.get_mut(parent) {
                *count += 1;
            }
        }
        let mut queue: Vec<usize> = gone.iter().copied().collect();
        while let Some(at) = queue.pop() {
            let Some(parent) = self.nodes.get(at).and_then(|node| node.parent) else {
                continue;
            };
            let (Some(node), Some(count)) = (self.nodes.get(parent), left.get_mut(parent)) else {
                continue;
            };
            *count = count.saturating_sub(1);
            let is_description = node.is(Namespace::Rdf, "Description") && node.is_bare();
            let is_emptied = *count == 0 && !node.has_more && node.text.trim().is_empty();
            let goes = is_emptied && (is_description || extension.may_go(parent))
                || extension.goes_with(parent, at);
            if goes && !kept.contains(&parent) && gone.insert(parent) {
                queue.push(parent);
            }
        }
    }

    /// Where new properties go: into the description that has such properties, or knows their
    /// namespace, or into a new one.
    fn target(&self) -> Result<Target, PartError> {
        let inside = |at: usize| {
            let prefix = self.prefix_of(at, PDFX_NAMESPACE)?;
            Some(Target::Inside { node: at, prefix })
        };
        let with_some = self
            .properties
            .iter()
            .filter_map(|property| match property.attribute {
                Some(_) => Some(property.node),
                None => self.nodes.get(property.node)?.parent,
            });
        // Elsewhere than right inside the RDF they would describe something else.
        let is_root = |node: &Node| {
            let parent = node.parent.and_then(|at| self.nodes.get(at));
            node.is(Namespace::Rdf, "Description")
                && parent.is_some_and(|parent| parent.is(Namespace::Rdf, "RDF"))
        };
        let with_some = with_some.filter(|at| self.nodes.get(*at).is_some_and(is_root));
        if let Some(target) = with_some.take(DESCRIPTIONS_MAX).find_map(inside) {
            return Ok(target);
        }
        let mut about = None;
        let descriptions = self.nodes().filter(|(_, node)| is_root(node));
        for (at, node) in descriptions.take(DESCRIPTIONS_MAX) {
            if about.is_none() {
                about = node.attribute(Namespace::Rdf, "about");
            }
            if let Some(target) = inside(at) {
                return Ok(target);
            }
        }
        let rdf = self
            .nodes()
            .find(|(_, node)| node.is(Namespace::Rdf, "RDF"))
            .ok_or_else(|| PartError::unsupported(PLACE, "there is no RDF in it"))?;
        Ok(Target::New {
            rdf: rdf.0,
            prefix: rdf.1.prefix.clone(),
            about: about.unwrap_or_default().to_owned(),
        })
    }

    /// The prefix, with its colon, that means a namespace inside an element.
    fn prefix_of(&self, at: usize, namespace: &str) -> Option<String> {
        let mut hidden: Vec<&str> = Vec::new();
        for above in self.ancestors(at) {
            let node = self.nodes.get(above)?;
            for (prefix, uri) in &node.bindings {
                if hidden.contains(&prefix.as_str()) {
                    continue;
                }
                if uri == namespace && !prefix.is_empty() {
                    return Some(prefix.clone());
                }
                hidden.push(prefix);
            }
        }
        None
    }

    /// Adds children to the end of an element.
    fn append(&self, at: usize, children: &str, edits: &mut Edits) {
        let Some(node) = self.nodes.get(at) else {
            return;
        };
        if node.is_empty {
            // `/>` becomes the end of a start tag.
            let tail = node.tag.end.saturating_sub(2)..node.tag.end;
            let close = format!(">{children}</{}{}>", node.prefix, node.name);
            edits.replace(tail, close);
        } else {
            edits.insert(node.content_end, children.to_owned());
        }
    }

    /// What PDF/A-1 to 3 want to know of properties (5.7), and the element that it goes into.
    fn describe(
        &self,
        extension: &Extension,
        names: &[&str],
    ) -> Result<Option<(usize, String)>, PartError> {
        if names.is_empty() {
            return Ok(None);
        }
        if let Some(addition) = extension.addition(self, names) {
            return Ok(Some(addition));
        }
        let rdf = self
            .nodes()
            .find(|(_, node)| node.is(Namespace::Rdf, "RDF"));
        let Some((rdf, node)) = rdf else {
            return Err(PartError::unsupported(PLACE, "there is no RDF in it"));
        };
        let about = self
            .nodes()
            .find_map(|(_, node)| node.attribute(Namespace::Rdf, "about"));
        let block = pdfa::new_block(&node.prefix, about.unwrap_or_default(), names);
        Ok(Some((rdf, block)))
    }
}

/// Where new properties go.
enum Target {
    /// Into this description, with this prefix.
    Inside { node: usize, prefix: String },
    /// Into a new description in this element.
    New {
        rdf: usize,
        prefix: String,
        about: String,
    },
}

fn node(element: &Element<'_>, parent: Option<usize>, span: Range<usize>, text: &str) -> Node {
    let places = attribute_places(text.get(span.clone()).unwrap_or_default());
    let mut bindings = Vec::new();
    let mut spans = Vec::new();
    for place in places {
        match place.name.strip_prefix("xmlns") {
            Some("") => bindings.push((String::new(), place.value.to_owned())),
            Some(prefix) if prefix.starts_with(':') => {
                let prefix = prefix.trim_start_matches(':');
                bindings.push((format!("{prefix}:"), place.value.to_owned()));
            }
            _ => spans.push(span.start + place.span.start..span.start + place.span.end),
        }
    }
    // The reader leaves declarations out, and keeps the order.
    let attributes = element
        .attributes
        .iter()
        .zip(spans)
        .map(|(attribute, span)| Attribute {
            namespace: attribute.namespace,
            name: attribute.name.to_owned(),
            value: attribute.value.clone().into_owned(),
            span,
        })
        .collect();
    Node {
        parent,
        namespace: element.namespace,
        name: element.name.to_owned(),
        prefix: element.prefix.to_owned(),
        attributes,
        bindings,
        tag: span.clone(),
        content_end: span.end,
        span,
        is_empty: element.is_empty,
        has_more: false,
        text: String::new(),
    }
}

fn attribute_properties(at: usize, node: &Node, properties: &mut Vec<Property>) {
    for (place, attribute) in node.attributes.iter().enumerate() {
        if attribute.namespace == Namespace::Pdfx {
            properties.push(Property {
                node: at,
                attribute: Some(place),
                name: attribute.name.clone(),
                value: attribute.value.clone(),
            });
        }
    }
}

/// Properties as elements.
fn elements(prefix: &str, added: &[(String, String)]) -> String {
    added
        .iter()
        .map(|(name, value)| format!("<{prefix}{name}>{}</{prefix}{name}>", escape(value)))
        .collect()
}

/// A description with these properties; `rdf` is the prefix that stands for RDF there, or nothing.
fn description(rdf: &str, about: &str, added: &[(String, String)]) -> String {
    let (rdf, declared) = declared_rdf(rdf);
    format!(
        "<{rdf}Description {rdf}about=\"{}\"{declared} xmlns:pdfx=\"{PDFX_NAMESPACE}\">{}</{rdf}Description>\n",
        escape(about),
        elements("pdfx:", added)
    )
}

/// The prefix of RDF, and its declaration where the usual one may not be in force: attributes need
/// a prefix.
pub(super) fn declared_rdf(prefix: &str) -> (&str, String) {
    if prefix.is_empty() {
        ("rdf:", format!(" xmlns:rdf=\"{RDF_NAMESPACE}\""))
    } else {
        (prefix, String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::super::xmp;
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "11111111-1111-4111-8111-111111111111";

    /// Packets from pieces that nest, break off and mean other things.
    fn packets() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("<rdf:Description rdf:about=''>".to_owned()),
            Just(format!(
                "<rdf:Description xmlns:q='{PDFX_NAMESPACE}' q:MSIP_Label_{ID}_Name='a&#x41;'/>"
            )),
            Just(format!(
                "<rdf:Description pdfx:MSIP_Label_{ID}_Enabled=\"true\" other='1'>"
            )),
            Just("</rdf:Description>".to_owned()),
            Just(format!(
                "<pdfx:MSIP_Label_{ID}_Enabled>tr<!-- c -->ue</pdfx:MSIP_Label_{ID}_Enabled>"
            )),
            Just(format!(
                "<pdfx:MSIP_Label_{ID}_Name>x<b>&amp;y</b>z</pdfx:MSIP_Label_{ID}_Name>"
            )),
            Just(format!("<pdfx:MSIP_Label_{ID}_SiteId/>")),
            Just(format!(
                "<pdfx:MSIP_Label_{ID}_Extra><pdfx:MSIP_Label_{ID}_SetDate>d</pdfx:MSIP_Label_{ID}_SetDate></pdfx:MSIP_Label_{ID}_Extra>"
            )),
            Just(format!(
                "<q:MSIP_Label_{ID}_Method xmlns:q='{PDFX_NAMESPACE}'>Standard</q:MSIP_Label_{ID}_Method>"
            )),
            Just(format!(
                "<q:MSIP_Label_{ID}_Method xmlns:q='urn:other'>Standard</q:MSIP_Label_{ID}_Method>"
            )),
            Just("<a>".to_owned()),
            Just("</a>".to_owned()),
            Just("text".to_owned()),
        ];
        proptest::collection::vec(piece, 0..10).prop_map(|pieces| {
            format!(
                "<rdf:RDF xmlns:rdf='{RDF_NAMESPACE}' xmlns:pdfx='{PDFX_NAMESPACE}'>{}</rdf:RDF>",
                pieces.concat()
            )
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// The tree finds the labels that the reader finds, which is the one that counts.
        #[test]
        fn f_123_the_tree_has_the_labels_that_reading_has(text in packets()) {
            let limits = Limits::default();
            let mut unheard = Diagnostics::new(&limits);
            let read = xmp::labels(text.clone().into_bytes(), &limits, &mut unheard);
            let tree = Packet::parse(text.into_bytes(), &limits);
            match (read, tree) {
                (Ok(read), Ok(tree)) => prop_assert_eq!(tree.records(&limits), read),
                (Err(_), Err(_)) => {}
                (read, tree) => prop_assert!(false, "{:?} {:?}", read, tree),
            }
        }

        /// What goes is gone, what comes is there, and without either nothing changes.
        #[test]
        fn f_132_f_133_edits_do_what_they_say(text in packets()) {
            let limits = Limits::default();
            let Ok(tree) = Packet::parse(text.clone().into_bytes(), &limits) else {
                return Ok(());
            };
            let same = tree.edited(&|_, _| false, &[]).unwrap();
            prop_assert_eq!(&same, text.as_bytes());
            let all = |name: &str, _: &str| crate::keys::parse(name).is_some();
            let bare = tree.edited(&all, &[]).unwrap();
            let bare = Packet::parse(bare, &limits).unwrap();
            prop_assert_eq!(bare.records(&limits), []);
            let added = [(format!("MSIP_Label_{ID}_Enabled"), "<new>".to_owned())];
            let labelled = tree.edited(&all, &added).unwrap();
            let labelled = Packet::parse(labelled, &limits).unwrap();
            let found: Vec<(&str, &str)> = labelled.properties().collect();
            prop_assert_eq!(found, [(added[0].0.as_str(), "<new>")]);
        }
    }

    #[test]
    fn f_009_a_packet_of_nothing_but_elements_is_bounded() {
        let limits = Limits::default();
        let item = format!("<pdfx:MSIP_Label_{ID}_Enabled>true</pdfx:MSIP_Label_{ID}_Enabled>");
        for (count, fits) in [(NODES_MAX - 3, true), (NODES_MAX, false)] {
            let text = format!(
                "<rdf:RDF xmlns:rdf='{RDF_NAMESPACE}' xmlns:pdfx='{PDFX_NAMESPACE}'><rdf:Description>{}</rdf:Description></rdf:RDF>",
                item.repeat(count)
            );
            let tree = Packet::parse(text.into_bytes(), &limits);
            assert_eq!(tree.is_ok(), fits, "{count}");
            if let Ok(tree) = tree {
                let bare = tree.edited(&|_, _| true, &[]).unwrap();
                assert!(!String::from_utf8(bare).unwrap().contains(ID));
            }
        }
    }
}
