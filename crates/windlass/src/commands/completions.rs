//! `windlass completions`: what a shell needs to complete the command line. Asks no controller.

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};

use crate::diagnostic::Diagnostic;
use crate::pages::{self, TOPICS};
use crate::report::Report;

/// Options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The shell: bash, zsh or fish
    #[arg(value_enum, value_name = "SHELL", hide_possible_values = true)]
    shell: Kind,
}

/// The shells that are tried.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(options: &Options) -> Result<Report, Diagnostic> {
    let shell = match options.shell {
        Kind::Bash => Shell::Bash,
        Kind::Zsh => Shell::Zsh,
        Kind::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut for_people(), "windlass", &mut script);
    let mut script = String::from_utf8(script).map_err(|why| Diagnostic::bug(&why))?;
    if shell == Shell::Bash {
        script = words_first(&script);
    }
    let value = serde_json::json!({ "shell": shell.to_string(), "script": script });
    Report::new(script, &value)
}

/// What bash calls, and what it calls in the generated script.
const CALLED: &str = "_windlass() {";
const GENERATED: &str = "_windlass_all() {";

/// What is generated for bash offers every option with every word, and the names of arguments as if they were
/// words: among forty of them nobody finds the pages of `docs`. Both go, but for options where a dash is typed or
/// where there is nothing else.
const WORDS_FIRST: &str = r#"
_windlass() {
    _windlass_all "$@"
    local word words=() options=()
    for word in "${COMPREPLY[@]}"; do
        case "${word}" in
            "["*|"<"*) ;;
            -*) options+=("${word}") ;;
            *) words+=("${word}") ;;
        esac
    done
    COMPREPLY=("${words[@]}")
    if [[ "$2" == -* || ${#words[@]} -eq 0 ]]; then
        COMPREPLY+=("${options[@]}")
    fi
}
"#;

fn words_first(script: &str) -> String {
    let script = script.replacen(CALLED, GENERATED, 1);
    [&script, WORDS_FIRST].concat()
}

/// The command line without the verbs that only Windlass types, which clap would complete too, and with
/// the words that `docs`, `explain` and `help` take.
fn for_people() -> Command {
    let whole = pages::command();
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    let topics = || TOPICS.iter().map(|topic| topic.name);
    let codes = || pages::codes().map(|page| page.code);
    Command::new("windlass")
        .disable_help_subcommand(true)
        .version(super::version::VERSION)
        .args(whole.get_arguments().cloned())
        .subcommands(verbs.cloned())
        .mut_subcommand("docs", |docs| {
            docs.mut_arg("topic", |topic| {
                topic.value_parser(PossibleValuesParser::new(topics()))
            })
        })
        .mut_subcommand("explain", |explain| {
            explain.mut_arg("code", |code| {
                code.value_parser(PossibleValuesParser::new(codes()))
            })
        })
        .mut_subcommand("help", |help| {
            help.mut_arg("words", |words| {
                words.value_parser(PossibleValuesParser::new(pages::verbs()))
            })
        })
}
