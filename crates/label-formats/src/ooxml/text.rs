//! The text of a package, part by part.

use super::directory::Directory;
use super::inflate::Inflater;
use crate::FileKind;
use crate::error::PartError;
use crate::limits::Limits;
use crate::source::ByteSource;
use crate::text::{ExtractedText, TEXT_CHARS_MAX};
use crate::window::Windowed;
use crate::xml::{Element, Item, XmlReader, XmlText};

/// Largest part that is inflated for its text, in bytes.
const PART_BYTES_MAX: u64 = 64 * 1_048_576;

/// Most XML items of a text part: large sheets have many cells.
const ITEMS_MAX: usize = 20_000_000;

/// Longest single text, in bytes.
const TEXT_BYTES_MAX: usize = 8 * 1_048_576;

/// What a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Paragraphs of runs: Word and PowerPoint.
    Paragraphs,
    /// The strings that cells refer to.
    SharedStrings,
    /// Cells with numbers and strings of their own.
    Sheet,
    /// Document properties.
    Properties,
}

fn role(name: &str) -> Option<Role> {
    let name = name.to_ascii_lowercase();
    if !name.ends_with(".xml") {
        return None;
    }
    let in_folder = |folder: &str| name.strip_prefix(folder).filter(|rest| !rest.contains('/'));
    if let Some(rest) = in_folder("word/") {
        let texts = [
            "document",
            "header",
            "footer",
            "footnotes",
            "endnotes",
            "comments",
        ];
        return texts
            .iter()
            .any(|stem| rest.starts_with(stem))
            .then_some(Role::Paragraphs);
    }
    if name == "xl/sharedstrings.xml" {
        return Some(Role::SharedStrings);
    }
    if in_folder("xl/worksheets/").is_some() {
        return Some(Role::Sheet);
    }
    if in_folder("ppt/slides/").is_some() || in_folder("ppt/notesslides/").is_some() {
        return Some(Role::Paragraphs);
    }
    matches!(
        name.as_str(),
        "docprops/core.xml" | "docprops/app.xml" | "docprops/custom.xml"
    )
    .then_some(Role::Properties)
}

/// Collects text up to the bound.
struct Collector {
    text: String,
    chars: usize,
    partial: bool,
}

impl Collector {
    fn new() -> Self {
        Self {
            text: String::new(),
            chars: 0,
            partial: false,
        }
    }

    fn push(&mut self, text: &str) {
        for character in text.chars() {
            if self.chars >= TEXT_CHARS_MAX {
                self.partial = true;
                return;
            }
            self.text.push(character);
            self.chars += 1;
        }
    }

    fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.push("\n");
        }
    }
}

pub(crate) fn extract(
    source: &dyn ByteSource,
    kind: FileKind,
    limits: &Limits,
) -> Result<ExtractedText, PartError> {
    let source = &mut Windowed::new(source)?.with_tail()?;
    let directory = Directory::read(source, limits)?;
    let limits = Limits {
        xml_items_max: ITEMS_MAX,
        ..limits.clone()
    };
    let mut inflater = Inflater::default();
    let mut content = Collector::new();
    let mut metadata = Collector::new();
    for (at, entry) in directory.entries().iter().enumerate() {
        let name = String::from_utf8_lossy(directory.name(entry)).into_owned();
        let Some(role) = role(&name) else { continue };
        let into = match role {
            Role::Properties => &mut metadata,
            _ => &mut content,
        };
        if into.partial {
            continue;
        }
        let bytes = directory.content(source, &mut inflater, at, PART_BYTES_MAX)?;
        let xml = XmlText::decode(&name, bytes)?;
        let mut reader = XmlReader::new(&name, &xml.text, &limits);
        read_part(&mut reader, role, into)?;
        into.end_line();
    }
    Ok(ExtractedText {
        kind,
        partial: content.partial || metadata.partial,
        content: content.text,
        metadata: metadata.text,
    })
}

fn read_part(
    reader: &mut XmlReader<'_>,
    role: Role,
    into: &mut Collector,
) -> Result<(), PartError> {
    let mut lines: Vec<usize> = Vec::new();
    while !into.partial {
        let Some(item) = reader.next()? else { break };
        match item {
            Item::Start(element) => {
                if is_skipped(role, &element) {
                    reader.skip(&element)?;
                } else if is_text(role, &element) {
                    let text = reader.text_of(&element, TEXT_BYTES_MAX)?;
                    into.push(&text);
                    if role == Role::Sheet {
                        into.end_line();
                    }
                } else if role == Role::Paragraphs && matches!(element.name, "tab" | "br" | "cr") {
                    into.push(if element.name == "tab" { "\t" } else { "\n" });
                } else if is_line(role, &element) && !element.is_empty {
                    lines.push(reader.depth());
                }
            }
            Item::End => {
                if lines.last().is_some_and(|depth| reader.depth() < *depth) {
                    lines.pop();
                    into.end_line();
                }
            }
            Item::Text(text) if role == Role::Properties && !text.trim().is_empty() => {
                into.push(text.trim());
                into.end_line();
            }
            Item::Text(_) | Item::Other => {}
        }
    }
    Ok(())
}

/// Elements whose text is text: `t` everywhere, in sheets also a cell's own value.
fn is_text(role: Role, element: &Element) -> bool {
    match role {
        Role::Paragraphs | Role::SharedStrings => element.name == "t",
        Role::Sheet => matches!(element.name, "t" | "v"),
        Role::Properties => false,
    }
}

/// Phonetic guides repeat the text; a shared cell's value is the number of a string that is read
/// elsewhere; formulas are not text.
fn is_skipped(role: Role, element: &Element) -> bool {
    match role {
        Role::SharedStrings => element.name == "rPh",
        Role::Sheet => {
            element.name == "f" || (element.name == "c" && element.attribute("t") == Some("s"))
        }
        Role::Paragraphs | Role::Properties => false,
    }
}

fn is_line(role: Role, element: &Element) -> bool {
    match role {
        Role::Paragraphs => element.name == "p",
        Role::SharedStrings => element.name == "si",
        Role::Sheet | Role::Properties => false,
    }
}
