//! Shows who asks. What is secret is read each time, so that a new one needs no restart, and is in no
//! message.

use std::fs::File;
use std::io::Read as _;

use data_encoding::BASE64;
use hyper::header::HeaderValue;
use windlass_model::{Secret, Who};

/// Largest secret, in bytes.
const LARGEST: u64 = 16 * 1024;

/// The value of `Authorization`; why there is none names where it should be and nothing of it.
pub(super) fn header(who: &Who) -> Result<HeaderValue, String> {
    let text = match who {
        Who::Bearer(token) => format!("Bearer {}", read(token)?),
        Who::Basic { user, password } => {
            let both = format!("{user}:{}", read(password)?);
            format!("Basic {}", BASE64.encode(both.as_bytes()))
        }
    };
    let value = HeaderValue::from_str(&text);
    let mut value = value.map_err(|_why| "the secret has signs that no header can have")?;
    value.set_sensitive(true);
    Ok(value)
}

fn read(secret: &Secret) -> Result<String, String> {
    let (text, place) = match secret {
        Secret::File(path) => {
            let failed = |why: std::io::Error| format!("the secret in {path} can't be read: {why}");
            let file = File::open(path).map_err(failed)?;
            let mut text = String::new();
            let length = file.take(LARGEST + 1).read_to_string(&mut text);
            if length.map_err(failed)? as u64 > LARGEST {
                return Err(format!("{path} has more than 16 KiB: that is no secret"));
            }
            (text, path.clone())
        }
        Secret::Env(name) => {
            let text = std::env::var(name);
            let text = text.map_err(|_why| format!("the controller has no variable {name}"))?;
            (text, format!("the variable {name}"))
        }
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("there is no secret in {place}"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, Secret) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, text).expect("written");
        let secret = Secret::File(path.display().to_string());
        (folder, secret)
    }

    #[test]
    fn a_token_and_a_password_are_read_and_never_shown() {
        let (_folder, secret) = file("  hush \n");
        let bearer = header(&Who::Bearer(secret.clone())).expect("a header");
        assert_eq!(bearer, "Bearer hush");
        assert_eq!(format!("{bearer:?}"), "Sensitive");
        let basic = Who::Basic {
            user: "mira".to_owned(),
            password: secret,
        };
        assert_eq!(header(&basic).expect("a header"), "Basic bWlyYTpodXNo");
    }

    #[test]
    fn what_is_missing_says_where_and_nothing_else() {
        let gone = header(&Who::Bearer(Secret::File("/nowhere/token".to_owned())));
        let gone = gone.expect_err("there is none");
        assert!(
            gone.starts_with("the secret in /nowhere/token can't be read: "),
            "{gone}"
        );
        let unset = header(&Who::Bearer(Secret::Env("WINDLASS_NO_SUCH".to_owned())));
        assert_eq!(
            unset.expect_err("there is none"),
            "the controller has no variable WINDLASS_NO_SUCH"
        );
        let (_folder, odd) = file("hu\u{7f}sh");
        let odd = header(&Who::Bearer(odd)).expect_err("no header");
        assert!(!odd.contains("hu"), "{odd}");
    }
}
