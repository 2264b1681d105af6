//! What a program lacked, as far as what it printed last shows it: its author has that where it is written, and
//! it runs elsewhere.

/// Said of a program that did not find a file: its author has it beside the program, and it is not kept.
const IN_ITS_RELEASE: &str =
    "  it runs in its release, a copy of what is kept: what else it reads there goes into `files`";

/// Said of one that did not find a variable: its author has it in the shell.
const OF_ITS_ENVIRONMENT: &str = "  it sees PATH, HOME, LANG, PORT, INSTANCE, the address of what it `needs`, and \
                                  nothing else of the shell: any other variable goes into `env`";

/// How runtimes and shells say that a file is not there.
const NO_FILE: [&str; 2] = ["No such file or directory", "ENOENT"];

/// How they say that a variable is not set: Python's `os.environ`, Ruby's `ENV.fetch`, Rust's `env::var`, a shell's
/// `set -u` and `${NAME:?}`.
const NO_VARIABLE: [&str; 5] = [
    "KeyError: '",
    "key not found: \"",
    "environment variable not found",
    ": unbound variable",
    ": parameter not set",
];

/// A line for each of them.
pub(super) fn lacks(printed: &[String]) -> impl Iterator<Item = &'static str> {
    let says = |any: &[&str]| {
        let mut lines = printed.iter();
        lines.any(|line| any.iter().any(|said| line.contains(said)))
    };
    let file = says(&NO_FILE).then_some(IN_ITS_RELEASE);
    let variable = says(&NO_VARIABLE).then_some(OF_ITS_ENVIRONMENT);
    file.into_iter().chain(variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_misses_a_variable_is_told_which_ones_a_service_sees() {
        for printed in [
            "KeyError: 'DATABASE_URL'",
            "key not found: \"DATABASE_URL\" (KeyError)",
            "called `Result::unwrap()` on an `Err` value: environment variable not found",
            "./run: line 3: DATABASE_URL: unbound variable",
            "./run: 3: DATABASE_URL: parameter not set",
        ] {
            let told: Vec<_> = lacks(&[printed.to_owned()]).collect();
            assert_eq!(told, [OF_ITS_ENVIRONMENT], "{printed}");
        }
        assert_eq!(lacks(&["bye".to_owned()]).next(), None);
    }
}
