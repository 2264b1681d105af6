//! Every link between the pages of this repository leads somewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::lab::repository;

/// Folders that hold no pages of the project.
const PASSED_OVER: [&str; 3] = ["target", "node_modules", ".git"];

/// What a page has: where its links go, and the anchors of its headings.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    links: Vec<String>,
    anchors: Vec<String>,
}

fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let text = heading.take().unwrap_or_default();
                page.anchors.push(anchor(&text));
            }
            _ => {}
        }
    }
    page
}

/// A heading as a link names it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Every page below a folder.
fn pages(folder: &Path) -> BTreeMap<PathBuf, Page> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.canonicalize().unwrap()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !PASSED_OVER.contains(&name.as_str()) {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                let page = read(&fs::read_to_string(&path).unwrap());
                found.insert(path, page);
            }
        }
    }
    found
}

/// The links that lead nowhere.
fn broken(pages: &BTreeMap<PathBuf, Page>) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, page) in pages {
        for link in &page.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                _ => path.parent().unwrap().join(file),
            };
            let real = target.canonicalize().ok();
            let there = real.as_ref().is_some_and(|real| {
                let anchors = pages.get(real).map(|page| &page.anchors);
                fragment.is_empty()
                    || anchors.is_some_and(|all| all.iter().any(|one| one == fragment))
            });
            if !there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    broken
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let pages = pages(&repository(""));
    assert!(pages.len() > 100, "{}", pages.len());
    let broken = broken(&pages);
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_link_to_nothing_and_to_no_heading_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let text = "# Two words, `here`\n[a](b.md) [c](#two-words-here) [d](#three) [e](https://x.y/)";
    fs::write(folder.path().join("a.md"), text).unwrap();
    let broken = broken(&pages(folder.path()));
    let ends: Vec<_> = broken
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(ends, ["b.md", "#three"]);
}
