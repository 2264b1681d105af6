//! What can't be understood of a command line, for whoever typed it, in the form that was asked for.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, ValueEnum as _};
use windlass_api::Exit;

use super::meant;
use crate::arguments::{Global, Output};
use crate::diagnostic::{Diagnostic, TYPED};
use crate::ui::Ui;

/// What clap says below its sentence; it is said here in our own words.
const BELOW: [ContextKind; 5] = [
    ContextKind::SuggestedSubcommand,
    ContextKind::SuggestedArg,
    ContextKind::SuggestedValue,
    ContextKind::Suggested,
    ContextKind::Usage,
];

/// Prints it. Help and version are answers; anything else is a usage error.
pub(crate) fn told(refused: clap::Error, typed: &[OsString]) -> ExitCode {
    let ends = match refused.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        // Nothing was typed: what can be is the answer.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Exit::Usage,
        _ => {
            let ui = Ui::new(&voice(typed));
            let ended = ui.finish(Err(diagnostic(refused, typed)));
            return ExitCode::from(ended.code());
        }
    };
    // A closed end leaves nobody to tell.
    match refused.print() {
        Ok(()) | Err(_) => ExitCode::from(ends.code()),
    }
}

/// How it is to be said, as far as the words tell: they could not be read as a whole.
fn voice(typed: &[OsString]) -> Global {
    let mut global = Global {
        file: None,
        state_dir: None,
        server: None,
        ca: None,
        environment: None,
        output: Output::default(),
        quiet: false,
        verbose: false,
        no_color: false,
    };
    let mut words = typed.iter().skip(1).filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        let form = match word {
            "-o" | "--output" => words.next(),
            "--no-color" => {
                global.no_color = true;
                None
            }
            _ => word
                .strip_prefix("--output=")
                .or_else(|| word.strip_prefix("-o")),
        };
        let form = form.map(|form| form.trim_start_matches('='));
        if let Some(Ok(form)) = form.map(|form| Output::from_str(form, false)) {
            global.output = form;
        }
    }
    global
}

/// clap's sentence with a code, and what to type instead.
fn diagnostic(mut refused: clap::Error, typed: &[OsString]) -> Diagnostic {
    let command = meant::command(typed);
    if let Some(name) = meant::empty_variable(&refused, &command, typed) {
        return Diagnostic::new(Exit::Usage, format!("the variable {name} is empty"))
            .code(TYPED)
            .hint(format!("give it a value, or: unset {name}"));
    }
    let hint = meant::next(&refused, &command, typed);
    let has_usage = refused.get(ContextKind::Usage).is_some();
    for kind in BELOW {
        refused.remove(kind);
    }
    if refused.get(ContextKind::ValidSubcommand).is_some() {
        let names = meant::verbs(&command).map(str::to_owned).collect();
        refused.insert(ContextKind::ValidSubcommand, ContextValue::Strings(names));
    }
    let (summary, mut seen) = sentence(&refused.render().to_string());
    if has_usage {
        seen.push(usage(&command));
    }
    let said = Diagnostic::new(Exit::Usage, summary).code(TYPED).hint(hint);
    if seen.is_empty() {
        said
    } else {
        said.detail(seen.join("\n"))
    }
}

/// The sentence of a rendered error, and the lines that belong to it.
fn sentence(rendered: &str) -> (String, Vec<String>) {
    let said = rendered.strip_prefix("error: ").unwrap_or(rendered);
    let mut lines = said.lines().take_while(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let rest: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    if first.ends_with(':') {
        (format!("{first} {}", rest.join(", ")), Vec::new())
    } else {
        (first.to_owned(), rest)
    }
}

/// What the command takes: variables of the environment are no part of that.
fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim_end();
    format!("usage: {usage}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages;
    use crate::ui::{Style, diagnostic_text};

    fn said(line: &str) -> String {
        let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let refused = pages::command().try_get_matches_from(&typed);
        let refused = refused.expect_err("it can't be understood");
        diagnostic_text(&diagnostic(refused, &typed), &Style::plain())
    }

    #[test]
    fn a_word_that_is_unknown_has_a_code_and_the_next_command() {
        let lines = [
            "windlass deploy --detac",
            "windlass deploy -detach",
            "windlass status --follow",
            "windlass status --color never",
            "windlass rollback --version 3",
            "windlass version --json",
            "windlass validate shop.yaml",
            "windlass show a b",
            "windlass statsu",
            "windlass ship",
            "windlass ps",
            "windlass token help",
            "windlass deploy help",
            "windlass token crate",
        ];
        insta::assert_snapshot!(lines.map(said).join(""), @r"
        error[WL0434]: unexpected argument '--detac' found
          usage: windlass deploy [OPTIONS]
          hint: did you mean --detach? what it takes: windlass deploy --help
        error[WL0434]: unexpected argument '-d' found
          usage: windlass deploy [OPTIONS]
          hint: did you mean --detach? what it takes: windlass deploy --help
        error[WL0434]: unexpected argument '--follow' found
          usage: windlass status [OPTIONS]
          hint: --follow is for windlass events, windlass logs; what it takes: windlass status --help
        error[WL0434]: unexpected argument '--color' found
          usage: windlass status [OPTIONS]
          hint: did you mean --no-color? what it takes: windlass status --help
        error[WL0434]: unexpected argument '--version' found
          usage: windlass rollback [OPTIONS] [SERVICE]
          hint: did you mean --to? what it takes: windlass rollback --help
        error[WL0434]: unexpected argument '--json' found
          usage: windlass version [OPTIONS]
          hint: did you mean -o json? what it takes: windlass version --help
        error[WL0434]: unexpected argument 'shop.yaml' found
          usage: windlass validate [OPTIONS]
          hint: did you mean -f shop.yaml? what it takes: windlass validate --help
        error[WL0434]: unexpected argument 'b' found
          usage: windlass show [OPTIONS] [ID]
          hint: what it takes: windlass show --help
        error[WL0434]: unrecognized subcommand 'statsu'
          usage: windlass [OPTIONS] <COMMAND>
          hint: did you mean windlass status? every command: windlass --help
        error[WL0434]: unrecognized subcommand 'ship'
          usage: windlass [OPTIONS] <COMMAND>
          hint: every command: windlass --help
        error[WL0434]: unrecognized subcommand 'ps'
          usage: windlass [OPTIONS] <COMMAND>
          hint: did you mean windlass status? every command: windlass --help
        error[WL0434]: unrecognized subcommand 'help'
          usage: windlass token [OPTIONS] <COMMAND>
          hint: every command: windlass token --help
        error[WL0434]: unexpected argument 'help' found
          usage: windlass deploy [OPTIONS]
          hint: what it takes: windlass deploy --help
        error[WL0434]: unrecognized subcommand 'crate'
          usage: windlass token [OPTIONS] <COMMAND>
          hint: did you mean windlass token create? every command: windlass token --help
        ");
    }

    #[test]
    fn a_word_for_several_things_is_answered_with_the_harmless_ones_first() {
        let stop = said("windlass stop");
        let at = |word: &str| stop.find(word).unwrap_or_else(|| panic!("{word}: {stop}"));
        assert!(at("windlass hold") < at("windlass abort"), "{stop}");
        assert!(at("windlass abort") < at("windlass down"), "{stop}");
        let restart = said("windlass restart");
        assert!(restart.contains("windlass deploy"), "{restart}");
        assert!(!restart.contains("restore"), "{restart}");
    }

    #[test]
    fn a_value_that_is_missing_or_wrong_has_a_code_and_the_next_command() {
        let lines = [
            "windlass logs",
            "windlass deploy --wait",
            "windlass deploy --wait soon",
            "windlass deploy -o jsn",
            "windlass deploy -q -v",
            "windlass token -v",
        ];
        insta::assert_snapshot!(lines.map(said).join(""), @r"
        error[WL0434]: the following required arguments were not provided: <SERVICE>
          usage: windlass logs [OPTIONS] <SERVICE>
          hint: what it takes: windlass logs --help
        error[WL0434]: a value is required for '--wait <DURATION>' but none was supplied
          hint: what it takes: windlass deploy --help
        error[WL0434]: invalid value 'soon' for '--wait <DURATION>': a duration is numbers with units, such as 500ms, 30s, 1m30s, 2h or 1d
          hint: what it takes: windlass deploy --help
        error[WL0434]: invalid value 'jsn' for '--output <FORM>'
          [possible values: text, json, ndjson]
          hint: did you mean json? what it takes: windlass deploy --help
        error[WL0434]: the argument '--quiet' cannot be used with '--verbose'
          usage: windlass deploy [OPTIONS]
          hint: what it takes: windlass deploy --help
        error[WL0434]: 'windlass token' requires a subcommand but one was not provided
          [subcommands: create, list, revoke]
          usage: windlass token [OPTIONS] <COMMAND>
          hint: every command: windlass token --help
        ");
    }

    #[test]
    fn the_form_is_read_from_a_line_that_can_not_be_read_as_a_whole() {
        let form = |line: &str| {
            let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            voice(&typed).output
        };
        for line in [
            "windlass deploy --bogus -o json",
            "windlass -ojson deploy --bogus",
            "windlass deploy -o=json x y",
            "windlass deploy --bogus --output=json",
            "windlass deploy --output json --bogus",
        ] {
            assert_eq!(form(line), Output::Json, "{line}");
        }
        for line in ["windlass deploy -o", "windlass deploy -o xml", "windlass"] {
            assert_eq!(form(line), Output::Text, "{line}");
        }
    }
}
