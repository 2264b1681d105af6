//! What a router has on disk, for whoever looks while it may be dead.

use std::io;
use std::path::Path;

use windlass_control::{Table, Trip};

use crate::keep::{TableFile, TakenUp};
use crate::latch::unacknowledged;

/// What a router's state folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// The last good table, or its second where that is damaged; none if there never was one.
    pub table: Option<Table>,
    /// Why the table itself can't be used, where its second is in its place.
    pub refused: Option<String>,
    /// Trips that no controller has journalled yet.
    pub trips: Vec<Trip>,
}

/// Why it can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The table is damaged or of a newer router; the text says how.
    #[error("the table can't be used: {0}")]
    Table(String),
    /// The file of trips can't be read.
    #[error("the trips can't be read")]
    Trips(#[source] io::Error),
}

/// Reads the state folder of a router, alive or dead. Changes nothing.
///
/// # Errors
/// When a router would start empty because its table is damaged, or the trips can't be read.
pub fn look(folder: &Path) -> Result<OnDisk, LookError> {
    let TakenUp { table, refused, .. } = TableFile::new(folder).take_up();
    let refused = refused.map(|why| why.to_string());
    if let (Some(why), None) = (&refused, &table) {
        return Err(LookError::Table(why.clone()));
    }
    let trips = unacknowledged(folder).map_err(LookError::Trips)?;
    Ok(OnDisk {
        table,
        refused,
        trips,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use windlass_control::TABLE_FORMAT;
    use windlass_model::Epoch;

    use super::*;
    use crate::sealed::seal;

    #[test]
    fn looking_makes_nothing_and_a_damaged_table_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let nothing = look(folder.path()).expect("readable");
        assert_eq!((nothing.table, nothing.trips.len()), (None, 0));
        let files = std::fs::read_dir(folder.path()).expect("listed");
        assert_eq!(files.count(), 0);
        std::fs::write(folder.path().join("table.json"), "0000\n{}").expect("written");
        let refused = look(folder.path()).expect_err("damaged");
        assert!(refused.to_string().contains("SHA-256"), "{refused}");
        let table = Table {
            format: TABLE_FORMAT,
            epoch: Epoch(7),
            services: BTreeMap::new(),
            alone: None,
        };
        let good = seal(&table).expect("sealed");
        std::fs::write(folder.path().join("table.second.json"), good).expect("written");
        let seen = look(folder.path()).expect("its second");
        assert_eq!(seen.table, Some(table));
        assert!(seen.refused.is_some_and(|why| why.contains("SHA-256")));
    }
}
