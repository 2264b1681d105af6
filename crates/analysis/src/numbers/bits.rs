//! Figures written down as their bits.
//!
//! A text format may write a figure with fewer digits than it has, or read it back a bit off. The
//! state of a judgement must go on bit by bit, also where it is infinite.

use serde::{Deserialize, Deserializer, Serializer};

/// One figure.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
pub(crate) fn serialize<S: Serializer>(figure: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(figure.to_bits())
}

/// One figure.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    u64::deserialize(from).map(f64::from_bits)
}

/// A fixed number of figures.
pub(crate) mod many {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

    /// All of them, in order.
    pub(crate) fn serialize<S: Serializer, const N: usize>(
        figures: &[f64; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        figures.map(f64::to_bits).as_slice().serialize(to)
    }

    /// Refuses another number of figures.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[f64; N], D::Error> {
        let bits: Vec<u64> = Vec::deserialize(from)?;
        let bits: [u64; N] = bits.try_into().map_err(|other: Vec<u64>| {
            D::Error::invalid_length(other.len(), &"as many as written")
        })?;
        Ok(bits.map(f64::from_bits))
    }
}
