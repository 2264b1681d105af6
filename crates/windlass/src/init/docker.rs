//! A Dockerfile: what it would start, and where it would listen.

use super::draft::{Guess, Served};
use super::folder::Folder;
use super::run::line;

/// What a Dockerfile says that helps without containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// What it starts.
    pub(super) command: Option<String>,
    /// Where it listens.
    pub(super) port: Option<u16>,
}

pub(super) fn image(folder: &Folder) -> Option<Image> {
    let text = folder.read("Dockerfile")?;
    let mut image = Image::default();
    for line in text.lines().map(str::trim) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word.to_ascii_uppercase().as_str() {
            "FROM" => image = Image::default(),
            "ENTRYPOINT" | "CMD" => {
                let more = command(rest);
                image.command = match (image.command.take(), more) {
                    (Some(entry), Some(more)) if word.eq_ignore_ascii_case("CMD") => {
                        Some(format!("{entry} {more}"))
                    }
                    (had, more) => more.or(had),
                };
            }
            "EXPOSE" => {
                let port = rest.split(['/', ' ']).next().unwrap_or_default();
                image.port = port.parse().ok().or(image.port);
            }
            _ => {}
        }
    }
    Some(image)
}

/// The words of an instruction, in either of its forms.
fn command(rest: &str) -> Option<String> {
    let words: Result<Vec<String>, _> = serde_json::from_str(rest);
    let text = words.map_or_else(
        |_shell_form| rest.trim().to_owned(),
        |words| words.join(" "),
    );
    (!text.is_empty()).then_some(text)
}

/// A service from the Dockerfile alone.
pub(super) fn service(folder: &Folder, image: &Image) -> Option<Guess> {
    let made = line(image.command.as_deref()?);
    Some(Guess {
        name: "web".to_owned(),
        run: made.run,
        served: image.port.map_or(Served::Anywhere, Served::At),
        files: folder.present(&["src", "dist", "public", "static", "templates"]),
        notes: vec![
            "It is the CMD of the Dockerfile; Windlass runs no containers yet.".to_owned(),
            "Paths of the image must become paths of this folder.".to_owned(),
        ],
        ..Guess::default()
    })
}
