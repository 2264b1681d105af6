//! What makes a release another one: its files, and what its process sees.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use windlass_edge::{EdgeError, KeepRelease};
use windlass_kept::finish;
use windlass_model::{Digest, Pass, Release, Template, Version};

use super::fail::rejected;

/// What goes into an identity besides the request.
pub(super) struct Ground<'a> {
    pub(super) artefact: &'a Digest,
    /// Of a program that is not kept.
    pub(super) program: Option<&'a Digest>,
    /// The installation's secret.
    pub(super) key: &'a [u8],
}

/// The release that `request` describes.
///
/// PORT and INSTANCE stay unexpanded, and so does VERSION unless the file names one. Values of the
/// environment go in by a keyed hash only: an identity is public and must not confirm a guess.
pub(super) fn release(request: &KeepRelease, ground: &Ground<'_>) -> Result<Release, EdgeError> {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        // Length first: no two lists of fields read the same.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    field("windlass identity 1");
    field(ground.artefact.as_str());
    field(ground.program.map_or("kept", Digest::as_str));
    let process = &request.spec.process;
    field(&process.argv.len().to_string());
    for word in &process.argv {
        field(&seen(word, request));
    }
    field(&process.env.len().to_string());
    for (name, value) in &process.env {
        field(name);
        field(&keyed(ground.key, name, &seen(value, request)));
    }
    for name in request.spec.foreign_names() {
        let value = request
            .values
            .get(name)
            .ok_or_else(|| rejected(format!("${{{name}}} is not set in the environment")))?;
        field(name);
        field(&keyed(ground.key, name, value));
    }
    field(&request.need_urls.len().to_string());
    for (name, url) in &request.need_urls {
        field(name);
        field(url);
    }
    // A command is told its version, whether or not it is written there.
    if let Some(command) = &request.spec.command {
        field("command");
        field(request.spec.version.as_deref().unwrap_or_default());
        for argv in [&command.status, &command.rollback] {
            let argv = argv.as_deref().unwrap_or_default();
            field(&argv.len().to_string());
            for word in argv {
                field(&seen(word, request));
            }
        }
        match command.pass {
            // So it was before there was a choice.
            Pass::Env => {}
            Pass::Flags => field("pass flags"),
            Pass::Both => field("pass both"),
        }
    }
    let identity = finish(hash);
    let version = match &request.spec.version {
        Some(explicit) => explicit.clone(),
        None => identity.short().to_owned(),
    };
    Ok(Release {
        version: Version(version),
        identity,
        artefact: ground.artefact.clone(),
    })
}

/// A template with nothing expanded but an explicit version. A place is marked by NULs, which no
/// argument can hold, so that it never equals a text.
fn seen(template: &Template, request: &KeepRelease) -> String {
    let marks: Vec<(&str, String)> = template
        .names()
        .into_iter()
        .map(|name| match (name, &request.spec.version) {
            ("VERSION", Some(version)) => (name, version.clone()),
            _ => (name, format!("\0{name}\0")),
        })
        .collect();
    let mark = |name: &str| {
        let found = marks.iter().find(|(known, _)| *known == name);
        found.map(|(_, mark)| mark.as_str())
    };
    // Every name of the template has a mark.
    template.expand(mark).unwrap_or_default()
}

fn keyed(key: &[u8], name: &str, value: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(name.as_bytes());
    mac.update(&[0]);
    mac.update(value.as_bytes());
    data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
}
