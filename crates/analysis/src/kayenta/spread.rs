//! A little noise for series that have none.

use crate::numbers::special::normal_quantile;

/// The deviation as a share of the value.
const PART: f64 = 1e-5;

/// Two constant series leave a test by ranks nothing to work with, so the judge adds a little normal
/// noise. Kayenta draws it anew each time; here it is the same every time, so that the same input
/// gives the same verdict.
pub(super) fn spread(values: &mut [f64], seed: u64) {
    let mut state = seed;
    for value in values {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(u32::MAX);
        let chance = (f64::from(high) + 0.5) / (f64::from(u32::MAX) + 1.0);
        *value += normal_quantile(chance) * PART * value.abs();
    }
}
