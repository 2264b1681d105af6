//! Programs that are compiled, as a person would.

use std::fs;
use std::process::Command;

use super::Lab;

/// Compiles `source` over what is at `./name`, with the variable `BUILT_AS` set to `version`.
#[track_caller]
pub(crate) fn compile(lab: &Lab, name: &str, source: &str, version: &str) {
    let file = lab.app(&format!("{name}.rs"));
    fs::write(&file, source).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = Command::new(rustc)
        .args(["--edition=2024", "-o"])
        .args([lab.app(name), file])
        .env("BUILT_AS", version)
        .env("TMPDIR", lab.tmp())
        .output()
        .expect("the toolchain that built this test has a rustc on PATH");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
}
