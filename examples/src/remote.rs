//! The label of a file behind HTTP, by as few ranges as it takes.

use std::ops::Range;

use label_formats::{RangeReader, ReadOptions, Reading, Step};
use ureq::Agent;
use ureq::http::header::{CONTENT_LENGTH, ETAG, IF_MATCH, RANGE};

/// Largest answer that is taken, in bytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1_048_576;

/// How a remote file was read.
#[derive(Debug)]
pub struct RemoteReading {
    /// What is on the file.
    pub reading: Reading,
    /// The file's length in bytes.
    pub len: u64,
    /// The ranges that were fetched, in order.
    pub ranges: Vec<Range<u64>>,
}

/// Reads the labels of a file behind HTTP.
///
/// The length comes from a `HEAD` request; each range is asked for on condition that the file is
/// still the same.
///
/// # Errors
///
/// One line: the server can't be reached, doesn't give ranges, or the file changed in between.
pub fn read_over_http(url: &str, options: &ReadOptions<'_>) -> Result<RemoteReading, String> {
    let agent = Agent::new_with_defaults();
    let failed = |error: ureq::Error| format!("`{url}`: {error}");
    let head = agent.head(url).call().map_err(failed)?;
    let header = |name| {
        head.headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let len: u64 = header(CONTENT_LENGTH)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("`{url}`: the server doesn't say how long the file is"))?;
    let tag = header(ETAG);
    let mut reader = RangeReader::new(len);
    let mut ranges = Vec::new();
    loop {
        let range = match reader.step(options) {
            Step::Need(range) => range,
            Step::Done(reading) => {
                return Ok(RemoteReading {
                    reading: *reading,
                    len,
                    ranges,
                });
            }
        };
        let wanted = format!("bytes={}-{}", range.start, range.end - 1);
        let mut request = agent.get(url).header(RANGE, wanted);
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        let mut response = request.call().map_err(failed)?;
        // 200 would be the whole file from its start.
        if response.status() != 206 {
            return Err(format!("`{url}`: the server gives no ranges"));
        }
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let bytes = body.read_to_vec().map_err(failed)?;
        reader.supply(range.start, &bytes);
        ranges.push(range.start..range.start + bytes.len() as u64);
    }
}
