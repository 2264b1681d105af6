//! What a word of `run` or `files` was meant to name.

use std::fs;
use std::path::{Component, Path};

use strsim::damerau_levenshtein;

/// How a script ends that an interpreter is given.
const ENDINGS: [&str; 12] = [
    "js", "mjs", "cjs", "ts", "py", "rb", "pl", "php", "sh", "lua", "jar", "exs",
];

/// Most entries of a folder that are compared.
const ENTRIES_MAX: usize = 1000;

/// Whether a word of a command is the name of a script, and nothing else.
pub(super) fn is_script(text: &str) -> bool {
    let ending = Path::new(text)
        .extension()
        .and_then(|ending| ending.to_str());
    let named = !text.starts_with('-') && !text.contains([':', '=', ' ']);
    named && ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

/// Whether a word looks like the name of a file below the folder.
pub(super) fn is_path(text: &str) -> bool {
    let below = !text.starts_with(['-', '/']) && !text.contains([':', '=', ' ']);
    below && (text.contains('/') || is_script(text))
}

/// `text is missing`, and what it was meant to be if something there has a similar name.
pub(super) fn missing(text: &str, folder: &Path) -> String {
    // A link is there under its own name, which would be the nearest one.
    if folder.join(text).is_symlink() {
        return format!("{text} is a link to nothing");
    }
    match nearest(text, folder) {
        Some(near) => format!("{text} is missing: did you mean {near}?"),
        None => format!("{text} is missing"),
    }
}

/// The path below `folder` that differs least, part by part.
fn nearest(text: &str, folder: &Path) -> Option<String> {
    let mut here = folder.to_owned();
    let mut found = Vec::new();
    for part in Path::new(text).components() {
        let name = match part {
            Component::CurDir => ".".to_owned(),
            Component::Normal(part) => {
                let part = part.to_str()?;
                if here.join(part).exists() {
                    part.to_owned()
                } else {
                    near(part, &here)?
                }
            }
            Component::RootDir | Component::Prefix(_) | Component::ParentDir => return None,
        };
        here.push(&name);
        found.push(name);
    }
    Some(found.join("/"))
}

fn near(part: &str, folder: &Path) -> Option<String> {
    let allowed = (part.chars().count() / 3).max(1);
    let entries = fs::read_dir(folder).ok()?.flatten().take(ENTRIES_MAX);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let apart = names.map(|name| (damerau_levenshtein(part, &name), name));
    let (_, name) = apart.filter(|(apart, _)| *apart <= allowed).min()?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_told_from_a_value() {
        for script in ["web.js", "./web/wbe.py", "a/b.jar"] {
            assert!(is_script(script) && is_path(script), "{script}");
        }
        for other in ["--x.js", "http://x/y.js", "a=b.py", "300", "text", "1.5"] {
            assert!(!is_script(other) && !is_path(other), "{other}");
        }
        assert!(is_path("web/data") && !is_script("web/data"));
        assert!(!is_path("/var/lib"));
    }

    #[test]
    fn the_nearest_name_is_found_part_by_part() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("web")).expect("a folder");
        fs::write(folder.path().join("web/web.js"), "").expect("a file");
        std::os::unix::fs::symlink("nowhere", folder.path().join("gone.js")).expect("a link");
        for (given, said) in [
            ("gone.js", "gone.js is a link to nothing"),
            (
                "web/wbe.js",
                "web/wbe.js is missing: did you mean web/web.js?",
            ),
            (
                "./wbe/web.js",
                "./wbe/web.js is missing: did you mean ./web/web.js?",
            ),
            ("web/other.py", "web/other.py is missing"),
            ("../web.js", "../web.js is missing"),
        ] {
            assert_eq!(missing(given, folder.path()), said);
        }
    }
}
