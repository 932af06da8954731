//! The reader beside a general XML library: whatever ours takes, the library reads the same way.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::*;
use crate::limits::Limits;

/// An item with its place, or why there is none.
type Seen = Result<Vec<(String, std::ops::Range<usize>)>, String>;

fn ours(text: &str) -> Seen {
    let limits = Limits::default();
    let mut reader = XmlReader::new("part", text, &limits);
    let mut seen = Vec::new();
    while let Some(item) = reader.next().map_err(|error| error.to_string())? {
        let shown = match item {
            Item::Start(element) => {
                let attributes: Vec<_> = element
                    .attributes
                    .iter()
                    .map(|one| (one.namespace, one.name, &*one.value))
                    .collect();
                format!(
                    "{:?} {}{} {attributes:?} {}",
                    element.namespace, element.prefix, element.name, element.is_empty
                )
            }
            Item::End => "end".to_owned(),
            Item::Text(text) => format!("text {text:?}"),
            Item::Other => "other".to_owned(),
        };
        seen.push((shown, reader.span()));
    }
    Ok(seen)
}

fn namespace(resolved: ResolveResult<'_>) -> Namespace {
    match resolved {
        ResolveResult::Bound(name) => Namespace::of(name.0),
        ResolveResult::Unbound => Namespace::None,
        ResolveResult::Unknown(_) => Namespace::Other,
    }
}

fn theirs(text: &str) -> Seen {
    let mut reader = NsReader::from_str(text);
    let mut seen = Vec::new();
    loop {
        let start = usize::try_from(reader.buffer_position()).unwrap();
        let (resolved, event) = reader
            .read_resolved_event()
            .map_err(|error| error.to_string())?;
        let namespace = namespace(resolved);
        let shown = match event {
            Event::Start(tag) => element(&reader, &tag, namespace, false)?,
            Event::Empty(tag) => element(&reader, &tag, namespace, true)?,
            Event::End(_) => "end".to_owned(),
            Event::Text(text) => format!("text {:?}", text.xml10_content()),
            Event::CData(text) => format!("text {:?}", text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|e| e.to_string())?;
                let text = match character {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::unescape(&format!("&{};", &*reference))
                        .map_err(|error| error.to_string())?
                        .into_owned(),
                };
                format!("text {text:?}")
            }
            Event::DocType(_) => return Err("a document type".to_owned()),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => "other".to_owned(),
            Event::Eof => return Ok(seen),
        };
        let end = usize::try_from(reader.buffer_position()).unwrap();
        seen.push((shown, start..end));
    }
}

fn element(
    reader: &NsReader<&[u8]>,
    tag: &BytesStart<'_>,
    of: Namespace,
    is_empty: bool,
) -> Result<String, String> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (resolved, local) = reader.resolver().resolve_attribute(attribute.key);
        let value = attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(|error| error.to_string())?;
        attributes.push((
            namespace(resolved),
            local.as_ref().to_owned(),
            value.into_owned(),
        ));
    }
    let name = tag.name();
    Ok(format!(
        "{of:?} {} {attributes:?} {is_empty}",
        name.as_ref()
    ))
}

/// Ours may refuse more, never read something else.
fn compare(text: &str) -> bool {
    match ours(text) {
        Err(_) => false,
        Ok(items) => {
            assert_eq!(Ok(items), theirs(text), "{text}");
            true
        }
    }
}

#[test]
fn both_read_what_parts_consist_of() {
    for text in [
        "<?xml version=\"1.0\"?>\r\n<a/>\n<!-- - -->",
        "<a xmlns='http://schemas.openxmlformats.org/package/2006/content-types' b = \"x\"  c='&lt;&#x41;&#66;\t\r\n\r'/>",
        "<r:a r:b='1' b='2' xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><b xmlns='x'><c/></b ><r:c/></r:a>",
        "<a>x&amp;y\r\nz<![CDATA[<&]\r]]><!---->]]&gt;<?p i?></a>",
        "<a xml:lang='x' xmlns:p='' p:b=''/>",
        "<ä ö='ü'>\u{1f600}</ä>",
    ] {
        assert!(compare(text), "{text}: {:?}", ours(text));
    }
}

#[test]
fn f_042_ours_refuses_what_is_not_well_formed() {
    for text in [
        "<a b='<'/>",
        "<a b='1'c='2'/>",
        "<a>&#0;</a>",
        "<a>&#1;</a>",
        "<a>&#+65;</a>",
        "<a>&;</a>",
        "<a>&#x;</a>",
        "<a>& </a>",
        "<![CDATA[x]]><a/>",
        "&amp;<a/>",
        "<a b/>",
        "<a b=c/>",
        "<a/ >",
        "<a",
        "<a b='",
        "<a><!--</a>",
        "<a><![CDATA[</a>",
        "<a><?</a>",
        "<?>",
        "< a/>",
        "<:a/>",
        "<a:/>",
        "</a>",
        "<a></a b>",
        "<a xmlns:xmlns='x'/>",
        "<a xmlns:xml='x'/>",
        "<a xmlns:b='1' xmlns:b='2'/>",
        "<a xmlns:b='http://www.w3.org/2000/xmlns/'/>",
    ] {
        assert!(ours(text).is_err(), "{text}");
    }
}

/// Pieces that make documents in which much is right.
fn pieces() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let piece = prop_oneof![
        4 => Just("<a>".to_owned()),
        4 => Just("</a>".to_owned()),
        2 => Just("<p:a p:b='1' b=\"2\">".to_owned()),
        2 => Just("</p:a>".to_owned()),
        2 => Just("<b xmlns='http://ns.adobe.com/pdfx/1.3/' xmlns:p='urn:x' q='&#x20;&quot;'/>".to_owned()),
        1 => Just("<a xmlns:p='http://schemas.microsoft.com/office/2020/mipLabelMetadata'>".to_owned()),
        1 => Just("<!-- x -->".to_owned()),
        1 => Just("<?p q?>".to_owned()),
        1 => Just("<![CDATA[&<\r\n]]>".to_owned()),
        2 => Just("&amp;".to_owned()),
        1 => Just("&#13;".to_owned()),
        2 => "[ \ta-cä\r\n]{0,4}",
        1 => "[<>/a-c!?&;:#x\"'= \\[\\]-]{0,6}",
    ];
    proptest::collection::vec(piece, 0..12)
        .prop_map(|pieces| format!("<a xmlns:p='urn:p'>{}</a>", pieces.concat()))
}

#[test]
fn both_read_the_same_documents() {
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config {
        cases: 4_000,
        ..Default::default()
    });
    let taken = std::cell::Cell::new(0);
    runner
        .run(&pieces(), |text| {
            taken.set(taken.get() + u32::from(compare(&text)));
            Ok(())
        })
        .unwrap();
    // Otherwise nothing was compared.
    assert!(taken.get() > 200, "{}", taken.get());
}

/// Every XML part of the corpus's packages, up to a size.
#[test]
fn both_read_the_parts_of_real_packages() {
    use std::io::Read;
    let Some(corpus) = std::env::var_os("LABEL_CORPUS") else {
        println!("LABEL_CORPUS is not set: skipped");
        return;
    };
    let mut parts = 0;
    let mut refused = Vec::new();
    for folder in ["ooxml-labelled", "ooxml-plain"] {
        for entry in std::fs::read_dir(std::path::Path::new(&corpus).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let file = std::fs::File::open(&path).unwrap();
            let Ok(mut archive) = zip::ZipArchive::new(std::io::BufReader::new(file)) else {
                continue;
            };
            for at in 0..archive.len() {
                let Ok(mut part) = archive.by_index(at) else {
                    continue;
                };
                let name = part.name().unwrap_or_default().into_owned();
                let is_xml = name.ends_with(".xml") || name.ends_with(".rels");
                if !is_xml || part.size() > 100_000 {
                    continue;
                }
                let mut bytes = Vec::new();
                part.read_to_end(&mut bytes).unwrap();
                let Ok(decoded) = XmlText::decode(&name, bytes) else {
                    continue;
                };
                parts += 1;
                if !compare(&decoded.text) && theirs(&decoded.text).is_ok() {
                    let why = ours(&decoded.text).unwrap_err();
                    refused.push(format!("{}: {why}", path.display()));
                }
            }
        }
    }
    println!("{parts} parts");
    assert!(parts > 1_000, "{parts}");
    assert!(refused.is_empty(), "{refused:#?}");
}
