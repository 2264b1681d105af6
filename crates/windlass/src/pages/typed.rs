//! Every command line of the pages can be typed: the program's own parser takes it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::command;

/// Where pages are, below the repository.
const PAGES: [&str; 4] = ["README.md", "CONTRIBUTING.md", "docs", "examples"];

/// Folders of theirs that are none of ours.
const PASSED_OVER: [&str; 1] = ["node_modules"];

/// What ends a command in a line for a shell.
const ENDS: [&str; 7] = ["|", "||", "&", "&&", ";", ">", "2>"];

/// Words of a shell that a command may stand behind.
const BEFORE: [&str; 5] = ["$", "exec", "until", "if", "!"];

/// What a page writes for a value, and one that the parser takes. Other values are any text.
const VALUES: [(&str, &str); 7] = [
    ("ADDRESS", "127.0.0.1:7070"),
    ("COMMAND", "deploy"),
    ("DURATION", "30s"),
    ("N", "85"),
    ("PORT", "7070"),
    ("SERVICE", "web"),
    ("SHELL", "bash"),
];

/// The command lines of a page: whole ones, from `windlass` on.
fn lines_of(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = None;
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Code(code) => found.extend(commands(&code)),
            Event::Start(Tag::CodeBlock(kind)) => {
                let name = match kind {
                    CodeBlockKind::Fenced(name) => name.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                // Other languages have other words for a line.
                block = ["", "console", "sh", "text"]
                    .contains(&name.as_str())
                    .then(String::new);
            }
            Event::Text(text) => {
                if let Some(block) = &mut block {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let block = block.take().unwrap_or_default().replace("\\\n", " ");
                found.extend(block.lines().flat_map(|line| match line.split_once(": ") {
                    // What the program prints names the next command behind a colon.
                    Some((_, next)) if next.starts_with("windlass ") => commands(next),
                    Some(_) | None => commands(line),
                }));
            }
            _ => {}
        }
    }
    found
}

/// The commands of a line that call `windlass`.
fn commands(line: &str) -> Vec<String> {
    let line = unquoted(line).replace("$(", " ; ").replace(')', " ; ");
    let line = line.replace([',', ';', '('], " ; ").replace(" #", " ; ");
    let line = line.replace(". ", " ; ");
    let mut found = Vec::new();
    for command in line
        .split_whitespace()
        .collect::<Vec<_>>()
        .split(|word| ENDS.contains(word))
    {
        let is_before = |word: &&&str| BEFORE.contains(word) || word.contains('=');
        let words: Vec<&str> = command
            .iter()
            .skip_while(|word| is_before(word))
            .copied()
            .collect();
        // The name alone is the program, or a user.
        if let ["windlass", _, ..] = words.as_slice() {
            found.push(words.join(" "));
        }
    }
    found
}

/// A line in which what stands in quotes is one word.
fn unquoted(line: &str) -> String {
    let mut quote = None;
    let mut text = String::new();
    for c in line.chars() {
        match quote {
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if open == c => quote = None,
            Some(_) if !c.is_alphanumeric() => text.push('_'),
            None | Some(_) => text.push(c),
        }
    }
    text
}

/// Why the parser does not take it, if it does not. What a page leaves out may be missing.
fn refused(line: &str) -> Option<String> {
    let is_left_out = |word: &&str| {
        word.starts_with(['[', '<']) || *word == "…" || word.chars().all(|c| c == '_')
    };
    let mut before = "";
    let words = line.split(' ').filter(|word| !is_left_out(word));
    let words = words.map(|word| {
        let known = VALUES.iter().find(|(name, _)| *name == word);
        match std::mem::replace(&mut before, word) {
            // A sentence whose signs are gone with its quotes; that it can be read is tested where pages are followed.
            "--rule" => "crash",
            _ => known.map_or(word, |(_, value)| value),
        }
    });
    let why = command().try_get_matches_from(words).err()?;
    let may_miss = match why.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand => true,
        ErrorKind::InvalidValue => {
            why.get(ContextKind::InvalidValue) == Some(&ContextValue::String(String::new()))
        }
        _ => false,
    };
    (!may_miss).then(|| format!("{line}: {why}"))
}

fn pages(below: &Path) -> Vec<PathBuf> {
    if below.is_file() {
        return vec![below.to_owned()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default();
        let is_page = path.extension().is_some_and(|ending| ending == "md");
        if is_page || path.is_dir() && !PASSED_OVER.iter().any(|passed| name == *passed) {
            found.extend(pages(&path));
        }
    }
    found
}

#[test]
fn every_command_line_of_the_pages_can_be_typed() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut count, mut wrong) = (0, Vec::new());
    for page in PAGES.iter().flat_map(|page| pages(&repository.join(page))) {
        for line in lines_of(&fs::read_to_string(&page).unwrap()) {
            count += 1;
            wrong.extend(refused(&line).map(|why| format!("{}: {why}", page.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 500, "{count}");
}

#[test]
fn a_command_line_is_found_wherever_it_stands_and_must_be_right() {
    let page = "\
Type `windlass deploy --detach`, or `WINDLASS_TOKEN=x windlass list -q | head`.

```console
$ cd x && windlass report log \"a; b\" 2> log
next: windlass rollback --too; or not
$ ID=$(windlass show -o json)
windlass in default
```

```yaml
run: windlass nonsense
```
";
    let found = lines_of(page);
    assert_eq!(
        found,
        [
            "windlass deploy --detach",
            "windlass list -q",
            "windlass report log a__b",
            "windlass rollback --too",
            "windlass show -o json",
            "windlass in default",
        ]
    );
    let wrong: Vec<bool> = found.iter().map(|line| refused(line).is_some()).collect();
    assert_eq!(wrong, [false, false, false, true, false, true]);
    for left_out in [
        "windlass logs",
        "windlass serve --listen …",
        "windlass token <COMMAND>",
    ] {
        assert_eq!(refused(left_out), None, "{left_out}");
    }
}
