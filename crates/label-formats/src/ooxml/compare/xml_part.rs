//! An XML part as the pieces that stand directly below its root, each with its bytes.

use std::ops::Range;

use super::matching::{Matching, match_names};
use crate::error::PartError;
use crate::limits::Limits;
use crate::verify::{DifferenceKind, Differences, shown};
use crate::xml::{Element, Encoding, Item, Namespace, XmlReader, XmlText};

/// A start tag that outlives its part's text.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) namespace: Namespace,
    pub(super) name: String,
    /// Local name and value of each attribute, with whether it has no namespace.
    attributes: Vec<(String, String, bool)>,
    is_empty: bool,
}

impl Tag {
    fn new(element: &Element<'_>) -> Self {
        let attributes = element.attributes.iter();
        Self {
            namespace: element.namespace,
            name: element.name.to_owned(),
            attributes: attributes
                .map(|one| {
                    let is_plain = one.namespace == Namespace::None;
                    (one.name.to_owned(), one.value.to_string(), is_plain)
                })
                .collect(),
            is_empty: element.is_empty,
        }
    }

    /// The value of an attribute without namespace.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _, is_plain)| *is_plain && known == name)
            .map(|(_, value, _)| value.as_str())
    }

    /// The local names of all attributes.
    pub(super) fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _, _)| name.as_str())
    }

    pub(super) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }
}

/// One child of the root.
#[derive(Debug)]
pub(super) struct Piece {
    /// The element; `None` for a comment or processing instruction.
    pub(super) element: Option<Tag>,
    span: Range<usize>,
    /// Where the text before it starts: behind the piece before.
    text_at: usize,
    /// Whether it belongs to what may change.
    pub(super) may_change: bool,
    /// What it is for a person, and the same on both sides.
    pub(super) name: String,
    /// What a difference of it is called.
    pub(super) kinds: Kinds,
}

/// What the differences of a piece are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) added: DifferenceKind,
    pub(super) removed: DifferenceKind,
    pub(super) moved: DifferenceKind,
    pub(super) changed: DifferenceKind,
}

impl Kinds {
    /// One name for all.
    pub(super) const fn all(kind: DifferenceKind) -> Self {
        Self {
            added: kind,
            removed: kind,
            moved: kind,
            changed: kind,
        }
    }
}

/// A part taken apart.
#[derive(Debug)]
pub(super) struct XmlPart {
    xml: XmlText,
    root: Tag,
    root_span: Range<usize>,
    pub(super) pieces: Vec<Piece>,
    /// Where the end tag starts and ends; the end of the root where it has none.
    end: Range<usize>,
}

impl XmlPart {
    /// Takes a part apart.
    pub(super) fn parse(place: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Self, PartError> {
        let xml = XmlText::decode(place, bytes)?;
        let mut reader = XmlReader::new(place, &xml.text, limits);
        let mut root = None;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut end = 0..0;
        let mut text_at = 0;
        let mut piece = |element: Option<Tag>, span: Range<usize>, text_at: &mut usize| {
            let stop = span.end;
            pieces.push(Piece {
                element,
                span,
                text_at: *text_at,
                may_change: false,
                name: String::new(),
                kinds: Kinds::all(DifferenceKind::Markup),
            });
            *text_at = stop;
        };
        while let Some(item) = reader.next()? {
            let span = reader.span();
            match item {
                Item::Start(element) if root.is_none() => {
                    text_at = span.end;
                    end = span.end..span.end;
                    root = Some((Tag::new(&element), span));
                }
                Item::Start(element) => {
                    reader.skip(&element)?;
                    let span = span.start..reader.span().end;
                    piece(Some(Tag::new(&element)), span, &mut text_at);
                }
                Item::Other if reader.depth() > 0 => piece(None, span, &mut text_at),
                // Children are skipped as a whole, so that this is the root's.
                Item::End => end = span,
                Item::Text(_) | Item::Other => {}
            }
        }
        let (root, root_span) =
            root.ok_or_else(|| PartError::malformed(place, "no root element"))?;
        Ok(Self {
            xml,
            root,
            root_span,
            pieces,
            end,
        })
    }

    /// The bytes of a piece.
    pub(super) fn raw(&self, piece: &Piece) -> &str {
        self.text(piece.span.clone())
    }

    fn text(&self, range: Range<usize>) -> &str {
        self.xml.text.get(range).unwrap_or_default()
    }

    fn kept(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|piece| !piece.may_change)
    }

    /// The texts before each piece that must stay and behind the last, without those that may go.
    fn texts(&self) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut behind = self.root_span.end;
        for piece in &self.pieces {
            if let Some(last) = texts.last_mut() {
                last.push_str(self.text(piece.text_at..piece.span.start));
            }
            if !piece.may_change {
                texts.push(String::new());
            }
            behind = piece.span.end;
        }
        if let Some(last) = texts.last_mut() {
            last.push_str(self.text(behind..self.end.start));
        }
        texts
    }

    fn prologue(&self) -> &str {
        self.text(0..self.root_span.start)
    }

    fn epilogue(&self) -> &str {
        self.text(self.end.end..self.xml.text.len())
    }

    /// The start tag without its end: `<a/>` becomes `<a></a>` with its first child.
    fn start_tag(&self) -> &str {
        let tag = self.text(self.root_span.clone());
        tag.trim_end_matches('>').trim_end_matches('/').trim_end()
    }

    /// Whether there is nothing but what may change, white space, and a root without attributes:
    /// such a part may come, go, and take the canonical form as a whole.
    pub(super) fn is_all_ours(&self) -> bool {
        let blank = |text: &str| text.chars().all(char::is_whitespace);
        let declaration = self.prologue().trim_start();
        let after_declaration = declaration
            .strip_prefix("<?xml ")
            .and_then(|rest| rest.split_once("?>"))
            .map_or(declaration, |(_, rest)| rest);
        self.kept().next().is_none()
            && self.texts().iter().all(|text| blank(text))
            && self.root.attributes.is_empty()
            && blank(after_declaration)
            && blank(self.epilogue())
    }
}

/// Reports every difference of what must stay.
pub(super) fn compare(
    place: &str,
    before: &XmlPart,
    after: &XmlPart,
    differences: &mut Differences,
) {
    let matching = compare_pieces(place, before, after, differences);
    let mut markup = |detail: &str| differences.add(DifferenceKind::Markup, place, detail);
    let in_step =
        matching.added.is_empty() && matching.removed.is_empty() && matching.moved.is_empty();
    if in_step && before.texts() != after.texts() {
        markup("the text or white space between the elements changed");
    }
    if before.prologue() != after.prologue() {
        markup("what stands before the root element changed");
    }
    if before.start_tag() != after.start_tag() {
        if before.root.attributes == after.root.attributes {
            markup("the root element changed");
        } else {
            let detail = "an attribute of the root element changed";
            differences.add(DifferenceKind::UnknownAttribute, place, detail);
        }
    }
    let mut markup = |detail: &str| differences.add(DifferenceKind::Markup, place, detail);
    if !before.root.is_empty
        && !after.root.is_empty
        && before.text(before.end.clone()) != after.text(after.end.clone())
    {
        markup("the end of the root element changed");
    }
    if before.epilogue() != after.epilogue() {
        markup("what stands behind the root element changed");
    }
    if before.xml.encoding != after.xml.encoding {
        markup(match after.xml.encoding {
            Encoding::Utf8 { .. } => "the encoding changed, to UTF-8",
            Encoding::Utf16Le { .. } | Encoding::Utf16Be { .. } => {
                "the encoding changed, to UTF-16"
            }
        });
    }
}

fn compare_pieces(
    place: &str,
    before: &XmlPart,
    after: &XmlPart,
    differences: &mut Differences,
) -> Matching {
    let old: Vec<&Piece> = before.kept().collect();
    let new: Vec<&Piece> = after.kept().collect();
    let matching = match_names(
        old.iter().map(|piece| piece.name.as_bytes()),
        new.iter().map(|piece| piece.name.as_bytes()),
    );
    let mut add = |kind, piece: &Piece, what: &str| {
        differences.add(kind, place, format!("{} {what}", shown(&piece.name)));
    };
    for piece in matching.removed.iter().filter_map(|at| old.get(*at)) {
        add(piece.kinds.removed, piece, "is gone");
    }
    for piece in matching.added.iter().filter_map(|at| new.get(*at)) {
        add(piece.kinds.added, piece, "is new");
    }
    for (from, to) in &matching.pairs {
        let (Some(one), Some(other)) = (old.get(*from), new.get(*to)) else {
            continue;
        };
        if before.raw(one) != after.raw(other) {
            add(one.kinds.changed, one, "changed");
        }
    }
    for piece in matching.moved.iter().filter_map(|(at, _)| old.get(*at)) {
        add(piece.kinds.moved, piece, "stands at another place");
    }
    matching
}
