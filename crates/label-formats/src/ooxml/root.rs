//! The root element of a part: its prefix, and where new children go.

use std::ops::Range;

use crate::xml::{Edits, Element};

/// The root of a part that is edited.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// The prefix that children of the root's namespace take, with its colon, or nothing.
    pub(super) prefix: String,
    end: End,
}

#[derive(Clone, Debug)]
enum End {
    /// `<Types/>`: the whole tag and the name in it.
    Empty { span: Range<usize>, name: String },
    /// Where the end tag starts.
    Open { at: usize },
}

impl Root {
    /// From the start tag.
    pub(super) fn new(element: &Element, span: Range<usize>) -> Self {
        let end = if element.is_empty {
            End::Empty {
                span,
                name: format!("{}{}", element.prefix, element.name),
            }
        } else {
            End::Open { at: 0 }
        };
        Self {
            prefix: element.prefix.to_owned(),
            end,
        }
    }

    /// Takes note of an end tag: the last one is the root's.
    pub(super) fn note_end(&mut self, tag: &Range<usize>) {
        if let End::Open { at } = &mut self.end {
            *at = tag.start;
        }
    }

    /// Adds children before the end.
    pub(super) fn append(&self, edits: &mut Edits, text: &str, children: &str) {
        match &self.end {
            End::Open { at } => edits.insert(*at, children.to_owned()),
            End::Empty { span, name } => {
                let whole = text.get(span.clone()).unwrap_or_default();
                let open = whole.trim_end_matches('>').trim_end_matches('/').trim_end();
                edits.replace(span.clone(), format!("{open}>{children}</{name}>"));
            }
        }
    }
}
