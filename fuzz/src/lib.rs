//! What the fuzz targets share: the text form of their inputs, built packages and compound files,
//! and the properties that must hold.
//!
//! A property that doesn't hold is a panic, because that is what the fuzzer looks for.

pub mod compound;
pub mod contoso;
pub mod governance_world;
pub mod newest;
pub mod package;
pub mod pdf;
pub mod pieces;
pub mod policies;
pub mod properties;
pub mod second_opinion;
pub mod snapshots;
pub mod well_formed;

/// The line that starts a section, after a line feed.
pub const SEPARATOR: &[u8] = b"\n==== ";

/// A named piece of an input.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    pub name: &'a str,
    pub content: &'a [u8],
}

/// Cuts an input into sections: `\n==== name\n` and content up to the next one. What stands
/// before the first is dropped, and so are sections whose name is not text.
pub fn sections(input: &[u8]) -> Vec<Section<'_>> {
    let mut starts: Vec<usize> = input
        .windows(SEPARATOR.len())
        .enumerate()
        .filter(|(_, window)| *window == SEPARATOR)
        .map(|(at, _)| at)
        .collect();
    starts.truncate(64);
    let mut sections = Vec::new();
    for (number, start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(input.len());
        let body = &input[start + SEPARATOR.len()..end];
        let line = body
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(body.len());
        let Ok(name) = std::str::from_utf8(&body[..line]) else {
            continue;
        };
        let content = body.get(line + 1..).unwrap_or_default();
        sections.push(Section { name, content });
    }
    sections
}

/// Puts sections behind a first line.
pub fn join(first: &[u8], sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut input = first.to_vec();
    for (name, content) in sections {
        input.extend(SEPARATOR);
        input.extend(name.as_bytes());
        input.push(b'\n');
        input.extend(*content);
    }
    input
}
