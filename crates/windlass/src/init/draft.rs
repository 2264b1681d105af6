//! A draft of `windlass.yaml`, and its text.

use std::fmt::Write as _;
use std::path::Path;

use windlass_model::{ServiceName, harmless};

use super::run::{quoted, words};
use super::wrapped::Wrapped;

/// The first port that is proposed.
const FIRST_PORT: u16 = 8080;

/// The first that is proposed in a comment.
const FIRST_SPARE: u16 = 8090;

/// Longest name that is made of another one.
const NAME_MAX: usize = 40;

/// Longest name of a variable.
const VARIABLE_MAX: usize = 255;

/// One service that is proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guess {
    /// Whatever it is called where it was found.
    pub(crate) name: String,
    /// The command, as one text.
    pub(crate) run: String,
    pub(crate) served: Served,
    pub(crate) needs: Vec<String>,
    /// What belongs to the release beside the program.
    pub(crate) files: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// How many run at once; without it one.
    pub(crate) instances: Option<u16>,
    /// What was guessed and should be looked at: comments above it.
    pub(crate) notes: Vec<String>,
    /// What else is wrapped, where `run` is a script that deploys by itself.
    pub(crate) wraps: Option<Wrapped>,
}

/// Variables that Windlass says itself.
const OWN: [&str; 3] = ["PORT", "INSTANCE", "VERSION"];

impl Guess {
    /// Gives it a variable, in the place of one of that name. What Windlass says itself is not said here; what can be
    /// no name is told.
    pub(super) fn set(&mut self, name: &str, value: String) {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if OWN.contains(&name) {
            return;
        }
        if !starts || !name.chars().all(plain) || name.len() > VARIABLE_MAX {
            let note = format!("Not taken over, as no variable is called so here: {name}");
            self.notes.push(note);
            return;
        }
        self.env.retain(|(before, _)| before != name);
        self.env.push((name.to_owned(), value));
    }
}

/// Whether requests come to a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Served {
    /// None that is known of.
    #[default]
    No,
    /// They do; nothing says where.
    Anywhere,
    /// They come to this port now.
    At(u16),
}

/// All that is proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    /// What was recognised: files of the folder.
    pub(crate) saw: Vec<String>,
    pub(crate) services: Vec<Guess>,
    /// What was seen and can't be run: comments at the end.
    pub(crate) left_out: Vec<String>,
    /// Files that were recognised and can't be read; why is said under `left_out`.
    pub(crate) unread: Vec<String>,
    /// Whether the services are those of the folder: else they are an example.
    pub(crate) known: bool,
}

impl Draft {
    /// The least example, where nothing was recognised.
    pub(crate) fn example() -> Self {
        let web = Guess {
            name: "web".to_owned(),
            run: "./server --port ${PORT}".to_owned(),
            served: Served::Anywhere,
            notes: vec![
                "Put your program here. ${PORT} is the port that it must listen on; it is in the variable PORT too."
                    .to_owned(),
            ],
            ..Guess::default()
        };
        Self {
            services: vec![web],
            ..Self::default()
        }
    }
}

/// Scripts whose name says nothing about the service.
const COMMON: [&str; 10] = [
    "app", "main", "server", "index", "run", "start", "service", "wsgi", "asgi", "manage",
];

/// What else a file may say, where nothing is known of the program.
const MORE: &str = "
  # A service that needs another one waits for it, and finds it: with `needs: [api]` above, web
  # has the variable API_URL, which is http://127.0.0.1:8081.
  # api:
  #   run: ./api --port ${PORT}
  #   listen: 127.0.0.1:8081

  # Without `listen` it gets no requests.
  # worker:
  #   needs: [api]
  #   run: ./worker
";

/// What a service is called after the script that its command names.
pub(crate) fn called(run: &str) -> String {
    let mut words = words(run).into_iter();
    let script = words.find(|word| word.starts_with("./"));
    let stem = script
        .as_deref()
        .and_then(|script| Path::new(script).file_stem()?.to_str());
    let own = stem.filter(|stem| !COMMON.contains(stem) && !stem.starts_with('.'));
    own.unwrap_or("web").to_owned()
}

/// A name as Windlass takes it.
pub(crate) fn name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let begun = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let short: String = begun.chars().take(NAME_MAX).collect();
    let name = short.trim_end_matches('-').to_owned();
    if ServiceName::new(&name).is_ok() {
        name
    } else {
        "app".to_owned()
    }
}

/// The text of the file.
pub(crate) fn file(app: &str, draft: &Draft) -> String {
    let from = if draft.saw.is_empty() {
        String::new()
    } else {
        format!(" from {}", harmless(&draft.saw.join(", ")))
    };
    let mut text = format!(
        "# Written by `windlass init`{from}.\n\
         # Look at each line, then: windlass validate, windlass plan, windlass deploy.\n\
         # Every key: windlass docs file. Completion in an editor: windlass schema --help.\n\
         {}\n\
         app: {}\n\n\
         services:\n",
        folders(&draft.services),
        name(app)
    );
    let mut ports = Ports::of(&draft.services);
    for (index, guess) in draft.services.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&service(guess, &mut ports));
    }
    if !draft.known {
        text.push_str(MORE);
    }
    if !draft.left_out.is_empty() {
        text.push_str("\n# Not run by Windlass today:\n");
        for line in &draft.left_out {
            // A String takes every write.
            writeln!(text, "# - {}", harmless(line)).ok();
        }
    }
    text
}

/// In which folder the commands run: nothing else says it, and a relative path is read there.
fn folders(services: &[Guess]) -> String {
    let (scripts, services): (Vec<&Guess>, Vec<_>) =
        services.iter().partition(|service| service.wraps.is_some());
    let mut text = String::new();
    if !services.is_empty() {
        text.push_str(IN_A_RELEASE);
    }
    if !scripts.is_empty() {
        text.push_str(IN_THIS_FOLDER);
    }
    text
}

/// Of what `run` says.
const IN_A_RELEASE: &str = "\
# A service runs in its release, not in this folder: a read-only copy of the program and of what
# `files` lists, laid out as here. What it writes goes to absolute paths.
";

/// Of scripts that are wrapped.
const IN_THIS_FOLDER: &str = "\
# A script under `command` runs in this folder.
";

fn service(guess: &Guess, ports: &mut Ports) -> String {
    let mut lines: Vec<String> = guess
        .notes
        .iter()
        .map(|note| format!("  # {}", harmless(note)))
        .collect();
    lines.push(format!("  {}:", name(&guess.name)));
    if let Some(wraps) = &guess.wraps {
        lines.extend(wraps.lines(guess));
        lines.push(String::new());
        return lines.join("\n");
    }
    if !guess.needs.is_empty() {
        let needs: Vec<String> = guess.needs.iter().map(|need| name(need)).collect();
        lines.push(format!("    needs: [{}]", needs.join(", ")));
    }
    lines.push(format!("    run: {}", quoted(&guess.run)));
    if let Some(instances) = guess.instances {
        lines.push(format!("    instances: {instances}"));
    }
    if !guess.files.is_empty() {
        lines.push("    files:                   # the release: this, and the program".to_owned());
        lines.extend(
            guess
                .files
                .iter()
                .map(|file| format!("      - {}", quoted(file))),
        );
    }
    if !guess.env.is_empty() {
        lines.push("    env:".to_owned());
        let pairs = guess.env.iter();
        lines.extend(pairs.map(|(name, value)| format!("      {name}: {}", quoted(value))));
    }
    if let Some(port) = ports.take(guess.served) {
        lines.push(format!(
                "    listen: 127.0.0.1:{port}   # where the router serves it; 0.0.0.0:{port} for every address"
            ));
        lines.push(
            "    # ready: /health         # a path that says so; without it an open port is enough"
                .to_owned(),
        );
        lines.push(
            "    # bake: 2m               # how long a new release is watched; without it 30s"
                .to_owned(),
        );
    } else {
        let port = ports.spare();
        lines.push(format!(
            "    # listen: 127.0.0.1:{port} # if requests come to it"
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Ports that are given, each once.
#[derive(Debug, Default)]
struct Ports {
    taken: Vec<u16>,
    /// What services listen on elsewhere: theirs here too.
    known: Vec<u16>,
}

impl Ports {
    fn of(services: &[Guess]) -> Self {
        let known = services.iter().filter_map(|service| match service.served {
            Served::At(port) => Some(port),
            Served::No | Served::Anywhere => None,
        });
        Self {
            taken: Vec::new(),
            known: known.collect(),
        }
    }

    /// One for a service that may not need it, far from those that do.
    fn spare(&mut self) -> u16 {
        let free = |port: &u16| !self.taken.contains(port) && !self.known.contains(port);
        let port = (FIRST_SPARE..u16::MAX).find(free).unwrap_or(FIRST_SPARE);
        self.taken.push(port);
        port
    }

    fn take(&mut self, served: Served) -> Option<u16> {
        let wanted = match served {
            Served::No => return None,
            Served::Anywhere => None,
            Served::At(port) => Some(port),
        };
        let free = |port: &u16| !self.taken.contains(port);
        let port = wanted.filter(|port| *port > 0).filter(free);
        let port = port.or_else(|| (FIRST_PORT..u16::MAX).find(free))?;
        self.taken.push(port);
        Some(port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_others_becomes_one_of_ours() {
        for (given, ours) in [
            ("My Shop", "my-shop"),
            ("@scope/web_app", "scope-web-app"),
            ("1st", "st"),
            ("---", "app"),
            ("", "app"),
            ("ä", "app"),
        ] {
            assert_eq!(name(given), ours, "{given}");
        }
    }

    #[test]
    fn no_port_is_proposed_twice() {
        let mut ports = Ports::default();
        let wanted = [
            Served::Anywhere,
            Served::At(8081),
            Served::No,
            Served::Anywhere,
            Served::At(8081),
            Served::At(0),
        ];
        let taken = wanted.map(|served| ports.take(served));
        let expected = [
            Some(8080),
            Some(8081),
            None,
            Some(8082),
            Some(8083),
            Some(8084),
        ];
        assert_eq!(taken, expected);
        let known = Guess {
            served: Served::At(8090),
            ..Guess::default()
        };
        let mut ports = Ports::of(&[known]);
        assert_eq!([ports.spare(), ports.spare()], [8091, 8092]);
    }
}
