//! Numbers that look random and are the same in every run.

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A place in a list of this length, which is not empty.
    pub(crate) fn below(&mut self, length: usize) -> usize {
        usize::try_from(self.next() >> 1).expect("63 bits") % length
    }

    /// True so many times out of a million.
    pub(crate) fn hits(&mut self, of_a_million: u64) -> bool {
        self.next() % 1_000_000 < of_a_million
    }
}
