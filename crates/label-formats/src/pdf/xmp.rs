//! The XMP packet: label properties in Adobe's catch-all namespace.

use label_core::{FileLabel, LabelStorage};

use crate::error::PartError;
use crate::keys::LabelProperties;
use crate::limits::Limits;
use crate::reading::Diagnostics;
use crate::xml::{Item, Namespace, XmlReader, XmlText};

const PLACE: &str = "XMP";

/// Longest value that is read, in bytes.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The label records of a packet: as elements or attributes of any description, under any prefix,
/// in UTF-8 or UTF-16 (F-123).
pub(super) fn labels(
    packet: Vec<u8>,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<FileLabel>, PartError> {
    let packet = without_padding(packet);
    let xml = XmlText::decode(PLACE, packet)?;
    let mut reader = XmlReader::new(PLACE, &xml.text, limits);
    let mut labels = LabelProperties::new(LabelStorage::Xmp, limits);
    let mut description_depth = None;
    while let Some(item) = reader.next()? {
        let Item::Start(element) = item else {
            if description_depth.is_some_and(|depth| reader.depth() < depth) {
                description_depth = None;
            }
            continue;
        };
        if element.is(Namespace::Rdf, "Description") && description_depth.is_none() {
            for attribute in &element.attributes {
                if attribute.namespace == Namespace::Pdfx {
                    labels.add(attribute.name, &attribute.value, PLACE, diagnostics);
                }
            }
            if !element.is_empty {
                description_depth = Some(reader.depth());
            }
        } else if element.namespace == Namespace::Pdfx
            && description_depth
                .is_some_and(|depth| reader.depth() + usize::from(element.is_empty) == depth + 1)
        {
            let value = reader.text_of(&element, VALUE_BYTES_MAX)?;
            labels.add(element.name, &value, PLACE, diagnostics);
        }
    }
    Ok(labels.into_records(PLACE, diagnostics))
}

/// A packet without the zeros behind it, which some writers pad with.
pub(super) fn without_padding(packet: Vec<u8>) -> Vec<u8> {
    let is_utf16 = matches!(
        packet.as_slice(),
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [b'<', 0, ..] | [0, b'<', ..]
    );
    let mut packet = packet;
    if is_utf16 && !packet.len().is_multiple_of(2) && packet.last() == Some(&0) {
        packet.pop();
    }
    // Half of an ASCII character in UTF-16 is zero too.
    let zeros: &[u8] = if is_utf16 { &[0, 0] } else { &[0] };
    while packet.ends_with(zeros) {
        packet.truncate(packet.len() - zeros.len());
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-1111-4111-8111-111111111111";
    const TENANT: &str = "aaaaaaaa-0000-4000-8000-00000000000a";

    fn packet(body: &str) -> String {
        format!(
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">{body}</rdf:RDF></x:xmpmeta>\n   \n<?xpacket end=\"w\"?>"
        )
    }

    fn read(bytes: Vec<u8>) -> Vec<FileLabel> {
        let limits = Limits::default();
        labels(bytes, &limits, &mut Diagnostics::new(&limits)).unwrap()
    }

    fn element(prefix: &str, attribute: &str, value: &str) -> String {
        format!(
            "<{prefix}:MSIP_Label_{ID}_{attribute}>{value}</{prefix}:MSIP_Label_{ID}_{attribute}>"
        )
    }

    /// V-20: three spellings of one label, and the same names in another namespace.
    #[test]
    fn f_123_every_spelling() {
        let pdfx = "http://ns.adobe.com/pdfx/1.3/";
        let elements = format!(
            "<rdf:Description rdf:about=\"\" xmlns:pdfx=\"{pdfx}\">{}{}{}</rdf:Description>",
            element("pdfx", "Enabled", "true"),
            element("pdfx", "SiteId", TENANT),
            element("pdfx", "Name", "Öffentlich")
        );
        let attributes = format!(
            "<rdf:Description rdf:about=\"\" xmlns:q=\"{pdfx}\" q:MSIP_Label_{ID}_Enabled=\"true\" q:MSIP_Label_{ID}_SiteId=\"{TENANT}\" q:MSIP_Label_{ID}_Name=\"&#xD6;ffentlich\"/>"
        );
        let split = format!(
            "<rdf:Description rdf:about=\"\" xmlns:pdfx=\"{pdfx}\">{}</rdf:Description><rdf:Description rdf:about=\"\">{}{}</rdf:Description>",
            element("pdfx", "Enabled", "true"),
            element("pdfx", "SiteId", TENANT)
                .replacen(" ", "", 0)
                .replacen(
                    &format!("<pdfx:MSIP_Label_{ID}_SiteId>"),
                    &format!("<pdfx:MSIP_Label_{ID}_SiteId xmlns:pdfx=\"{pdfx}\">"),
                    1
                ),
            element("p", "Name", "Öffentlich").replacen(
                &format!("<p:MSIP_Label_{ID}_Name>"),
                &format!("<p:MSIP_Label_{ID}_Name xmlns:p=\"{pdfx}\">"),
                1
            ),
        );
        let wide = |mark: &[u8], to_bytes: fn(u16) -> [u8; 2], padding: usize| -> Vec<u8> {
            let text = packet(&split).replace('\u{feff}', "");
            let units = text.encode_utf16().flat_map(to_bytes);
            let zeros = std::iter::repeat_n(0, padding);
            mark.iter().copied().chain(units).chain(zeros).collect()
        };
        for bytes in [
            packet(&elements).into_bytes(),
            packet(&attributes).into_bytes(),
            packet(&split).into_bytes(),
            wide(&[0xfe, 0xff], u16::to_be_bytes, 0),
            wide(&[0xff, 0xfe], u16::to_le_bytes, 0),
            wide(&[], u16::to_be_bytes, 0),
            wide(&[], u16::to_le_bytes, 0),
            wide(&[0xfe, 0xff], u16::to_be_bytes, 8),
            wide(&[], u16::to_le_bytes, 7),
            wide(&[], u16::to_be_bytes, 1),
            [packet(&elements).as_bytes(), &[0; 9]].concat(),
        ] {
            let found = read(bytes);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].id_text, ID);
            assert_eq!(found[0].enabled, Some(true));
            assert_eq!(found[0].tenant_text.as_deref(), Some(TENANT));
            assert_eq!(found[0].name.as_deref(), Some("Öffentlich"));
        }
        let other = elements.replace(pdfx, "urn:other");
        assert!(read(packet(&other).into_bytes()).is_empty());
    }

    #[test]
    fn f_124_a_broken_packet_is_an_error_not_a_label() {
        let limits = Limits::default();
        for text in ["<x", "<!DOCTYPE x><x/>", "no xml", "<a>&undefined;</a>"] {
            let result = labels(text.into(), &limits, &mut Diagnostics::new(&limits));
            assert!(result.is_err(), "{text}");
        }
    }
}
