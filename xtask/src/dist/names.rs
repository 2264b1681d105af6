//! Whether what was counted still has the names of what is built. The compiler makes them of its own version, of what it
//! builds for, and of each package's name, version and features, with those of all that it depends on.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::process::Command;

use anyhow::Context as _;

use crate::workspace::Workspace;

/// What they were made of when it was counted, from the root of the tree.
const MADE_OF: &str = "xtask/src/dist/names.txt";

/// Why they are others now, if they are.
///
/// # Errors
/// It can't be found out.
pub(super) fn stale(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    let then = fs::read_to_string(workspace.root.join(MADE_OF));
    let then = then.with_context(|| format!("read {MADE_OF}"))?;
    Ok(changed(&then, &made_of(workspace)?))
}

/// Keeps what they are made of now.
///
/// # Errors
/// It can't be found out, or written.
pub(super) fn keep(workspace: &Workspace) -> anyhow::Result<()> {
    fs::write(workspace.root.join(MADE_OF), made_of(workspace)?)
        .with_context(|| format!("write {MADE_OF}"))
}

/// The compiler as it calls itself, and the packages.
fn made_of(workspace: &Workspace) -> anyhow::Result<String> {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(compiler)
        .arg("-vV")
        .current_dir(&workspace.root)
        .output()
        .context("ask the compiler for its version")?;
    anyhow::ensure!(
        asked.status.success(),
        "the compiler did not say its version: {}",
        String::from_utf8_lossy(&asked.stderr).trim()
    );
    let lock = fs::read(workspace.root.join("Cargo.lock")).context("read Cargo.lock")?;
    // Another compiler may hash otherwise: then its own lines are others too.
    let mut packages = DefaultHasher::new();
    lock.hash(&mut packages);
    let packages = packages.finish();
    let compiler = String::from_utf8_lossy(&asked.stdout);
    Ok(format!(
        "{}\nCargo.lock: {packages:016x}\n",
        compiler.trim()
    ))
}

/// The first line that is another one.
fn changed(then: &str, now: &str) -> Option<String> {
    let mut pairs = then.lines().zip(now.lines());
    let (then, now) = pairs.find(|(then, now)| then != now)?;
    Some(format!(
        "it was counted with \"{then}\", and this is \"{now}\""
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_compiler_and_other_packages_are_told() {
        let then = "rustc 1\nhost: here\nCargo.lock: 1\n";
        assert_eq!(changed(then, then), None);
        for (now, told) in [
            ("rustc 2\nhost: here\nCargo.lock: 1\n", "rustc 2"),
            ("rustc 1\nhost: there\nCargo.lock: 1\n", "host: there"),
            ("rustc 1\nhost: here\nCargo.lock: 2\n", "Cargo.lock: 2"),
        ] {
            assert!(changed(then, now).expect("changed").contains(told));
        }
    }
}
