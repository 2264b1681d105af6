//! What a controller and a router tell of their work while they run: on standard error, for whoever keeps it.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// The variable that says what is told.
const VARIABLE: &str = "WINDLASS_LOG";

/// What is told where it says nothing.
const USUAL: &str = "info";

/// Begins to tell. A variable that can't be understood keeps nothing from running: it is told first.
pub(crate) fn to_stderr() {
    let asked = std::env::var_os(VARIABLE);
    let asked = asked.map(|value| value.to_string_lossy().into_owned());
    let (filter, wrong) = filter(asked.as_deref().unwrap_or_default());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A log that can't be written, as on a full disk, is no reason to die: the subscriber would tell
    // it on standard error too, and that panics.
    let log = log.log_internal_errors(false);
    // Only a second call in one process could fail, and then the first one holds.
    let _first = log.with_ansi(false).try_init().is_ok();
    if let Some(wrong) = wrong {
        tracing::warn!("{wrong}");
    }
}

/// What is told, and what is wrong with what was asked for.
fn filter(asked: &str) -> (EnvFilter, Option<String>) {
    if asked.is_empty() {
        return (EnvFilter::new(USUAL), None);
    }
    match EnvFilter::try_new(asked) {
        Ok(filter) => (filter, None),
        Err(why) => {
            let told = format!(
                "{VARIABLE} is not used, this is {USUAL}: {:?} in it can't be read: {why}; write \
                 windlass_router=debug,info",
                place(asked)
            );
            (EnvFilter::new(USUAL), Some(told))
        }
    }
}

/// The part of it that can't be read, or all of it where no part alone is wrong.
fn place(asked: &str) -> &str {
    let mut parts = asked.split(',').filter(|part| !part.is_empty());
    let wrong = parts.find(|part| part.parse::<Directive>().is_err());
    wrong.unwrap_or(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_read_is_told_with_its_place_and_the_usual_is_told_then() {
        for fine in ["", "debug", "windlass_router=debug,info"] {
            assert_eq!(filter(fine).1, None, "{fine}");
        }
        let (filter, wrong) = filter("info,windlass_router=loud,windlass_runtime=debug");
        assert_eq!(filter.to_string(), USUAL);
        let wrong = wrong.unwrap();
        let begin = "WINDLASS_LOG is not used, this is info: \"windlass_router=loud\" in it can't be read: ";
        assert!(wrong.starts_with(begin), "{wrong}");
    }
}
