//! What decides whether a proposal is a match: check digits and grammars.

pub(crate) mod card;
pub(crate) mod email;
pub(crate) mod iban;
pub(crate) mod ssn;

use crate::detector::Levels;

/// Takes a proposal as a whole and the detector's usual levels; gives the levels of the match, or
/// nothing when the proposal fails.
pub(crate) type Check = fn(&str, Levels) -> Option<Levels>;

/// Whether all of these bytes are the same.
pub(crate) fn all_equal(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair.first() == pair.last())
}
