//! Whether a file can be started, and where a program from PATH lies.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use windlass_edge::EdgeError;

use super::fail::rejected;

/// PATH of whoever has none.
pub(super) const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How much of a script is looked at; the kernel reads no more either.
const FIRST_LINE: u64 = 256;

/// The first executable file called `name` on `path`.
pub(super) fn find(name: &str, path: &str) -> Option<PathBuf> {
    path.split(':')
        // An empty or relative entry would mean a folder that differs by who asks.
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| Path::new(folder).join(name))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// Checks that the kernel can start `file`; `shown` is what the person wrote.
///
/// What is neither ELF nor `#!` is refused here: the C library would hand it to a shell.
pub(super) fn check(file: &Path, shown: &str, path: &str) -> Result<(), EdgeError> {
    let metadata = fs::metadata(file)
        .map_err(|e| rejected(format!("the program {shown} is missing")).because(e))?;
    if !metadata.is_file() {
        return Err(rejected(format!("the program {shown} is no file")));
    }
    let begins = check_start(file, shown, path);
    if is_executable(file) {
        return begins;
    }
    let no_right = format!("the program {shown} is not executable: chmod +x {shown}");
    Err(rejected(match begins {
        Ok(()) => no_right,
        Err(why) => format!("{no_right}; {}", why.chain()),
    }))
}

/// Checks that the kernel knows what `file` is.
fn check_start(file: &Path, shown: &str, path: &str) -> Result<(), EdgeError> {
    let mut start = Vec::new();
    File::open(file)
        .and_then(|file| file.take(FIRST_LINE).read_to_end(&mut start))
        .map_err(|e| rejected(format!("the program {shown} can't be read")).because(e))?;
    if start.is_empty() {
        return Err(rejected(format!("the program {shown} is empty")));
    }
    if start.starts_with(b"\x7fELF") {
        return check_processor(&start, shown);
    }
    let Some(line) = start.strip_prefix(b"#!") else {
        return Err(rejected(format!(
            "the program {shown} is neither a binary of this system nor a script that begins with #!"
        )));
    };
    let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
    check_interpreter(&String::from_utf8_lossy(line), shown, path)
}

/// Processors whose binaries run here, as ELF numbers them; empty where that is not known.
const PROCESSORS: &[u16] = if cfg!(target_arch = "x86_64") {
    &[62, 3]
} else if cfg!(target_arch = "aarch64") {
    &[183, 40]
} else {
    &[]
};

fn check_processor(start: &[u8], shown: &str) -> Result<(), EdgeError> {
    let processor = start.get(18..20).and_then(|two| two.try_into().ok());
    let Some(processor) = processor.map(u16::from_le_bytes) else {
        return Err(rejected(format!(
            "the program {shown} is cut off: only {} bytes of a binary are there",
            start.len()
        )));
    };
    if PROCESSORS.is_empty() || PROCESSORS.contains(&processor) {
        return Ok(());
    }
    Err(rejected(format!(
        "the program {shown} is a binary for another kind of processor than this machine's"
    )))
}

fn check_interpreter(line: &str, shown: &str, path: &str) -> Result<(), EdgeError> {
    // Only spaces and tabs separate: a carriage return belongs to the name, and is shown.
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let interpreter = words.next().unwrap_or_default();
    let missing = |name: &str| {
        let why = format!("the program {shown} is a script for {name:?}, which is not here");
        rejected(if name.ends_with('\r') {
            format!("{why}: it has the line ends of Windows")
        } else {
            why
        })
    };
    if !is_executable(Path::new(interpreter)) {
        return Err(missing(interpreter));
    }
    let named = words.next().unwrap_or_default();
    let by_env = interpreter.ends_with("/env")
        && !named.is_empty()
        && !named.starts_with('-')
        && !named.contains('=');
    if by_env && !named.contains('/') && find(named, path).is_none() {
        return Err(missing(named));
    }
    Ok(())
}
