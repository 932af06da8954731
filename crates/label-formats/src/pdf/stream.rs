//! The contents of streams: Flate with predictors, which structure and metadata use, and the older
//! filters.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::filters;
use super::object::{Dictionary, Object};
use crate::error::PartError;

/// How much is inflated at a time, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;

/// Most filters in a row.
const FILTERS_MAX: usize = 4;

/// Undoes the filters of a stream.
pub(super) fn decode(
    dictionary: &Dictionary,
    raw: Vec<u8>,
    max: u64,
    place: &str,
) -> Result<Vec<u8>, PartError> {
    let filters = list(dictionary.get(b"Filter").or(dictionary.get(b"F")));
    let parameters = list(dictionary.get(b"DecodeParms").or(dictionary.get(b"DP")));
    if filters.len() > FILTERS_MAX {
        return Err(PartError::malformed(place, "too many filters"));
    }
    let mut content = raw;
    for (at, filter) in filters.iter().enumerate() {
        let own = parameters.get(at).and_then(|item| item.dictionary());
        content = match filter.name() {
            Some(b"FlateDecode" | b"Fl") => inflate(&content, max, place)?,
            Some(b"LZWDecode" | b"LZW") => {
                let early = own.and_then(|own| own.get(b"EarlyChange"));
                let is_early = early.and_then(Object::integer) != Some(0);
                filters::lzw(&content, is_early, max, place)?
            }
            Some(b"ASCIIHexDecode" | b"AHx") => filters::ascii_hex(&content),
            Some(b"ASCII85Decode" | b"A85") => filters::ascii_85(&content, max, place)?,
            Some(b"RunLengthDecode" | b"RL") => filters::run_length(&content, max, place)?,
            Some(b"Crypt") => continue,
            Some(other) => {
                let name = String::from_utf8_lossy(other).into_owned();
                return Err(PartError::unsupported(place, format!("filter `{name}`")));
            }
            None => return Err(PartError::malformed(place, "a filter without name")),
        };
        let is_predicted = matches!(
            filter.name(),
            Some(b"FlateDecode" | b"Fl" | b"LZWDecode" | b"LZW")
        );
        if let (true, Some(parameters)) = (is_predicted, own) {
            content = unpredict(content, parameters, place)?;
        }
    }
    Ok(content)
}

/// One object, or the items of an array.
fn list(object: Option<&Object>) -> Vec<&Object> {
    match object {
        None => Vec::new(),
        Some(Object::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// Inflates up to the bound. A stream that breaks off gives what was there: other readers do the
/// same, and a label in that part is a label that they show.
fn inflate(raw: &[u8], max: u64, place: &str) -> Result<Vec<u8>, PartError> {
    let mut inflater = Decompress::new(true);
    let mut content = Vec::new();
    loop {
        content.reserve(CHUNK_BYTES);
        let before = (inflater.total_in(), content.len());
        let consumed = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = raw.get(consumed..).unwrap_or_default();
        let status = inflater.decompress_vec(rest, &mut content, FlushDecompress::None);
        if content.len() as u64 > max {
            return Err(PartError::too_large(place, format!("over {max} bytes")));
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(content),
            Ok(_) if before != (inflater.total_in(), content.len()) => {}
            _ if content.is_empty() && !raw.is_empty() => {
                return Err(PartError::malformed(place, "damaged compressed data"));
            }
            _ => return Ok(content),
        }
    }
}

/// Compresses the content of a stream.
pub(super) fn deflate(content: &[u8]) -> Result<Vec<u8>, PartError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

/// Undoes a PNG predictor; the TIFF one does not occur in structure.
fn unpredict(content: Vec<u8>, parameters: &Dictionary, place: &str) -> Result<Vec<u8>, PartError> {
    let number = |key: &[u8], default: u64| {
        parameters
            .get(key)
            .and_then(Object::unsigned)
            .unwrap_or(default)
    };
    let predictor = number(b"Predictor", 1);
    if predictor < 2 {
        return Ok(content);
    }
    if predictor < 10 {
        return Err(PartError::unsupported(place, "a TIFF predictor"));
    }
    let bits = number(b"Colors", 1).saturating_mul(number(b"BitsPerComponent", 8));
    let columns = number(b"Columns", 1);
    let row = bits
        .checked_mul(columns)
        .map(|bits| bits.div_ceil(8))
        .and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|bytes| (1..=1 << 20).contains(bytes));
    let (Some(row), true) = (row, bits <= 256) else {
        return Err(PartError::malformed(place, "impossible predictor"));
    };
    let pixel = usize::try_from(bits.div_ceil(8)).unwrap_or(1).max(1);
    let mut decoded: Vec<u8> = Vec::with_capacity(content.len());
    let mut above = vec![0_u8; row];
    let mut current = vec![0_u8; row];
    for line in content.chunks(row + 1) {
        let Some((kind, line)) = line.split_first() else {
            break;
        };
        current.clear();
        match kind {
            0 => current.extend_from_slice(line),
            // What nearly every cross-reference stream has: without looking sideways it goes fast.
            2 => current.extend(
                line.iter()
                    .zip(&above)
                    .map(|(raw, up)| raw.wrapping_add(*up)),
            ),
            1 | 3 | 4 => {
                for (at, raw) in line.iter().enumerate() {
                    let before = |from: &[u8]| {
                        at.checked_sub(pixel)
                            .and_then(|at| from.get(at).copied())
                            .unwrap_or(0)
                    };
                    let up = above.get(at).copied().unwrap_or(0);
                    let left = before(&current);
                    let predicted = match kind {
                        1 => left,
                        3 => u8::try_from((u16::from(left) + u16::from(up)) / 2).unwrap_or(0),
                        _ => paeth(left, up, before(&above)),
                    };
                    current.push(raw.wrapping_add(predicted));
                }
            }
            _ => return Err(PartError::malformed(place, "unknown predictor")),
        }
        decoded.extend_from_slice(&current);
        // A last line that is cut short has nothing behind it.
        std::mem::swap(&mut above, &mut current);
    }
    Ok(decoded)
}

/// The neighbour nearest to left + up - corner.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |value: u8| (estimate - i16::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, byte by byte.
    fn slow_twin(content: &[u8], row: usize, pixel: usize) -> Vec<u8> {
        let mut rows: Vec<Vec<u8>> = vec![vec![0; row]];
        for line in content.chunks(row + 1) {
            let mut current = vec![0; row];
            for at in 0..line.len() - 1 {
                let above = rows.last().unwrap();
                let (left, corner) = if at >= pixel {
                    (current[at - pixel], above[at - pixel])
                } else {
                    (0, 0)
                };
                let predicted = match line[0] {
                    0 => 0,
                    1 => left,
                    2 => above[at],
                    3 => ((u16::from(left) + u16::from(above[at])) / 2) as u8,
                    _ => paeth(left, above[at], corner),
                };
                current[at] = line[at + 1].wrapping_add(predicted);
            }
            current.truncate(line.len() - 1);
            rows.push(current);
        }
        rows.concat()[row..].to_vec()
    }

    proptest::proptest! {
        #[test]
        fn f_121_predictors_as_they_are_defined(
            lines in proptest::collection::vec((0_u8..5, proptest::collection::vec(proptest::num::u8::ANY, 12)), 1..8),
            colors in 1_usize..4,
            cut in 0_usize..12,
        ) {
            let mut content: Vec<u8> = Vec::new();
            for (kind, bytes) in &lines {
                content.push(*kind);
                content.extend(bytes);
            }
            content.truncate(content.len() - cut);
            let number = |key: &[u8], value: usize| (key.to_vec(), Object::Integer(value as i64));
            let parameters = Dictionary(vec![
                number(b"Predictor", 15),
                number(b"Colors", colors),
                number(b"Columns", 12 / colors),
            ]);
            let row = 12 / colors * colors;
            let expected = slow_twin(&content, row, colors);
            proptest::prop_assert_eq!(unpredict(content, &parameters, "x").unwrap(), expected);
        }
    }
}
