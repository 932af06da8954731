//! Inflating the parts of a package.

use flate2::{Decompress, FlushDecompress, Status};

use crate::error::PartError;

/// Room behind what is declared: a stream that goes on is seen, and the library has a quick way as
/// long as it needn't watch the end.
const SPARE_BYTES: usize = 512;

/// Inflates one part after the other. Setting up costs as much as a small part itself, so it is
/// done once.
#[derive(Default)]
pub(super) struct Inflater(Option<Decompress>);

impl Inflater {
    /// Inflates to exactly `inflated` bytes; one more is an error, so memory is bounded by what was
    /// declared, and what was declared is bounded by the caller.
    pub(super) fn inflate(
        &mut self,
        raw: &[u8],
        inflated: u64,
        place: &str,
    ) -> Result<Vec<u8>, PartError> {
        let size = usize::try_from(inflated).map_err(|_| PartError::too_large(place, "size"))?;
        let decompress = match &mut self.0 {
            Some(used) => {
                used.reset(false);
                used
            }
            none => none.insert(Decompress::new(false)),
        };
        let mut content = Vec::with_capacity(size.saturating_add(SPARE_BYTES));
        let status = decompress
            .decompress_vec(raw, &mut content, FlushDecompress::Finish)
            .map_err(|error| PartError::malformed(place, error))?;
        if status != Status::StreamEnd || content.len() > size {
            return Err(PartError::malformed(
                place,
                "the compressed data is cut off or too long",
            ));
        }
        Ok(content)
    }
}
