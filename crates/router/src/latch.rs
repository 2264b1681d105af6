//! Trips on disk: what was taken back and is not acknowledged.
//!
//! One file of fixed places, written and synced when they are made, and then only ever written in
//! place: a full disk can't stop it. More are made before more tripwires are armed than there are
//! places. A place holds the length of the record, its SHA-256, and the
//! record as JSON; one that does not match is free.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{FallocateFlags, fallocate};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use windlass_control::{Trip, TripwireId};

use crate::core::locked;
use crate::limits::{TRIP_BYTES, TRIPS, TRIPS_STEP};

/// Length and checksum before a record.
const HEAD: usize = 4 + 32;

/// A trip and its place in the order of trips.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latched {
    number: u64,
    pub(crate) trip: Trip,
    /// The controller has journalled it. It is kept until the table on disk no longer holds what it
    /// took back.
    pub(crate) acknowledged: bool,
}

/// All trips, in memory and on disk.
pub(crate) struct Latches {
    path: PathBuf,
    places: Mutex<Places>,
}

struct Places {
    /// None when it could not be made: then trips are in memory only.
    file: Option<File>,
    /// In the file.
    room: usize,
    kept: Vec<Option<Latched>>,
    last: u64,
    /// Written and not synced.
    dirty: bool,
}

impl Latches {
    /// Takes up the file of the state folder, or makes it.
    pub(crate) fn open(folder: &Path) -> Self {
        let path = folder.join("trips");
        let mut places = Places {
            file: None,
            room: 0,
            kept: Vec::new(),
            last: 0,
            dirty: false,
        };
        if let Err(why) = places.prepare(&path) {
            tracing::error!(trips.path = %path.display(), %why, "could not prepare the file of trips");
        }
        Self {
            path,
            places: Mutex::new(places),
        }
    }

    /// Has a place on disk for each of `armed` tripwires, which may all fire, beside what has.
    pub(crate) fn make_room(&self, armed: usize) -> Result<(), NoPlace> {
        let mut places = locked(&self.places);
        let used = places.kept.iter().flatten().count();
        if used + armed > TRIPS {
            return Err(NoPlace::TooMany(used + armed));
        }
        if places.file.is_none() {
            places.prepare(&self.path)?;
        }
        places.grow(used + armed)?;
        Ok(())
    }

    /// Keeps a trip. In memory it always is.
    pub(crate) fn keep(&self, trip: Trip) -> io::Result<()> {
        let mut places = locked(&self.places);
        places.last += 1;
        let latched = Latched {
            number: places.last,
            trip,
            acknowledged: false,
        };
        let at = places.kept.iter().position(Option::is_none);
        let at = at.unwrap_or(places.kept.len());
        if at == places.kept.len() {
            places.kept.push(None);
        }
        places.kept[at] = Some(latched);
        places.write(at)
    }

    /// The controller has journalled it.
    pub(crate) fn acknowledge(&self, id: &TripwireId) -> io::Result<()> {
        let mut places = locked(&self.places);
        for at in 0..places.kept.len() {
            let Some(latched) = &mut places.kept[at] else {
                continue;
            };
            if latched.trip.id == *id && !latched.acknowledged {
                latched.acknowledged = true;
                places.write(at)?;
            }
        }
        Ok(())
    }

    /// Forgets what is acknowledged: the table on disk is a later one.
    pub(crate) fn free(&self) {
        let mut places = locked(&self.places);
        for at in 0..places.kept.len() {
            let done = places.kept[at].as_ref().is_some_and(|l| l.acknowledged);
            if !done {
                continue;
            }
            places.kept[at] = None;
            if let Err(why) = places.write(at) {
                tracing::error!(%why, "could not free the place of a trip");
            }
        }
        let used = last_used(&places.kept);
        let room = places.room;
        places.kept.truncate(used.max(room));
    }

    /// All that are kept, oldest first.
    pub(crate) fn all(&self) -> Vec<Latched> {
        let mut all: Vec<_> = locked(&self.places)
            .kept
            .iter()
            .flatten()
            .cloned()
            .collect();
        all.sort_by_key(|latched| latched.number);
        all
    }

    /// Has the disk take what was written.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let duplicate = {
            let mut places = locked(&self.places);
            match &places.file {
                Some(file) if places.dirty => {
                    let duplicate = file.try_clone()?;
                    places.dirty = false;
                    duplicate
                }
                Some(_) | None => return Ok(()),
            }
        };
        duplicate.sync_data().inspect_err(|_failed| {
            locked(&self.places).dirty = true;
        })
    }
}

impl Places {
    fn prepare(&mut self, path: &Path) -> io::Result<()> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let room = places_in(&file)?;
        if room < TRIPS_STEP {
            // Nothing was ever kept there: it was not made to its end.
            file.set_len(0)?;
            extend(&file, 0, TRIPS_STEP)?;
            if let Some(folder) = path.parent() {
                File::open(folder)?.sync_all()?;
            }
        }
        self.room = room.max(TRIPS_STEP);
        let known = self.kept.iter().any(Option::is_some);
        let most = self.kept.len().max(self.room);
        self.kept.resize(most, None);
        self.file = Some(file);
        if known {
            self.grow(last_used(&self.kept).min(TRIPS))?;
        }
        for at in 0..self.room {
            if known {
                self.write(at)?;
            } else {
                self.kept[at] = self.read(at)?;
            }
        }
        let numbers = self.kept.iter().flatten().map(|l| l.number);
        self.last = numbers.max().unwrap_or(self.last);
        Ok(())
    }

    /// Makes places until there are so many.
    fn grow(&mut self, wanted: usize) -> io::Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| wanted > self.room) else {
            return Ok(());
        };
        let room = wanted.next_multiple_of(TRIPS_STEP);
        extend(file, self.room, room)?;
        self.room = room;
        let most = self.kept.len().max(room);
        self.kept.resize(most, None);
        Ok(())
    }

    fn read(&self, at: usize) -> io::Result<Option<Latched>> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        read_place(file, at)
    }

    fn write(&mut self, at: usize) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Err(io::Error::other("there is no file of trips"));
        };
        if at >= self.room {
            return Err(io::Error::other("no place is free"));
        }
        let bytes = match &self.kept[at] {
            None => vec![0; HEAD],
            Some(latched) => record(latched)?,
        };
        file.write_all_at(&bytes, place(at))?;
        self.dirty = true;
        Ok(())
    }
}

/// Why a trip could not be kept if it came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPlace {
    #[error(
        "{0} tripwires and trips would be kept at once, and a router keeps {most}: finish or roll back what is \
         under way of some services",
        most = TRIPS
    )]
    TooMany(usize),
    #[error("a trip could not be kept: {0}")]
    Disk(#[from] io::Error),
}

/// How many places there are in a file.
fn places_in(file: &File) -> io::Result<usize> {
    let places = file.metadata()?.len() / TRIP_BYTES as u64;
    Ok(usize::try_from(places).map_or(TRIPS, |places| places.min(TRIPS)))
}

/// Adds empty places to those that are there. With too little room on the disk none is added.
fn extend(file: &File, before: usize, after: usize) -> io::Result<()> {
    let grown = write_empty(file, before, after);
    if grown.is_err() {
        file.set_len(place(before))?;
    }
    grown
}

/// Written and not only reserved: the first write in place needs nothing of the disk.
fn write_empty(file: &File, before: usize, after: usize) -> io::Result<()> {
    let (from, to) = (place(before), place(after));
    fallocate(file, FallocateFlags::KEEP_SIZE, from, to - from)?;
    let empty = vec![0; TRIP_BYTES];
    for at in before..after {
        file.write_all_at(&empty, place(at))?;
    }
    file.sync_all()
}

/// The trips on disk that no controller has journalled yet; none without a file. Changes nothing.
pub(crate) fn unacknowledged(folder: &Path) -> io::Result<Vec<Trip>> {
    let file = match File::open(folder.join("trips")) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(why),
    };
    let mut open = Vec::new();
    for at in 0..places_in(&file)? {
        let latched = read_place(&file, at)?.filter(|latched| !latched.acknowledged);
        open.extend(latched.map(|latched| latched.trip));
    }
    Ok(open)
}

fn read_place(file: &File, at: usize) -> io::Result<Option<Latched>> {
    let mut bytes = vec![0; TRIP_BYTES];
    file.read_exact_at(&mut bytes, place(at))?;
    let (head, rest) = bytes.split_at(HEAD);
    let (length, checksum) = head.split_at(4);
    let length = length
        .iter()
        .rev()
        .fold(0, |n, b| (n << 8) | usize::from(*b));
    if length == 0 {
        return Ok(None);
    }
    let json = rest.get(..length).unwrap_or_default();
    if json.is_empty() || *checksum != *Sha256::digest(json) {
        tracing::error!(place = at, "a trip on disk is damaged; its place is free");
        return Ok(None);
    }
    let latched = serde_json::from_slice(json);
    Ok(latched
        .inspect_err(
            |why| tracing::error!(place = at, %why, "a trip on disk is none; its place is free"),
        )
        .ok())
}

/// Whether `trip` will find room in one place.
pub(crate) fn fits(trip: &Trip) -> bool {
    let largest = Latched {
        number: u64::MAX,
        trip: trip.clone(),
        acknowledged: false,
    };
    record(&largest).is_ok()
}

fn record(latched: &Latched) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(latched)?;
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    if json.len() > TRIP_BYTES - HEAD {
        return Err(io::Error::other(format!(
            "a trip of {length} bytes is longer than its place"
        )));
    }
    let mut bytes = Vec::with_capacity(HEAD + json.len());
    bytes.extend(length.to_le_bytes());
    bytes.extend(Sha256::digest(&json));
    bytes.extend(json);
    Ok(bytes)
}

/// One past the last place that is used.
fn last_used(kept: &[Option<Latched>]) -> usize {
    kept.iter()
        .rposition(Option::is_some)
        .map_or(0, |at| at + 1)
}

fn place(at: usize) -> u64 {
    (at * TRIP_BYTES) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_control::TripRule;
    use windlass_model::{ServiceKey, SlotId};

    fn trip(number: usize) -> Trip {
        let service = ServiceKey::try_from("shop/default/web".to_owned()).expect("a key");
        Trip {
            id: TripwireId(format!("dep_1/web/{number}")),
            service: service.clone(),
            slot: SlotId(2),
            rule: TripRule::Errors,
            answers: 10,
            errors: 6,
            slow: 0,
            at_us: 1,
            took_back: vec![service],
            withheld: None,
        }
    }

    fn ids(latches: &Latches) -> Vec<String> {
        let all = latches.all().into_iter();
        all.map(|latched| latched.trip.id.0).collect()
    }

    #[test]
    fn trips_are_found_again_in_order_and_a_place_freed_is_used_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let latches = Latches::open(folder.path());
        for number in 0..3 {
            latches.keep(trip(number)).expect("kept");
        }
        latches.acknowledge(&trip(0).id).expect("noted");
        let again = Latches::open(folder.path());
        assert_eq!(again.all(), latches.all());
        latches.free();
        latches.keep(trip(3)).expect("kept");
        let again = Latches::open(folder.path());
        assert_eq!(ids(&again), ["dep_1/web/1", "dep_1/web/2", "dep_1/web/3"]);
        let length = std::fs::metadata(folder.path().join("trips")).expect("a file");
        assert_eq!(length.len(), (TRIPS_STEP * TRIP_BYTES) as u64);
    }

    #[test]
    fn a_trip_that_finds_no_place_is_kept_in_memory_and_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let latches = Latches::open(folder.path());
        for number in 0..TRIPS_STEP {
            latches.keep(trip(number)).expect("kept");
        }
        assert!(latches.keep(trip(TRIPS_STEP)).is_err());
        assert_eq!(ids(&latches).len(), TRIPS_STEP + 1);
        latches.acknowledge(&trip(1).id).expect("noted");
        latches.free();
        assert_eq!(ids(&latches).len(), TRIPS_STEP);
        latches.keep(trip(TRIPS_STEP + 1)).expect("kept");
    }

    #[test]
    fn there_is_a_place_for_as_many_as_are_armed_up_to_the_most() {
        let folder = tempfile::tempdir().expect("a folder");
        let latches = Latches::open(folder.path());
        latches.make_room(TRIPS).expect("room");
        for number in 0..TRIPS {
            latches.keep(trip(number)).expect("kept");
        }
        let said = latches.make_room(1).expect_err("no room").to_string();
        assert!(said.starts_with("4097 tripwires and trips"), "{said}");
        let again = Latches::open(folder.path());
        assert_eq!(again.all(), latches.all());
        assert_eq!(unacknowledged(folder.path()).expect("read").len(), TRIPS);
        let length = std::fs::metadata(folder.path().join("trips")).expect("a file");
        assert_eq!(length.len(), 32 * 1024 * 1024);
    }

    #[test]
    fn places_that_were_not_made_to_their_end_are_made_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("trips");
        let latches = Latches::open(folder.path());
        latches.keep(trip(1)).expect("kept");
        let file = OpenOptions::new().write(true).open(&path).expect("a file");
        let odd = place(TRIPS_STEP + 3) + 17;
        file.set_len(odd).expect("longer");
        let again = Latches::open(folder.path());
        again.make_room(TRIPS_STEP * 2 - 1).expect("room");
        let length = std::fs::metadata(&path).expect("a file").len();
        assert_eq!(length, place(TRIPS_STEP * 2));
        assert_eq!(ids(&Latches::open(folder.path())), ["dep_1/web/1"]);
        std::fs::write(&path, "cut").expect("written");
        let anew = Latches::open(folder.path());
        assert!(anew.all().is_empty());
        anew.keep(trip(2)).expect("kept");
    }

    #[test]
    fn a_trip_of_too_many_services_does_not_fit() {
        let mut long = trip(1);
        assert!(fits(&long));
        let service = long.service.clone();
        long.took_back = vec![service; 1_000];
        assert!(!fits(&long));
    }
}
