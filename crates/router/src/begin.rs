//! What a router begins with: the last good table of its folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use windlass_control::DamagedTable;

use crate::apply::{Held, Keeper, Kept, entries};
use crate::core::Core;
use crate::keep::TakenUp;
use crate::limits::TABLES_ASIDE;
use crate::trip;

/// What begins the name of a table that was laid aside; then the second of the calendar.
const ASIDE: &str = "table.json.damaged-";

impl Keeper {
    /// Takes up the last good table of the state folder. A bad one is refused whole and laid aside, and its
    /// second takes its place; where that is bad too the router starts empty. What had tripped is taken back
    /// if the table does not say so yet.
    pub(crate) fn open(core: Arc<Core>, kept: Kept) -> Self {
        let TakenUp {
            table,
            epoch,
            refused,
        } = kept.disk.take_up();
        let mut damaged = refused.map(|why| lay_aside(&kept, &why.to_string()));
        // Whoever comes must be told apart from those before, whatever became of the table.
        let mut held = Held {
            epoch,
            ..Held::default()
        };
        match table.map(|table| (entries(&core, &table), table)) {
            Some((Ok(mut services), on_disk)) => {
                tracing::info!(services = services.len(), "took up the last good table");
                held.file = on_disk.alone;
                let tripped = trip::take_back_again(&core, &kept.latches, &mut services);
                if tripped || damaged.is_some() || kept.disk.lacks_second() {
                    kept.disk.save_late(held.table(&services));
                }
                core.swap(services);
                if let Some(damaged) = &mut damaged {
                    damaged.second_taken = true;
                }
            }
            Some((Err(why), _)) => {
                damaged = Some(damaged.unwrap_or_else(|| lay_aside(&kept, &why)));
            }
            None => {}
        }
        if let Some(damaged) = &damaged {
            told(damaged);
        }
        Self {
            core,
            kept,
            handing: Mutex::default(),
            raising: Mutex::default(),
            held: Mutex::new(held),
            damaged,
        }
    }
}

fn told(damaged: &DamagedTable) {
    let DamagedTable {
        why,
        aside,
        second_taken,
    } = damaged;
    let aside = aside.as_deref().unwrap_or("nowhere: it stays where it is");
    if *second_taken {
        tracing::error!(%why, table.aside = aside, "refused the table on disk and took up its second");
    } else {
        tracing::error!(%why, table.aside = aside, "refused the table on disk; starting empty");
    }
}

/// Keeps the table that can't be used for whoever wants to see why.
fn lay_aside(kept: &Kept, why: &str) -> DamagedTable {
    let aside = name_anew(&kept.disk.path(), &kept.disk.folder());
    let aside = aside.map(|path| path.display().to_string());
    DamagedTable {
        why: why.to_owned(),
        aside: aside
            .inspect_err(|why| tracing::warn!(%why, "could not lay the damaged table aside"))
            .ok(),
        second_taken: false,
    }
}

/// A second name for the file: its own is taken by the next table that is kept. Until then, and if this
/// process ends before, it is found damaged again, and nobody takes it for one that was never there.
fn name_anew(table: &Path, folder: &Path) -> io::Result<PathBuf> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.map_or(0, |since| since.as_secs());
    let aside = folder.join(format!("{ASIDE}{seconds:010}"));
    match fs::hard_link(table, &aside) {
        Err(why) if why.kind() != io::ErrorKind::AlreadyExists => return Err(why),
        Ok(()) | Err(_) => {}
    }
    let mut all: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let is_aside = entry.file_name().to_str()?.starts_with(ASIDE);
            is_aside.then(|| entry.path())
        })
        .collect();
    all.sort();
    for older in all.iter().rev().skip(TABLES_ASIDE) {
        fs::remove_file(older)?;
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_damaged_tables_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let table = folder.path().join("table.json");
        fs::write(&table, "damaged").expect("written");
        for second in 0..9 {
            let older = folder.path().join(format!("{ASIDE}{second:010}"));
            fs::write(older, "older").expect("written");
        }
        let aside = name_anew(&table, folder.path()).expect("a name");
        assert_eq!(fs::read_to_string(aside).expect("there"), "damaged");
        let files = fs::read_dir(folder.path()).expect("listed").count();
        assert_eq!(files, 1 + TABLES_ASIDE);
    }
}
