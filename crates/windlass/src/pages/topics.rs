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
