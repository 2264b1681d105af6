//! What makes a damaged row visible.

use sha2::{Digest, Sha256};

/// The row format this program writes, and the newest it reads.
pub(crate) const FORMAT_VERSION: i64 = 1;

/// A SHA-256.
pub(crate) type Checksum = [u8; 32];

/// What a deployment's own checksum covers: all but its end.
pub(crate) struct OpeningParts<'a> {
    pub(crate) id: &'a str,
    pub(crate) plan_id: &'a str,
    pub(crate) app: &'a str,
    pub(crate) environment: &'a str,
    pub(crate) plan: &'a str,
    pub(crate) started_us: i64,
    pub(crate) by: &'a str,
    pub(crate) opening: &'a str,
    pub(crate) asked_as: Option<&'a str>,
}

/// What a journal row's checksum covers: all but its sequence, which the database gives.
pub(crate) struct RowParts<'a> {
    pub(crate) version: i64,
    pub(crate) deployment: &'a str,
    pub(crate) number: i64,
    pub(crate) at_us: i64,
    pub(crate) event: &'a str,
    pub(crate) facts: &'a str,
    pub(crate) previous: &'a [u8],
}

impl OpeningParts<'_> {
    /// The checksum that the deployment's first row continues.
    pub(crate) fn checksum(&self) -> Checksum {
        let mut sum = Fields::of("windlass deployment 1");
        for text in [self.id, self.plan_id, self.app, self.environment, self.plan] {
            sum.bytes(text.as_bytes());
        }
        sum.number(self.started_us);
        sum.bytes(self.by.as_bytes());
        sum.bytes(self.opening.as_bytes());
        // What came without a key has the checksum that it had before there were keys.
        if let Some(asked_as) = self.asked_as {
            sum.bytes(asked_as.as_bytes());
        }
        sum.finish()
    }
}

impl RowParts<'_> {
    /// The checksum of the row.
    pub(crate) fn checksum(&self) -> Checksum {
        let mut sum = Fields::of("windlass journal row");
        sum.number(self.version);
        sum.bytes(self.deployment.as_bytes());
        sum.number(self.number);
        sum.number(self.at_us);
        sum.bytes(self.event.as_bytes());
        sum.bytes(self.facts.as_bytes());
        sum.bytes(self.previous);
        sum.finish()
    }
}

/// Hashes fields so that no two lists of fields give the same bytes: each text has its length
/// before it.
struct Fields(Sha256);

impl Fields {
    fn of(kind: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.bytes(kind.as_bytes());
        fields
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn finish(self) -> Checksum {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> RowParts<'static> {
        RowParts {
            version: 1,
            deployment: "dep_a",
            number: 0,
            at_us: 5,
            event: "ab",
            facts: "c",
            previous: &[0; 32],
        }
    }

    fn opening() -> OpeningParts<'static> {
        OpeningParts {
            id: "dep_a",
            plan_id: "plan_a",
            app: "shop",
            environment: "default",
            plan: "{}",
            started_us: 5,
            by: "ana",
            opening: "{}",
            asked_as: None,
        }
    }

    #[test]
    fn a_deployment_without_a_key_has_the_checksum_that_it_always_had() {
        let sum = data_encoding::HEXLOWER.encode(&opening().checksum());
        let known = "58461f8c59d2f542cfad5a11d06fe52b421235dd9b680a215da1d6ec297ffb51";
        assert_eq!(sum, known);
        let asked_as = Some("7f3a");
        let keyed = OpeningParts {
            asked_as,
            ..opening()
        };
        assert_ne!(keyed.checksum(), opening().checksum());
    }

    #[test]
    fn every_part_of_a_row_counts() {
        let whole = row().checksum();
        let changed = [
            RowParts {
                version: 2,
                ..row()
            },
            RowParts {
                deployment: "dep_b",
                ..row()
            },
            RowParts { number: 1, ..row() },
            RowParts { at_us: 6, ..row() },
            RowParts {
                event: "ac",
                ..row()
            },
            RowParts {
                facts: "d",
                ..row()
            },
            RowParts {
                previous: &[1; 32],
                ..row()
            },
        ];
        for (place, other) in changed.iter().enumerate() {
            assert_ne!(other.checksum(), whole, "part {place}");
        }
    }

    #[test]
    fn text_that_moves_from_one_field_to_the_next_counts() {
        let moved = RowParts {
            event: "a",
            facts: "bc",
            ..row()
        };
        assert_ne!(moved.checksum(), row().checksum());
    }

    #[test]
    fn the_format_of_version_1_does_not_change() {
        let sum = data_encoding::HEXLOWER.encode(&row().checksum());
        let known = "020beabcfd729a2e731f6dea85bea17a56649586122f8f23ebf74160f7acde29";
        assert_eq!(sum, known);
    }
}
