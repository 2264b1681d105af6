//! A Dockerfile: what it would start, with what, and where it would listen.

use super::draft::{Guess, Served};
use super::fixed::{ported, ported_value};
use super::folder::Folder;
use super::run::{Line, argv, line};

/// Instructions that say how an image is run, and that nothing here takes over.
const NOT_TAKEN: [&str; 4] = ["HEALTHCHECK", "STOPSIGNAL", "USER", "VOLUME"];

/// A command, in either of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// For a shell, or for whatever splits it.
    Text(String),
    /// Its words as they are.
    Words(Vec<String>),
}

/// What a Dockerfile says that helps without containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    entry: Option<Said>,
    command: Option<Said>,
    /// Where it listens.
    pub(super) port: Option<u16>,
    env: Vec<(String, String)>,
    /// What it says and nobody takes over.
    notes: Vec<String>,
}

pub(super) fn image(folder: &Folder) -> Option<Image> {
    let text = folder.read("Dockerfile")?;
    let mut image = Image::default();
    for line in instructions(&text) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        let word = word.to_ascii_uppercase();
        match word.as_str() {
            "FROM" => image = Image::default(),
            "ENTRYPOINT" => image.entry = said(rest),
            "CMD" => image.command = said(rest),
            "EXPOSE" => {
                let port = rest.split(['/', ' ']).next().unwrap_or_default();
                image.port = port.parse().ok().or(image.port);
            }
            "ENV" => image.set(rest),
            word if NOT_TAKEN.contains(&word) => {
                image.notes.push(format!("Not taken over: {word} {rest}"));
            }
            _ => {}
        }
    }
    Some(image)
}

/// The instructions, each on one line.
fn instructions(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut begun = String::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.starts_with('#')) {
        if let Some(more) = line.strip_suffix('\\') {
            begun.push_str(more);
        } else {
            all.push(std::mem::take(&mut begun) + line);
        }
    }
    all.push(begun);
    all
}

/// The words of an instruction, in either of its forms.
fn said(rest: &str) -> Option<Said> {
    let rest = rest.trim();
    match serde_json::from_str::<Vec<String>>(rest) {
        Ok(words) => (!words.first()?.is_empty()).then_some(Said::Words(words)),
        Err(_shell_form) => (!rest.is_empty()).then(|| Said::Text(rest.to_owned())),
    }
}

impl Image {
    /// What it starts, as Docker puts the two together.
    pub(super) fn command(&self) -> Option<Said> {
        match (&self.entry, &self.command) {
            (Some(Said::Words(entry)), Some(Said::Words(more))) => {
                Some(Said::Words([entry.as_slice(), more].concat()))
            }
            (Some(Said::Words(entry)), Some(Said::Text(more))) => {
                let shell = ["/bin/sh", "-c", more].map(str::to_owned);
                Some(Said::Words([entry.as_slice(), &shell].concat()))
            }
            (Some(entry), _) => Some(entry.clone()),
            (None, command) => command.clone(),
        }
    }

    /// What it starts by its words, to which a command adds its own.
    pub(super) fn entry_words(&self) -> Option<Said> {
        let entry = self.entry.clone();
        entry.filter(|entry| matches!(entry, Said::Words(_)))
    }

    /// The variables of one `ENV`: `A=1 B="two words"`, or one name and the rest of the line.
    fn set(&mut self, rest: &str) {
        let rest = rest.trim();
        let first = rest.split_whitespace().next().unwrap_or_default();
        let pairs: Vec<(String, String)> = if first.contains('=') {
            let words = windlass_config::words(rest).unwrap_or_default();
            let pairs = words.iter().filter_map(|word| word.split_once('='));
            pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
        } else {
            let pair = rest.split_once(char::is_whitespace).into_iter();
            pair.map(|(a, b)| (a.to_owned(), b.trim().to_owned()))
                .collect()
        };
        if pairs.is_empty() {
            self.notes.push(format!("Can't be read: ENV {rest}"));
        }
        for (name, value) in pairs {
            if value.contains('$') {
                self.notes.push(format!(
                    "Not taken over, as it is made of other variables: ENV {name}={value}"
                ));
            } else {
                self.env.retain(|(before, _)| *before != name);
                self.env.push((name, value));
            }
        }
    }

    /// What it says for whoever runs it, in its words.
    pub(super) fn said(&self) -> impl Iterator<Item = String> {
        let env = self.env.iter();
        let env = env.map(|(name, value)| format!("not taken over: ENV {name}={value}"));
        env.chain(self.notes.iter().cloned())
    }

    /// Puts on a service what it says of variables, where nothing nearer does.
    pub(super) fn surround(&self, guess: &mut Guess) {
        for (name, value) in &self.env {
            if !guess.env.iter().any(|(own, _)| own == name) {
                guess.set(name, value.clone());
            }
        }
        guess.notes.extend(self.notes.iter().cloned());
    }
}

/// A release listens where it is told; what an image listens on is fixed.
pub(super) fn unfix(guess: &mut Guess, port: u16) {
    for (name, value) in &mut guess.env {
        if let Some(given) = ported_value(name, value, port) {
            *value = given;
        }
    }
    if guess.run.contains("${PORT}") {
        return;
    }
    match ported(&guess.run, port) {
        Some(run) => {
            guess.run = run;
            guess.notes.push(format!(
                "${{PORT}} stands where its command said {port}: each release is given a port of its own."
            ));
        }
        None if guess
            .notes
            .iter()
            .any(|note| note.contains("variable PORT")) => {}
        None => guess.notes.push(format!(
            "It listened on {port} there; here it must listen on the port in the variable PORT."
        )),
    }
}

/// A service from the Dockerfile alone.
pub(super) fn service(folder: &Folder, image: &Image) -> Option<Guess> {
    let made = match image.command()? {
        Said::Text(text) => line(&text),
        Said::Words(words) => argv(&words),
    };
    let mut guess = alone(made, folder);
    image.surround(&mut guess);
    if let Some(port) = image.port {
        guess.served = Served::At(port);
        unfix(&mut guess, port);
    }
    Some(guess)
}

fn alone(made: Line, folder: &Folder) -> Guess {
    let mut notes = vec![
        "It is the CMD of the Dockerfile; Windlass runs no containers yet.".to_owned(),
        "Paths of the image must become paths of this folder.".to_owned(),
    ];
    notes.extend(made.notes);
    Guess {
        name: "web".to_owned(),
        run: made.run,
        served: Served::Anywhere,
        files: folder.present(&["src", "dist", "public", "static", "templates"]),
        notes,
        ..Guess::default()
    }
}
