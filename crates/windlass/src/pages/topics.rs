//! The pages that `windlass docs` prints.

use super::{cli, exits};

/// One page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Topic {
    /// What is typed.
    pub(crate) name: &'static str,
    /// What it is about, in a few words.
    pub(crate) about: &'static str,
    /// Where it is kept, below `docs/`.
    pub(crate) path: &'static str,
    text: Text,
}

/// Where the text of a page comes from.
#[derive(Clone, Copy, Debug)]
enum Text {
    /// Somebody wrote it.
    Written(&'static str),
    /// Made from the program itself.
    Made(fn() -> String),
}

impl Topic {
    /// The whole page, as Markdown.
    pub(crate) fn text(&self) -> String {
        match self.text {
            Text::Written(text) => text.to_owned(),
            Text::Made(make) => make(),
        }
    }
}

macro_rules! written {
    ($name:literal, $path:literal, $about:literal) => {
        Topic {
            name: $name,
            about: $about,
            path: $path,
            text: Text::Written(include_str!(concat!("../../../../docs/", $path))),
        }
    };
}

macro_rules! made {
    ($name:literal, $path:literal, $about:literal, $make:expr) => {
        Topic {
            name: $name,
            about: $about,
            path: $path,
            text: Text::Made($make),
        }
    };
}

/// Every page, in the order in which one would read them.
pub(crate) const TOPICS: &[Topic] = &[
    written!(
        "tutorial",
        "tutorial.md",
        "a quarter of an hour from an empty folder to a canary"
    ),
    written!(
        "first-deployment",
        "howto/first-deployment.md",
        "bring your own service under Windlass"
    ),
    written!(
        "built-elsewhere",
        "howto/built-elsewhere.md",
        "deploy an archive from a server, or a checkout: fetched, checked, kept"
    ),
    written!(
        "canary",
        "howto/canary.md",
        "give a new release a growing share of the traffic"
    ),
    written!(
        "metrics",
        "howto/metrics.md",
        "take a release back by a number of your own"
    ),
    written!(
        "roll-back",
        "howto/roll-back.md",
        "what takes a bad release back, and how you do it"
    ),
    written!(
        "score",
        "howto/score.md",
        "one number from what was measured, and what each lost point takes"
    ),
    written!(
        "replay",
        "howto/replay.md",
        "judge recorded counts again, and try a rule on them"
    ),
    written!(
        "wrap-a-script",
        "howto/wrap-a-script.md",
        "keep the deploy script that you have"
    ),
    written!(
        "environments",
        "howto/environments.md",
        "staging and production in one file"
    ),
    written!(
        "ci",
        "howto/ci.md",
        "deploy from a pipeline, here or from another machine"
    ),
    written!(
        "run-under-systemd",
        "howto/run-under-systemd.md",
        "start by itself after a reboot"
    ),
    written!(
        "back-up",
        "howto/back-up.md",
        "keep a copy of the journal, and bring it back"
    ),
    written!(
        "reach-a-controller",
        "howto/reach-a-controller.md",
        "use a controller from another machine"
    ),
    written!(
        "route-alone",
        "howto/route-alone.md",
        "use the router as a reverse proxy, without deploying"
    ),
    written!(
        "scrape-the-router",
        "howto/scrape-the-router.md",
        "let Prometheus ask the router what it counted"
    ),
    written!(
        "tls",
        "howto/tls.md",
        "certificates from files, or ordered and renewed by ACME"
    ),
    written!(
        "http-2",
        "howto/http-2.md",
        "services that speak HTTP/2, as those of gRPC do"
    ),
    written!("file", "reference/file.md", "every key of windlass.yaml"),
    made!(
        "cli",
        "reference/cli.md",
        "every command and option",
        cli::reference
    ),
    made!(
        "exit-codes",
        "reference/exit-codes.md",
        "what the number at the end means",
        exits::exits
    ),
    written!(
        "output",
        "reference/output.md",
        "what commands print for scripts"
    ),
    written!("api", "reference/api.md", "the API, for programs"),
    written!(
        "router",
        "reference/router.md",
        "what the router does with requests, beside splitting them"
    ),
    written!(
        "performance",
        "performance.md",
        "how fast it is, beside something known"
    ),
    written!(
        "architecture",
        "architecture.md",
        "what it consists of, and what may know what"
    ),
    written!(
        "vocabulary",
        "vocabulary.md",
        "the words, and what each means"
    ),
    written!(
        "scenarios",
        "scenarios.md",
        "what Windlass is held to when things go wrong"
    ),
];

/// The page that is called so, in letters of any case.
pub(crate) fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS
        .iter()
        .find(|topic| topic.name.eq_ignore_ascii_case(name))
}

/// How a page that another one links to is read here.
pub(crate) fn reference(link: &str) -> Option<String> {
    let path = link.split('#').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let same = |topic: &&Topic| topic.path.rsplit('/').next() == Some(file);
    let topic = TOPICS.iter().find(same).filter(|_| !file.is_empty())?;
    Some(format!("windlass docs {}", topic.name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Where pages are that are inside; notes on the design are for those who have the source.
    const FOLDERS: [&str; 3] = ["", "howto", "reference"];

    #[test]
    fn every_page_is_inside_and_leads_to_others_that_are() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let mut written = BTreeSet::new();
        for folder in FOLDERS {
            for entry in std::fs::read_dir(docs.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|ending| ending == "md") {
                    let name = path.strip_prefix(&docs).unwrap().to_str().unwrap();
                    written.insert(name.trim_start_matches('/').to_owned());
                }
            }
        }
        let inside: BTreeSet<String> = TOPICS.iter().map(|it| it.path.to_owned()).collect();
        assert_eq!(inside, written);
        for topic in TOPICS {
            let text = topic.text();
            let links = text.split("](").skip(1);
            let links = links.filter_map(|rest| rest.split(')').next());
            for link in links.filter(|link| link.contains(".md") && !link.contains("design/")) {
                if ["errors/", "examples/", "://"]
                    .iter()
                    .any(|part| link.contains(part))
                {
                    continue;
                }
                assert!(reference(link).is_some(), "{}: {link}", topic.path);
            }
        }
    }
}
