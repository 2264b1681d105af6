//! Symbolic links inside a release: they must lead to something that is kept too.

use std::collections::VecDeque;
use std::path::Path;

use windlass_edge::EdgeError;
use windlass_kept::{Entry, Manifest};

use super::fail::rejected;

/// Most links followed for one path; the kernel's own limit.
const MOST_LINKS: usize = 40;

/// Checks every link. One that leads nowhere, in the folder as in the copy, is let through.
pub(super) fn check(manifest: &Manifest, folder: &Path) -> Result<(), EdgeError> {
    for (path, entry) in &manifest.entries {
        let Entry::Link { target } = entry else {
            continue;
        };
        let Some(end) = follow(manifest, path) else {
            return Err(rejected(format!(
                "{path} can't be kept: it leads out of the folder, to {target}"
            )));
        };
        if !manifest.entries.contains_key(&end) && folder.join(&end).exists() && !end.is_empty() {
            return Err(rejected(format!(
                "{path} leads to {end}, which is not kept: add it to `files:`"
            )));
        }
    }
    Ok(())
}

/// Where a path ends when every link on the way is followed; none when it leaves the root.
fn follow(manifest: &Manifest, path: &str) -> Option<String> {
    let mut open: VecDeque<String> = path.split('/').map(str::to_owned).collect();
    let mut place: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(part) = open.pop_front() {
        match part.as_str() {
            "" | "." => {}
            ".." => drop(place.pop()?),
            _ => {
                place.push(part);
                if let Some(Entry::Link { target }) = manifest.entries.get(&place.join("/")) {
                    links += 1;
                    if target.starts_with('/') || links > MOST_LINKS {
                        return None;
                    }
                    place.pop();
                    for part in target.rsplit('/') {
                        open.push_front(part.to_owned());
                    }
                }
            }
        }
    }
    Some(place.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(links: &[(&str, &str)]) -> Manifest {
        let mut manifest = Manifest::default();
        for (path, target) in links {
            let target = (*target).to_owned();
            let entry = Entry::Link { target };
            manifest.entries.insert((*path).to_owned(), entry);
        }
        manifest
    }

    #[test]
    fn links_are_followed_as_the_kernel_does() {
        let manifest = manifest(&[("a/up", "../b"), ("b", "c/d"), ("out", "a/../../x")]);
        assert_eq!(follow(&manifest, "a/up").as_deref(), Some("c/d"));
        // From c, not from where the link lies.
        assert_eq!(follow(&manifest, "b/../e").as_deref(), Some("c/e"));
        assert_eq!(follow(&manifest, "out"), None);
    }

    #[test]
    fn absolute_targets_and_circles_lead_out() {
        let manifest = manifest(&[("abs", "/etc/passwd"), ("x", "y"), ("y", "x")]);
        assert_eq!(follow(&manifest, "abs"), None);
        assert_eq!(follow(&manifest, "x"), None);
    }
}
