//! Whatever lies in the place of the table file, it is a table or is refused whole. Also what `fuzz/` runs.

use crate::sealed::{BadTable, seal, sealed, unseal};

/// Reads bytes as a table file, and as what a router of another version may have sealed. May never panic
/// but for a broken promise.
pub(crate) fn read_anything(bytes: &[u8]) {
    for file in [bytes.to_vec(), sealed(bytes)] {
        match unseal(&file) {
            Ok(table) => {
                let again = seal(&table).expect("what was read can be written");
                let again = unseal(&again).expect("what we write can be read");
                assert_eq!(again, table);
            }
            Err(BadTable::Checksum | BadTable::Malformed(_) | BadTable::Newer(_)) => {}
            Err(why @ (BadTable::Read(_) | BadTable::TooLong(_))) => {
                unreachable!("nothing was read from a disk: {why}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anything::damage;

    /// How many damaged tables are read.
    const MUTATIONS: u64 = 10_000;

    /// Tables of every version, one a line.
    const TABLES: &str = include_str!("../../control/tests/corpus/table.jsonl");

    fn tables() -> Vec<Vec<u8>> {
        TABLES
            .lines()
            .map(|line| line.as_bytes().to_vec())
            .collect()
    }

    #[test]
    fn a_sealed_table_of_any_version_up_to_this_one_is_one() {
        for table in tables() {
            let read = unseal(&sealed(&table));
            let newer = table.starts_with(b"{\"format\":2");
            assert_eq!(matches!(read, Err(BadTable::Newer(2))), newer, "{read:?}");
            assert_eq!(read.is_ok(), !newer);
            assert!(unseal(&table).is_err(), "without its seal it is none");
            read_anything(&table);
        }
    }

    #[test]
    fn a_damaged_table_is_read_or_refused_whole() {
        let files: Vec<_> = tables().iter().map(|table| sealed(table)).collect();
        let good: Vec<_> = files.iter().filter(|file| unseal(file).is_ok()).collect();
        for seed in 0..MUTATIONS {
            read_anything(&damage::damaged(&tables(), seed));
            let file = damage::damaged(&files, seed);
            // The seal is of all that follows: what is not as it was written is no table.
            assert_eq!(unseal(&file).is_ok(), good.contains(&&file), "seed {seed}");
        }
    }
}
