//! Random numbers for spreading requests over time. Nothing secret depends on them.

/// SplitMix64: one word of state, every seed as good as any other.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `most`, both included; 0 if `most` is negative.
    pub(super) fn up_to(&mut self, most: i64) -> i64 {
        let span = u64::try_from(most).unwrap_or(0).saturating_add(1);
        // The remainder is uneven by less than one in a million for the times in question.
        i64::try_from(self.next() % span).unwrap_or(0)
    }
}
