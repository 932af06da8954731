//! The filters of older writers: hexadecimal and base-85 digits, runs, and LZW. Structure and
//! metadata hardly ever have them, but a label behind one counts all the same. What breaks off gives
//! what was there before, as other readers do.

use super::object::{hex, is_space};
use crate::error::PartError;

/// Longest code of LZW, in bits, and how many codes there are.
const LZW_BITS_MAX: u32 = 12;
const LZW_CODES_MAX: usize = 1 << LZW_BITS_MAX;

/// The two codes of LZW that stand for no bytes.
const LZW_CLEAR: u16 = 256;
const LZW_END: u16 = 257;

/// Bytes that grow up to a bound.
struct Bounded<'p> {
    bytes: Vec<u8>,
    max: u64,
    place: &'p str,
}

impl Bounded<'_> {
    fn add(&mut self, more: &[u8]) -> Result<(), PartError> {
        if self.bytes.len() as u64 + more.len() as u64 > self.max {
            let cause = format!("over {} bytes", self.max);
            return Err(PartError::too_large(self.place, cause));
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}

/// `ASCIIHexDecode`: pairs of digits up to `>`.
pub(super) fn ascii_hex(raw: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = raw
        .iter()
        .take_while(|byte| **byte != b'>')
        .filter_map(|byte| hex(*byte))
        .collect();
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => high << 4 | low,
            [high] => high << 4,
            _ => 0,
        })
        .collect()
}

/// `ASCII85Decode`: groups of five digits up to `~`, and `z` for four zeros.
pub(super) fn ascii_85(raw: &[u8], max: u64, place: &str) -> Result<Vec<u8>, PartError> {
    let mut out = Bounded {
        bytes: Vec::new(),
        max,
        place,
    };
    let mut group: Vec<u8> = Vec::with_capacity(5);
    for byte in raw.iter().copied().filter(|byte| !is_space(*byte)) {
        match byte {
            b'z' if group.is_empty() => out.add(&[0; 4])?,
            b'!'..=b'u' => group.push(byte - b'!'),
            _ => break,
        }
        if group.len() == 5 {
            out.add(&base_85(&group))?;
            group.clear();
        }
    }
    // A group that is cut short stands for as many bytes as it has digits, less one.
    let count = group.len().saturating_sub(1);
    group.resize(5, 84);
    out.add(base_85(&group).get(..count).unwrap_or_default())?;
    Ok(out.bytes)
}

fn base_85(digits: &[u8]) -> [u8; 4] {
    digits
        .iter()
        .fold(0_u32, |sum, digit| {
            sum.wrapping_mul(85).wrapping_add(u32::from(*digit))
        })
        .to_be_bytes()
}

/// `RunLengthDecode`: a length, then so many bytes or one byte so often; 128 ends it.
pub(super) fn run_length(raw: &[u8], max: u64, place: &str) -> Result<Vec<u8>, PartError> {
    let mut out = Bounded {
        bytes: Vec::new(),
        max,
        place,
    };
    let mut rest = raw;
    while let [length, after @ ..] = rest {
        let length = usize::from(*length);
        let taken = match length {
            0..=127 => {
                let count = (length + 1).min(after.len());
                out.add(after.get(..count).unwrap_or_default())?;
                count
            }
            128 => break,
            _ => {
                let Some(byte) = after.first() else { break };
                out.add(&vec![*byte; 257 - length])?;
                1
            }
        };
        rest = after.get(taken..).unwrap_or_default();
    }
    Ok(out.bytes)
}

/// `LZWDecode`: codes of 9 to 12 bits; with `early`, which is usual, they grow one code early.
pub(super) fn lzw(raw: &[u8], early: bool, max: u64, place: &str) -> Result<Vec<u8>, PartError> {
    let mut out = Bounded {
        bytes: Vec::new(),
        max,
        place,
    };
    // A code stands for bytes that were written before: where they start, and how many.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let mut previous: Option<(usize, usize)> = None;
    let mut bits: u32 = 0;
    let mut held: u32 = 0;
    let mut source = raw.iter();
    loop {
        let next = table.len() + usize::from(LZW_END) + 1 + usize::from(early);
        let width = usize::BITS - next.leading_zeros();
        let width = width.clamp(9, LZW_BITS_MAX);
        while held < width {
            let Some(byte) = source.next() else {
                return Ok(out.bytes);
            };
            bits = bits << 8 | u32::from(*byte);
            held += 8;
        }
        held -= width;
        let code = u16::try_from(bits >> held & ((1 << width) - 1)).unwrap_or(LZW_END);
        bits &= (1 << held) - 1;
        match code {
            LZW_CLEAR => {
                table.clear();
                previous = None;
                continue;
            }
            LZW_END => return Ok(out.bytes),
            _ => {}
        }
        let start = out.bytes.len();
        let known = usize::from(code)
            .checked_sub(usize::from(LZW_END) + 1)
            .map(|at| table.get(at).copied());
        match (known, previous) {
            (None, _) => out.add(&[u8::try_from(code).unwrap_or_default()])?,
            (Some(Some((from, len))), _) => {
                let again = out.bytes.get(from..from + len).unwrap_or_default().to_vec();
                out.add(&again)?;
            }
            // The code that this very step defines.
            (Some(None), Some((from, len)))
                if usize::from(code) == LZW_END as usize + 1 + table.len() =>
            {
                let mut again = out.bytes.get(from..from + len).unwrap_or_default().to_vec();
                again.extend(again.first().copied());
                out.add(&again)?;
            }
            (Some(None), _) => return Ok(out.bytes),
        }
        if let Some((from, len)) = previous
            && table.len() + usize::from(LZW_END) + 1 < LZW_CODES_MAX
        {
            // The bytes before, and the first of these, which stand right behind them.
            table.push((from, len + 1));
        }
        previous = Some((start, out.bytes.len() - start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = 1 << 20;

    #[test]
    fn f_123_digits() {
        for (raw, expected) in [
            (&b"48 65\n6c6C6F>zz"[..], &b"Hello"[..]),
            (b"4", b"@"),
            (b"", b""),
            (b">", b""),
        ] {
            assert_eq!(ascii_hex(raw), expected);
        }
        for (raw, expected) in [
            (&b"87cURD]i,\"Ebo80~>"[..], &b"Hello World!"[..]),
            (b"87cUR\nD]i,\"Ebo7~", b"Hello World"),
            (b"z!!~>", &[0, 0, 0, 0, 0]),
            (b"", b""),
            (b"!", b""),
            (b"vvv", b""),
        ] {
            assert_eq!(ascii_85(raw, MAX, "x").unwrap(), expected, "{raw:?}");
        }
        assert!(ascii_85(&[b'z'; 100], 399, "x").is_err());
    }

    #[test]
    fn f_123_runs() {
        for (raw, expected) in [
            (
                &[2, b'a', b'b', b'c', 254, b'x', 128, 7][..],
                &b"abcxxx"[..],
            ),
            (&[5, b'a'], b"a"),
            (&[200], b""),
            (&[], b""),
        ] {
            assert_eq!(run_length(raw, MAX, "x").unwrap(), expected);
        }
        assert!(run_length(&[129, 0, 129, 0], 255, "x").is_err());
    }

    #[test]
    fn f_123_lzw_as_the_specification_shows_it() {
        let raw = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        let expected = [45, 45, 45, 45, 45, 65, 45, 45, 45, 66];
        assert_eq!(lzw(&raw, true, MAX, "x").unwrap(), expected);
        assert!(lzw(&raw, true, 9, "x").is_err());
    }

    /// As a writer does it, for the test only.
    fn lzw_encoded(content: &[u8], early: bool) -> Vec<u8> {
        let mut codes: Vec<(u32, u32)> = vec![(256, 9)];
        let mut table: std::collections::HashMap<Vec<u8>, u32> =
            (0..256_u32).map(|byte| (vec![byte as u8], byte)).collect();
        let mut next = 258_u32;
        let mut word: Vec<u8> = Vec::new();
        // The reader knows one code less at each step.
        let width = |next: u32| (32 - (next - 1 + u32::from(early)).leading_zeros()).clamp(9, 12);
        for byte in content {
            let mut longer = word.clone();
            longer.push(*byte);
            if table.contains_key(&longer) {
                word = longer;
                continue;
            }
            codes.push((table[&word], width(next)));
            table.insert(longer, next);
            next += 1;
            word = vec![*byte];
            if next == 4095 {
                codes.push((table[&word], width(next)));
                codes.push((256, 12));
                table = (0..256_u32).map(|byte| (vec![byte as u8], byte)).collect();
                next = 258;
                word.clear();
            }
        }
        if !word.is_empty() {
            codes.push((table[&word], width(next)));
            next += 1;
        }
        codes.push((257, width(next)));
        let mut bytes = Vec::new();
        let (mut bits, mut held) = (0_u64, 0);
        for (code, width) in codes {
            bits = bits << width | u64::from(code);
            held += width;
            while held >= 8 {
                held -= 8;
                bytes.push((bits >> held) as u8);
                bits &= (1 << held) - 1;
            }
        }
        bytes.push((bits << (8 - held)) as u8);
        bytes
    }

    proptest::proptest! {
        #[test]
        fn f_123_lzw_reads_what_was_written(content in "[a-c]{0,3000}", early: bool) {
            let raw = lzw_encoded(content.as_bytes(), early);
            let read = lzw(&raw, early, MAX, "x").unwrap();
            proptest::prop_assert_eq!(String::from_utf8_lossy(&read), content);
        }

        #[test]
        fn f_009_any_bytes_are_survived(raw: Vec<u8>, early: bool) {
            let _ = lzw(&raw, early, MAX, "x");
            let _ = run_length(&raw, MAX, "x");
            let _ = ascii_85(&raw, MAX, "x");
            let _ = ascii_hex(&raw);
        }
    }

    #[test]
    fn f_123_lzw_of_varied_bytes_fills_the_table() {
        let content: Vec<u8> = (0..60_000_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        for early in [true, false] {
            let read = lzw(&lzw_encoded(&content, early), early, MAX, "x").unwrap();
            assert_eq!(read, content);
        }
    }
}
