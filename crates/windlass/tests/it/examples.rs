//! Each example, by the commands of its README.

use std::fs;
use std::path::Path;

use crate::lab::{HOME_STATE, Lab, repository};
use crate::page::follow;
use crate::tutorial::WRITTEN;

/// Follows the README of an example in a copy of its folder.
fn follow_the_readme_of(name: &str) {
    let lab = Lab::empty().state_in(HOME_STATE);
    let example = repository("examples").join(name);
    copy(&example, &lab.app(""));
    let mut file = fs::read_to_string(example.join("windlass.yaml")).unwrap();
    for (address, name) in WRITTEN {
        file = file.replace(address, &lab.at(name).to_string());
    }
    lab.write("windlass.yaml", &file);
    follow(&lab, &example.join("README.md"), &WRITTEN);
    lab.must_be_gone();
}

/// Copies a folder, without what npm has put there.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to).unwrap();
        } else if entry.file_name() != "node_modules" {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        }
    }
}

#[test]
fn the_minimal_example_works_as_it_is_written() {
    follow_the_readme_of("minimal");
}

#[test]
fn the_example_with_a_worker_works_as_it_is_written() {
    follow_the_readme_of("worker");
}

#[test]
fn the_example_with_a_program_of_somebody_else_works_as_it_is_written() {
    follow_the_readme_of("static-site");
}

#[test]
fn the_example_of_a_wrapped_script_works_as_it_is_written() {
    follow_the_readme_of("wrapped-script");
}

#[test]
fn the_application_of_the_demo_can_be_deployed_by_hand() {
    follow_the_readme_of("demo");
}

#[test]
fn every_example_has_a_file_and_a_page() {
    let mut names = Vec::new();
    for entry in fs::read_dir(repository("examples")).unwrap() {
        let entry = entry.unwrap();
        for file in ["windlass.yaml", "README.md"] {
            assert!(entry.path().join(file).is_file(), "{:?}", entry.path());
        }
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        ["demo", "minimal", "static-site", "worker", "wrapped-script"],
        "and a test"
    );
}
