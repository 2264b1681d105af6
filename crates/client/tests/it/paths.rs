//! Where state and sockets are.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use windlass_client::{ControllerLock, Holder, PathsError, Places, SOCKET_NAME_MAX, StatePaths};

fn places(folder: &Path) -> Places {
    Places {
        state_home: None,
        home: Some(folder.join("home")),
        runtime: None,
        temporary: folder.join("tmp"),
        user: rustix::process::geteuid().as_raw(),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn real(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap()
}

#[test]
fn the_state_directory_is_the_given_one_then_xdg_then_home() {
    let folder = tempfile::tempdir().unwrap();
    let root = real(folder.path());
    let mut places = places(&root);
    let at = |given: Option<&Path>, places: &Places| {
        StatePaths::locate_in(given, places).map(|paths| paths.state)
    };
    assert_eq!(
        at(None, &places).unwrap(),
        root.join("home/.local/state/windlass")
    );
    places.state_home = Some(root.join("xdg"));
    assert_eq!(at(None, &places).unwrap(), root.join("xdg/windlass"));
    let given = root.join("given");
    assert_eq!(at(Some(&given), &places).unwrap(), given);
    places.state_home = None;
    places.home = None;
    assert!(matches!(at(None, &places), Err(PathsError::Nowhere)));
}

#[test]
fn locating_makes_nothing_and_creating_makes_private_folders() {
    let folder = tempfile::tempdir().unwrap();
    let places = places(folder.path());
    let paths = StatePaths::locate_in(None, &places).unwrap();
    assert!(!paths.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    paths.create().unwrap();
    paths.create().unwrap();
    assert!(paths.exists());
    assert_eq!((mode(&paths.state), mode(&paths.run)), (0o700, 0o700));
    assert_eq!(paths.run, paths.state.join("run"));
}

#[test]
fn with_a_runtime_folder_the_sockets_are_there_under_a_hash_of_the_state_directory() {
    let folder = tempfile::tempdir().unwrap();
    let mut places = places(folder.path());
    let runtime = folder.path().join("r");
    fs::create_dir(&runtime).unwrap();
    places.runtime = Some(runtime.clone());
    let one = StatePaths::locate_in(Some(&folder.path().join("one")), &places).unwrap();
    let two = StatePaths::locate_in(Some(&folder.path().join("two")), &places).unwrap();
    assert_eq!(one.run.parent(), Some(runtime.join("windlass").as_path()));
    assert_ne!(one.run, two.run);
    one.create().unwrap();
    assert_eq!(mode(&runtime.join("windlass")), 0o700);
}

#[test]
fn two_spellings_of_one_folder_share_their_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let places = places(folder.path());
    let state = folder.path().join("state");
    let before = StatePaths::locate_in(Some(&state), &places).unwrap();
    fs::create_dir(&state).unwrap();
    symlink(&state, folder.path().join("link")).unwrap();
    let link = folder.path().join("link");
    for spelling in [state, link, folder.path().join("link/../state")] {
        assert_eq!(
            StatePaths::locate_in(Some(&spelling), &places).unwrap(),
            before
        );
    }
}

#[test]
fn a_runtime_folder_that_is_not_there_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut places = places(folder.path());
    places.runtime = Some(folder.path().join("gone"));
    let paths = StatePaths::locate_in(None, &places).unwrap();
    assert_eq!(paths.run, paths.state.join("run"));
}

#[test]
fn a_path_too_long_for_a_socket_falls_back_to_the_users_own_temporary_folder() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let mut places = places(folder.path());
    places.temporary = folder.path().to_owned();
    let deep = folder.path().join("x".repeat(100));
    let paths = StatePaths::locate_in(Some(&deep), &places).unwrap();
    let users = folder.path().join(format!("windlass-{}", places.user));
    assert_eq!(paths.run.parent(), Some(users.as_path()));
    assert!(paths.run.as_os_str().len() + 1 + SOCKET_NAME_MAX < 100);
    paths.create().unwrap();
    assert_eq!((mode(&users), mode(&paths.run)), (0o700, 0o700));

    places.temporary = folder.path().join("y".repeat(100));
    let refused = StatePaths::locate_in(Some(&deep), &places);
    assert!(
        matches!(refused, Err(PathsError::TooLong { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_fallback_folder_that_others_can_enter_is_refused() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let mut places = places(folder.path());
    places.temporary = folder.path().to_owned();
    let users = folder.path().join(format!("windlass-{}", places.user));
    fs::create_dir(&users).unwrap();
    fs::set_permissions(&users, fs::Permissions::from_mode(0o755)).unwrap();
    let deep = folder.path().join("x".repeat(100));
    let paths = StatePaths::locate_in(Some(&deep), &places).unwrap();
    let refused = paths.create();
    assert!(
        matches!(refused, Err(PathsError::NotPrivate { .. })),
        "{refused:?}"
    );

    fs::remove_dir(&users).unwrap();
    symlink(folder.path(), &users).unwrap();
    let refused = paths.create();
    assert!(
        matches!(refused, Err(PathsError::NotPrivate { .. })),
        "a link: {refused:?}"
    );
}

#[test]
fn a_state_directory_that_others_can_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).unwrap();
    let paths = StatePaths::locate_in(Some(&state), &places(folder.path())).unwrap();
    let refused = paths.create();
    assert!(
        matches!(refused, Err(PathsError::NotPrivate { .. })),
        "{refused:?}"
    );
}

#[test]
fn one_controller_at_a_time_has_the_lock_and_its_pid_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let paths = StatePaths::locate_in(None, &places(folder.path())).unwrap();
    assert_eq!(ControllerLock::holder(&paths), Holder::Nobody);
    paths.create().unwrap();
    let lock = ControllerLock::take(&paths).unwrap().unwrap();
    let me = Some(std::process::id());
    assert_eq!(ControllerLock::holder(&paths), Holder::Somebody(me));
    assert!(ControllerLock::take(&paths).unwrap().is_none());
    drop(lock);
    assert_eq!(ControllerLock::holder(&paths), Holder::Nobody);
    assert!(ControllerLock::take(&paths).unwrap().is_some());
}
