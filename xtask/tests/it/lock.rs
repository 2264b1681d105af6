//! What the lock file may hold.

use std::process::Command;

use crate::deny::banned_packages;
use crate::tree::{assert_none, read};

/// Crates that carry TLS or the cryptography below it; the tree may hold the first only.
const TLS_PROVIDERS: [&str; 12] = [
    "ring",
    "aws-lc-fips-sys",
    "aws-lc-rs",
    "aws-lc-sys",
    "boring-sys",
    "gnutls-sys",
    "graviola",
    "mbedtls-sys-auto",
    "native-tls",
    "openssl-sys",
    "schannel",
    "wolfssl-sys",
];

/// Locked and built nowhere that Windlass runs: instant-acme names it behind a feature that is off, and the
/// lock file does not tell that apart. It is of Windows only.
const LOCKED_ALONE: &str = "schannel";

/// Each package costs a build of two cores some seconds, and somebody's trust.
const PACKAGES_MAX: usize = 430;

fn packages(lock: &str) -> Vec<&str> {
    lock.lines()
        .filter_map(|line| line.strip_prefix("name = \""))
        .filter_map(|rest| rest.strip_suffix('"'))
        .collect()
}

fn banned(lock: &str, names: &[String]) -> Vec<String> {
    let packages = packages(lock);
    names
        .iter()
        .filter(|name| packages.contains(&name.as_str()))
        .cloned()
        .collect()
}

fn providers(lock: &str) -> Vec<&str> {
    packages(lock)
        .into_iter()
        .filter(|name| TLS_PROVIDERS.contains(name))
        .collect()
}

#[test]
fn no_banned_package_is_locked() {
    assert_none(&banned(&read("Cargo.lock"), &banned_packages()));
}

#[test]
fn there_is_at_most_one_tls_provider_and_it_is_ring() {
    let lock = read("Cargo.lock");
    let others: Vec<&str> = providers(&lock)
        .into_iter()
        .filter(|name| Some(name) != TLS_PROVIDERS.first() && *name != LOCKED_ALONE)
        .collect();
    assert!(others.is_empty(), "TLS providers beside ring: {others:?}");
}

#[test]
fn the_one_that_is_locked_alone_is_not_built() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_unset| "cargo".to_owned());
    let tree = |package: &str| {
        let mut command = Command::new(&cargo);
        command.args([
            "tree",
            "--offline",
            "--locked",
            "--workspace",
            "--edges",
            "normal,build",
        ]);
        let ran = command.args(["--invert", package]).output();
        String::from_utf8(ran.expect("cargo runs").stdout).expect("names")
    };
    assert!(tree("ring").starts_with("ring "), "what is built is seen");
    assert_eq!(tree(LOCKED_ALONE), "");
}

#[test]
fn the_tree_stays_small_enough() {
    let lock = read("Cargo.lock");
    let count = packages(&lock).len();
    assert!(
        (20..=PACKAGES_MAX).contains(&count),
        "{count} packages, at most {PACKAGES_MAX}"
    );
}

#[test]
fn a_second_provider_and_a_banned_package_are_seen() {
    let lock = "[[package]]\nname = \"ring\"\n\n[[package]]\nname = \"aws-lc-sys\"\n";
    assert_eq!(providers(lock), ["ring", "aws-lc-sys"]);
    assert_eq!(banned(lock, &banned_packages()), ["aws-lc-sys"]);
    assert_eq!(packages(lock).len(), 2);
}
