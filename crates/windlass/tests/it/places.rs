//! Surroundings that are not as one would wish: taken addresses, full and closed folders, long
//! paths, a user without rights.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use crate::lab::{Lab, Service, answer};

const WEB: &str = "\
app: shop
services:
  web: { run: ./web, listen: @web, ready: /health/ready, bake: 200ms }
";

#[test]
fn an_address_that_another_program_has_is_named_with_that_program() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    let taken = TcpListener::bind(lab.at("web")).unwrap();
    // Whose the programs of others are, a user without rights does not see.
    let us = if lab.sees_us() {
        format!("is taken by pid {}", std::process::id())
    } else {
        "is taken".to_owned()
    };
    for verb in ["plan", "deploy"] {
        let left = lab.run(&[verb]).exits(65);
        left.says(&["WL0310", "web: ", &lab.at("web").to_string(), &us]);
    }
    assert!(lab.run(&["list"]).exits(0).out.contains("no deployment"));
    drop(taken);
    lab.deploy();

    // With another address the old one serves on.
    let taken = TcpListener::bind(lab.at("other")).unwrap();
    lab.file(&WEB.replace("@web", "@other"));
    let left = lab.run(&["deploy"]).exits(65);
    left.says(&[&lab.at("other").to_string(), &us]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    drop(taken);
}

#[test]
fn a_user_without_rights_can_do_everything() {
    let lab = Lab::ordinary(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
}

#[test]
fn a_closed_folder_of_releases_is_named_and_nothing_changes() {
    let lab = Lab::ordinary(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    let releases = lab.state("releases");
    let closed = |mode| fs::set_permissions(&releases, fs::Permissions::from_mode(mode)).unwrap();
    closed(0o500);
    lab.program("web", &Service::new("web", "2"));
    let left = lab.run(&["deploy"]);
    closed(0o700);
    let left = left.exits(6);
    left.says(&["web", "releases", "ermission denied", "nothing was changed"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

#[test]
fn a_release_that_the_disk_cannot_hold_is_told_and_nothing_changes() {
    let lab = Lab::new(&WEB.replace("run: ./web", "run: ./web, files: [./web, ./assets]"));
    lab.program("web", &Service::new("web", "1"));
    lab.write("assets", "few");
    // A limit for every file that this controller writes stands for the end of the disk.
    let script = "trap '' XFSZ; ulimit -f 16384; exec \"$0\" deploy";
    lab.start_command(lab.shell(script)).left().exits(0);
    fs::write(lab.app("assets"), vec![b'x'; 40 * 1024 * 1024]).unwrap();
    let left = lab.run(&["deploy"]).exits(6);
    left.says(&["web", "File too large", "nothing was changed"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    let kept = fs::read_dir(lab.state("releases")).unwrap().count();
    assert_eq!(kept, 1, "the unfinished copy is gone");
}

#[test]
fn a_state_directory_with_a_very_long_path_has_its_sockets_elsewhere() {
    let long = ["a-rather-long-name-for-a-folder"; 6].join("/");
    let lab = Lab::new(WEB).state_in(&long);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    let sockets = lab.sockets();
    assert!(!sockets.is_empty());
    for socket in sockets {
        assert!(socket.starts_with(lab.tmp()), "{}", socket.display());
        let folder = fs::metadata(socket.parent().unwrap()).unwrap();
        assert_eq!(folder.permissions().mode() & 0o077, 0, "private");
    }
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
}
