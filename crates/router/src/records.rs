//! Where in its records of TLS a client is (RFC 8446, 5.1).
//!
//! The library that reads them takes what has come of one, and gives nothing of it before it is whole. Meanwhile the
//! client has begun to say something, and neither the kernel nor the library tells.

/// Bytes that a record begins with: what it is, its version, and how long it is.
const BEGIN: usize = 5;

/// Where that is.
#[derive(Default)]
pub(crate) struct Records {
    /// How much is known of what the next one begins with.
    known: usize,
    /// Bytes that follow of the one that has begun.
    left: usize,
}

impl Records {
    /// Follows what was read.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes {
            if self.known == 0 && self.left > 0 {
                let count = self.left.min(bytes.len());
                self.left -= count;
                bytes = bytes.get(count..).unwrap_or_default();
                continue;
            }
            self.known += 1;
            // Its last two bytes are its length.
            if self.known >= BEGIN - 1 {
                self.left = self.left << 8 | usize::from(*first);
            }
            if self.known == BEGIN {
                self.known = 0;
            }
            bytes = rest;
        }
    }

    /// Whether part of one has come.
    pub(crate) fn is_inside(&self) -> bool {
        self.known > 0 || self.left > 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(length: u16) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let mut record = vec![0x17, 3, 3, high, low];
        record.resize(BEGIN + usize::from(length), 0xff);
        record
    }

    #[test]
    fn a_client_is_inside_of_a_record_from_its_first_byte_to_its_last() {
        for length in [0, 1, 255, 256, 0x4100] {
            let mut records = Records::default();
            let (last, before) = {
                let mut record = record(length);
                (record.pop().expect("its last byte"), record)
            };
            for byte in before {
                records.follow(&[byte]);
                assert!(records.is_inside(), "{length}");
            }
            records.follow(&[last]);
            assert!(!records.is_inside(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn it_is_between_two_however_what_comes_is_cut(
            lengths in proptest::collection::vec(0u16..600, 0..20), cut in 1usize..50,
        ) {
            let bytes: Vec<u8> = lengths.iter().flat_map(|length| record(*length)).collect();
            let mut records = Records::default();
            bytes.chunks(cut).for_each(|piece| records.follow(piece));
            prop_assert!(!records.is_inside());
            records.follow(&[0x17]);
            prop_assert!(records.is_inside());
        }
    }
}
