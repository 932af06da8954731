//! Files of records and of filters: one JSON value a line, or one value over many lines. What can't be
//! read is told, and the rest is read all the same.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, Read};

use policy_engine::{BuildErrors, FileJson};
use serde_json::{Value, json};

/// Longest line, and longest value over several lines, in bytes. A listing of many files may stand on
/// one line.
pub const LINE_BYTES_MAX: usize = policy_engine::DOCUMENT_BYTES_MAX;

/// Why a line or a value can't be read.
#[derive(Clone, Debug)]
pub enum Unreadable {
    /// All that is wrong with it, each with its place.
    Content(BuildErrors),
    /// It is no text, too long, or not what should stand there.
    Line(String),
}

impl Unreadable {
    /// The first thing that is wrong, as JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Content(errors) => {
                let error = errors.as_slice().first();
                json!({
                    "pointer": error.map(|one| one.pointer.as_str()),
                    "cause": error.map(|one| one.cause.to_string()),
                    "suggestion": error.and_then(|one| one.suggestion.as_deref()),
                })
            }
            Self::Line(cause) => json!({"pointer": "", "cause": cause, "suggestion": null}),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(errors) => errors.fmt(f),
            Self::Line(cause) => f.write_str(cause),
        }
    }
}

impl From<BuildErrors> for Unreadable {
    fn from(errors: BuildErrors) -> Self {
        Self::Content(errors)
    }
}

/// A line, or why it can't be read, with its number from 1.
pub type Line = (usize, Result<String, Unreadable>);

/// The lines of a file; never more than one in memory.
pub struct Lines<R> {
    reader: R,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    /// From the start.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let mut start = self.reader.by_ref().take(limit);
        if start.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let text = if bytes.len() > LINE_BYTES_MAX && !bytes.ends_with(b"\n") {
            drop(bytes);
            self.skip_line()?;
            Err(too_long("the line"))
        } else {
            String::from_utf8(bytes).map_err(|_| Unreadable::Line("not UTF-8".to_owned()))
        };
        Ok(Some((self.number, text)))
    }

    /// Goes to the next line without keeping this one.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.reader.fill_buf()?;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let count = end.map_or(bytes.len(), |end| end + 1);
            let is_last = end.is_some() || bytes.is_empty();
            self.reader.consume(count);
            if is_last {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn too_long(what: &str) -> Unreadable {
    Unreadable::Line(format!("{what} has more than {LINE_BYTES_MAX} bytes"))
}

/// A file, or why it can't be read, with the number of its first line.
pub type FoundFile = (usize, Result<FileJson, Unreadable>);

/// The files of a file of records: one a line, or listings of many, each on one line or over several.
///
/// A value that is never closed is told with its first line, and the lines behind that one are read
/// one by one.
pub struct Files<R> {
    lines: Lines<R>,
    ready: VecDeque<FoundFile>,
    open: Option<Open>,
}

/// A value that goes on.
#[derive(Default)]
struct Open {
    /// The number of its first line.
    number: usize,
    /// Its lines so far, each with its end.
    text: String,
    depth: i64,
}

impl<R: BufRead> Files<R> {
    /// From the start.
    pub fn new(reader: R) -> Self {
        Self {
            lines: Lines::new(reader),
            ready: VecDeque::new(),
            open: None,
        }
    }

    fn add(&mut self, (number, text): Line) {
        let mut open = self.open.take().unwrap_or_default();
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                self.give_up(open, None);
                self.ready.push_back((number, Err(error)));
                return;
            }
        };
        if open.text.len() + text.len() > LINE_BYTES_MAX {
            self.give_up(open, Some(too_long("the value")));
            open = Open::default();
        }
        if open.text.is_empty() {
            if text.trim().is_empty() {
                return;
            }
            open.number = number;
        }
        let depth = depth_of(&text).map(|depth| open.depth + depth);
        open.text.push_str(&text);
        match depth {
            Some(depth) if depth > 0 => {
                open.depth = depth;
                self.open = Some(open);
            }
            _ => self.close(open),
        }
    }

    /// Reads a value whose last line is there.
    fn close(&mut self, open: Open) {
        match FileJson::values(&open.text) {
            Ok(values) => self.push(open.number, values),
            Err(errors) => self.give_up(open, Some(errors.into())),
        }
    }

    /// Tells that a value can't be read, and reads what stands on its other lines alone.
    fn give_up(&mut self, open: Open, error: Option<Unreadable>) {
        if open.text.is_empty() {
            return;
        }
        let error = error.or_else(|| FileJson::values(&open.text).err().map(Unreadable::from));
        let error = error.unwrap_or_else(|| Unreadable::Line("never closed".to_owned()));
        self.ready.push_back((open.number, Err(error)));
        for (at, text) in open.text.lines().enumerate().skip(1) {
            let number = open.number + at;
            let text = text.trim();
            if !is_whole(text) {
                continue;
            }
            match FileJson::values(text) {
                Ok(values) => self.push(number, values),
                Err(errors) => self.ready.push_back((number, Err(errors.into()))),
            }
        }
    }

    fn push(&mut self, number: usize, values: Vec<Value>) {
        let files = values.into_iter().map(|value| {
            let file = FileJson::from_value(value).map_err(Unreadable::from);
            (number, file)
        });
        self.ready.extend(files);
    }
}

impl<R: BufRead> Iterator for Files<R> {
    type Item = io::Result<FoundFile>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(file) = self.ready.pop_front() {
                return Some(Ok(file));
            }
            match self.lines.next() {
                Some(Ok(line)) => self.add(line),
                Some(Err(error)) => return Some(Err(error)),
                None => {
                    let open = self.open.take()?;
                    self.give_up(open, None);
                }
            }
        }
    }
}

/// How many more brackets open in a line than close; nothing where it ends within a text, which no
/// JSON does.
fn depth_of(line: &str) -> Option<i64> {
    let (mut depth, mut in_text, mut is_escaped) = (0, false, false);
    for byte in line.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth -= 1,
            _ => {}
        }
    }
    (!in_text).then_some(depth)
}

/// Whether a line within a value that can't be read looks like a value of its own, rather than a part
/// of that one.
fn is_whole(line: &str) -> bool {
    line.len() > 1
        && line.starts_with(['{', '['])
        && !["},", "],"].iter().any(|end| line.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files and errors, each with its line.
    fn found(bytes: &[u8]) -> Vec<(usize, Result<String, String>)> {
        Files::new(bytes)
            .map(|file| {
                let (number, file) = file.unwrap();
                let file = file.map(|file| file.id).map_err(|error| error.to_string());
                (number, file)
            })
            .collect()
    }

    /// The same with errors left out.
    fn shown(bytes: &[u8]) -> Vec<(usize, Option<String>)> {
        let found = found(bytes).into_iter();
        found.map(|(number, file)| (number, file.ok())).collect()
    }

    fn id(id: &str) -> Option<String> {
        Some(id.to_owned())
    }

    #[test]
    fn values_over_several_lines_go_by_their_first() {
        let text = "\n{\"_id\": \"1\",\n \"name\": \"a } [ \\\" b\"}\n\n[\n{\"_id\": \"2\"},\n\n{\"_id\": \"3\"}\n]\n";
        assert_eq!(
            shown(text.as_bytes()),
            [(2, id("1")), (5, id("2")), (5, id("3"))]
        );
        assert_eq!(found(b"{\"_id\": \"1\",\n\"appId\": \"x\"}\n")[0].0, 1);
    }

    #[test]
    fn a_truncated_line_takes_no_other_with_it() {
        let truncated = [
            "{\"_id\": \"1\",",
            "{\"_id\": \"1\", \"name\": \"a",
            "{\"_id\": \"1\", \"data\": [",
        ];
        for first in truncated {
            let text =
                format!("{first}\n{{\"_id\": \"2\"}}\n{{\"_id\": \"3\",\n{{\"_id\": \"4\"}}\n");
            let expected = [(1, None), (2, id("2")), (3, None), (4, id("4"))];
            assert_eq!(shown(text.as_bytes()), expected, "{first}");
        }
        // Closed by what belongs to another.
        let text = b"{\"_id\": \"1\",\n{\"_id\": \"2\"}\n}\n{\"_id\": \"3\"}\n";
        assert_eq!(shown(text), [(1, None), (2, id("2")), (4, id("3"))]);
        // Of a listing that ends in the middle the parts are no files.
        let text = b"{\"data\": [\n{\n\"_id\": \"1\"\n},\n{\n\"_id\": \"2\"\n";
        assert_eq!(shown(text), [(1, None)]);
    }

    #[test]
    fn lines_that_are_no_text_or_too_long_are_errors_of_their_own() {
        let mut bytes = b"{\"_id\": \"1\"}\n\xff\xfe\n{\"_id\": \"2\"}\n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', LINE_BYTES_MAX + 10));
        bytes.extend(b"\n{\"_id\": \"3\",\n\xff\n{\"_id\": \"4\"}");
        let found = found(&bytes);
        let numbers: Vec<usize> = found.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(found[1].1, Err("not UTF-8".to_owned()));
        assert_eq!(
            found[3].1,
            Err("the line has more than 8388608 bytes".to_owned())
        );
        assert!(found[4].1.is_err() && found[5].1.is_err());
        assert_eq!(found[6].1, Ok("4".to_owned()));
    }

    #[test]
    fn a_long_listing_is_read_in_time_that_grows_with_it() {
        let mut text = "[".to_owned();
        for at in 0..40_000 {
            let comma = if at == 0 { "" } else { "," };
            text += &format!("{comma}\n{{\n\"_id\": \"{at}\"\n}}");
        }
        text += "\n]\n";
        // Parsed line after line this takes minutes.
        assert_eq!(found(text.as_bytes()).len(), 40_000);
    }
}
