//! The last good table on disk, and a second of it for when it is damaged.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use windlass_control::{Table, UnkeptTable};
use windlass_model::Epoch;

use crate::core::locked;
use crate::fence;
use crate::latch::Latches;
use crate::limits::LATE_PAUSE;
use crate::sealed::{BadTable, seal, unseal};
use crate::whole::write_whole;

/// Longest table file that is read, in bytes.
const LONGEST: u64 = 256 * 1024 * 1024;

/// The table file of one state folder.
#[derive(Debug)]
pub(crate) struct TableFile {
    folder: PathBuf,
    /// What [`fence`] has.
    fenced: Cell<Epoch>,
}

impl TableFile {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            fenced: Cell::new(fence::kept(folder)),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("table.json")
    }

    /// The same table once more.
    fn second(&self) -> PathBuf {
        self.folder.join("table.second.json")
    }

    /// Keeps the table, and before it an epoch that is new.
    pub(crate) fn save(&self, table: &Table) -> io::Result<()> {
        if table.epoch > self.fenced.get() {
            fence::keep(&self.folder, table.epoch)?;
            self.fenced.set(table.epoch);
        }
        write_whole(&self.path(), &seal(table)?)
    }

    /// Keeps it once more.
    fn save_second(&self, table: &Table) -> io::Result<()> {
        write_whole(&self.second(), &seal(table)?)
    }

    /// Reads the table; none if there is no file.
    pub(crate) fn load(&self) -> Result<Option<Table>, BadTable> {
        Self::read(&self.path())
    }

    /// Reads what a router starts with: the table, or its second where that is damaged. Where there is no
    /// file nothing was kept, or somebody wanted that to be so.
    pub(crate) fn take_up(&self) -> TakenUp {
        let (table, refused) = match self.load() {
            Ok(table) => (table, None),
            Err(why) => (Self::read(&self.second()).unwrap_or_default(), Some(why)),
        };
        let said = table.as_ref().map(|table| table.epoch);
        TakenUp {
            epoch: self.fenced.get().max(said.unwrap_or_default()),
            table,
            refused,
        }
    }

    /// Whether its second is the same to the byte.
    fn is_twice(&self) -> io::Result<bool> {
        let [table, second] = [self.path(), self.second()];
        let same_length = std::fs::metadata(&table)?.len() == std::fs::metadata(&second)?.len();
        Ok(same_length && std::fs::read(table)? == std::fs::read(second)?)
    }

    fn read(path: &Path) -> Result<Option<Table>, BadTable> {
        let length = match std::fs::metadata(path) {
            Ok(about) => about.len(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        if length > LONGEST {
            return Err(BadTable::TooLong(length));
        }
        unseal(&std::fs::read(path)?).map(Some)
    }
}

/// What a router starts with.
#[derive(Debug)]
pub(crate) struct TakenUp {
    pub(crate) table: Option<Table>,
    /// The highest epoch that was heard, whatever became of the table.
    pub(crate) epoch: Epoch,
    /// Why `table` is not the table but its second, or nothing.
    pub(crate) refused: Option<BadTable>,
}

/// The table file and what must be written there as soon as the disk lets it be.
pub(crate) struct TableKeeper {
    /// Held while the file is written, so that an older table never lands on a newer one.
    file: Mutex<TableFile>,
    /// Held while its second is: a raise waits for the table alone.
    second: Mutex<TableFile>,
    latches: Arc<Latches>,
    late: Mutex<Late>,
    changed: Condvar,
}

#[derive(Default)]
struct Late {
    table: Option<Table>,
    /// Why the disk did not take it, when that was tried last.
    refused: Option<String>,
    /// It is in its file, and not in the second yet.
    second: Option<Table>,
    over: bool,
    /// The file is another router's: nothing is written any more.
    is_given_away: bool,
}

impl TableKeeper {
    pub(crate) fn new(file: TableFile, latches: Arc<Latches>) -> Self {
        let second = TableFile::new(&file.folder);
        Self {
            file: Mutex::new(file),
            second: Mutex::new(second),
            latches,
            late: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Reads the table on disk; see [`TableFile::take_up`].
    pub(crate) fn take_up(&self) -> TakenUp {
        locked(&self.file).take_up()
    }

    /// Whether the table would be lost if it were damaged: its second is not there, or is an older one.
    pub(crate) fn lacks_second(&self) -> bool {
        !locked(&self.file).is_twice().unwrap_or_default()
    }

    pub(crate) fn path(&self) -> PathBuf {
        locked(&self.file).path()
    }

    /// The router's own folder.
    pub(crate) fn folder(&self) -> PathBuf {
        locked(&self.file).folder.clone()
    }

    /// Whether the table on disk is of a router that runs alone; none without a good table.
    pub(crate) fn is_alone(&self) -> Option<bool> {
        let table = self.take_up().table?;
        Some(table.alone.is_some())
    }

    /// Writes `table` before it is in effect. It takes the place of one that waits, but not of one
    /// that comes meanwhile.
    pub(crate) fn save(&self, table: &Table) -> io::Result<()> {
        let file = locked(&self.file);
        let waiting = locked(&self.late).table.take();
        let saved = file.save(table);
        let mut late = locked(&self.late);
        if saved.is_ok() {
            late.second = Some(table.clone());
        } else {
            late.table = late.table.take().or(waiting);
        }
        self.changed.notify_all();
        saved
    }

    /// Writes nothing from now on.
    pub(crate) fn give_away(&self) {
        let _file = locked(&self.file);
        let _second = locked(&self.second);
        let mut late = locked(&self.late);
        late.is_given_away = true;
        late.table = None;
        late.second = None;
    }

    /// Has `table`, which is in effect, written when the disk lets it be: nobody waits for it.
    pub(crate) fn save_late(&self, table: Table) {
        let mut late = locked(&self.late);
        if late.is_given_away {
            return;
        }
        late.table = Some(table);
        // It is tried at once.
        late.refused = None;
        self.changed.notify_all();
    }

    /// What is in effect and not in its file yet; none where all is.
    pub(crate) fn unkept(&self) -> Option<UnkeptTable> {
        let late = locked(&self.late);
        late.table.as_ref()?;
        Some(UnkeptTable {
            why: late.refused.clone(),
        })
    }

    /// Writes what comes late, until [`TableKeeper::end`].
    pub(crate) fn write_late(&self) {
        loop {
            let mut late = locked(&self.late);
            while late.table.is_none() && late.second.is_none() && !late.over {
                late = self
                    .changed
                    .wait(late)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let over = late.over;
            drop(late);
            let written = self.write_waiting();
            if over {
                return;
            }
            if let Err(why) = written {
                tracing::error!(%why, "could not keep the table on disk; trying again");
                let mut late = locked(&self.late);
                late.refused = Some(why.to_string());
                // Woken early by a newer table or by the end.
                let _woken = self.changed.wait_timeout(late, LATE_PAUSE);
            }
        }
    }

    fn write_waiting(&self) -> io::Result<()> {
        if let Err(why) = self.latches.sync() {
            tracing::error!(%why, "the disk did not take a trip");
        }
        let file = locked(&self.file);
        let Some(table) = locked(&self.late).table.clone() else {
            drop(file);
            return self.write_second();
        };
        file.save(&table)?;
        locked(&self.late).second = Some(table.clone());
        drop(file);
        self.write_second()?;
        let mut late = locked(&self.late);
        if late.table.as_ref() == Some(&table) {
            late.table = None;
            self.latches.free();
        }
        Ok(())
    }

    /// Brings the second up to the table. A trip is not forgotten before: neither of both may hold what it
    /// took back.
    pub(crate) fn write_second(&self) -> io::Result<()> {
        let second = locked(&self.second);
        let Some(table) = locked(&self.late).second.clone() else {
            return Ok(());
        };
        second.save_second(&table)?;
        let mut late = locked(&self.late);
        if late.second.as_ref() == Some(&table) {
            late.second = None;
        }
        Ok(())
    }

    /// Ends [`TableKeeper::write_late`] after one last attempt.
    pub(crate) fn end(&self) {
        locked(&self.late).over = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use windlass_control::TABLE_FORMAT;

    use super::*;

    fn empty(format: u32) -> Table {
        Table {
            format,
            epoch: Epoch(7),
            services: std::collections::BTreeMap::new(),
            alone: None,
        }
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TableFile::new(folder.path());
        assert!(file.load().expect("no file").is_none());
        file.save(&empty(TABLE_FORMAT)).expect("saved");
        assert_eq!(file.load().expect("a table"), Some(empty(TABLE_FORMAT)));
    }

    #[test]
    fn a_changed_cut_or_newer_file_is_refused_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TableFile::new(folder.path());
        file.save(&empty(TABLE_FORMAT)).expect("saved");
        let good = std::fs::read(file.path()).expect("bytes");
        for cut in [0, 10, 64, 65, good.len() - 1] {
            std::fs::write(file.path(), &good[..cut]).expect("written");
            assert!(file.load().is_err(), "cut at {cut}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(file.path(), bad).expect("written");
            assert!(file.load().is_err(), "bit at {at}");
        }
        file.save(&empty(TABLE_FORMAT + 1)).expect("saved");
        assert!(matches!(file.load(), Err(BadTable::Newer(_))));
    }

    fn keeper(folder: &Path) -> TableKeeper {
        TableKeeper::new(TableFile::new(folder), Arc::new(Latches::open(folder)))
    }

    #[test]
    fn a_damaged_table_is_taken_up_from_its_second() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = keeper(folder.path());
        for epoch in [7, 8] {
            let table = Table {
                epoch: Epoch(epoch),
                ..empty(TABLE_FORMAT)
            };
            match epoch {
                7 => keeper.save(&table).expect("saved"),
                _ => keeper.save_late(table.clone()),
            }
            keeper.write_waiting().expect("written");
            std::fs::write(keeper.path(), "0000\n{}").expect("damaged");
            let taken = keeper.take_up();
            assert_eq!(taken.table, Some(table));
            assert!(matches!(taken.refused, Some(BadTable::Checksum)));
        }
        std::fs::remove_file(keeper.path()).expect("removed");
        let taken = keeper.take_up();
        assert!(
            taken.table.is_none() && taken.refused.is_none(),
            "somebody wanted that"
        );
        let second = locked(&keeper.file).second();
        std::fs::write(keeper.path(), "0000\n{}").expect("damaged");
        std::fs::write(second, "0000\n{}").expect("damaged");
        let taken = keeper.take_up();
        assert!(taken.table.is_none() && taken.refused.is_some());
        assert_eq!(
            taken.epoch,
            Epoch(8),
            "whoever comes is told apart all the same"
        );
    }

    #[test]
    fn what_the_disk_does_not_take_is_known_until_it_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let in_the_way = folder.path().join("table.json.new");
        std::fs::create_dir(&in_the_way).expect("in the way");
        let keeper = keeper(folder.path());
        assert_eq!(keeper.unkept(), None);
        keeper.save_late(empty(TABLE_FORMAT));
        assert_eq!(keeper.unkept(), Some(UnkeptTable { why: None }));
        let refused = || keeper.unkept().is_some_and(|unkept| unkept.why.is_some());
        std::thread::scope(|threads| {
            threads.spawn(|| keeper.write_late());
            while !refused() {
                std::thread::yield_now();
            }
            std::fs::remove_dir(&in_the_way).expect("out of the way");
            while keeper.unkept().is_some() {
                std::thread::yield_now();
            }
            keeper.end();
        });
        assert_eq!(keeper.take_up().table, Some(empty(TABLE_FORMAT)));
    }

    #[test]
    fn who_gave_the_file_away_writes_its_second_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = keeper(folder.path());
        keeper.save(&empty(TABLE_FORMAT)).expect("saved");
        keeper.give_away();
        keeper.write_waiting().expect("nothing to do");
        assert!(!locked(&keeper.file).second().exists());
    }
}
