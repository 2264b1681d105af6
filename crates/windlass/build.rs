//! Collects the pages of the error codes, so that a new code is a new file and nothing else.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&here).join("../../docs/errors").canonicalize()?;
    let mut codes = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let code = path.file_stem().and_then(|stem| stem.to_str());
        codes.extend(code.map(str::to_owned));
    }
    codes.sort();
    let mut table = "&[\n".to_owned();
    for code in codes {
        let path = folder.join(format!("{code}.md")).display().to_string();
        writeln!(table, "    ({code:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("error_pages.rs"), table)?;
    say(&folder);
    Ok(())
}

/// Tells cargo when to run this again.
fn say(folder: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
}
