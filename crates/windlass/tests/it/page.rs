//! Pages whose commands are run and whose outputs are compared.
//!
//! In a block that begins with ```` ```console ````, a line `$ …` is a command, with the lines of its
//! here-document; what follows is what it prints, both streams. Two texts are the same if their words
//! are, whatever the spaces between them, with these freedoms:
//!
//! - A line `…` stands for any number of lines, the word `…` for any number of words, and `…` in a
//!   word for any part of it.
//! - A time of day, a date, a duration with a point (`2.1s`), ten hex digits and a port of five digits
//!   of 127.0.0.1 may each be any other.
//!
//! A command must end with 0, unless the next one is `echo $?`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::lab::{Lab, eventually};

/// Longest time for one command of a page.
const COMMAND_WITHIN: Duration = Duration::from_secs(90);

/// What is left out.
const LEFT_OUT: char = '…';

/// What tells the end of a command's output.
const END: &str = "-- end of command ";

/// A command of a page and what it prints there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The line of the page.
    line: usize,
    text: String,
    printed: Vec<String>,
}

/// The commands of a page, in order.
pub(crate) fn commands(page: &str) -> Vec<Typed> {
    let mut found: Vec<Typed> = Vec::new();
    let mut inside = false;
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(text) = line.strip_prefix("$ ").filter(|_| inside) {
            let mut text = text.to_owned();
            if text.ends_with("<<'EOF'") {
                for (_, line) in lines.by_ref() {
                    text.push('\n');
                    text.push_str(line);
                    if line == "EOF" {
                        break;
                    }
                }
            }
            let printed = Vec::new();
            found.push(Typed {
                line: index + 1,
                text,
                printed,
            });
        } else if let Some(last) = found.last_mut().filter(|_| inside) {
            last.printed.push(line.to_owned());
        }
    }
    found
}

/// Runs a page in the lab's folder, with the lab's own addresses where the page has `written`.
#[track_caller]
pub(crate) fn follow(lab: &Lab, page: &Path, written: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(page).unwrap();
    for (address, name) in written {
        text = text.replace(address, &lab.at(name).to_string());
    }
    let typed = commands(&text);
    assert!(!typed.is_empty(), "{} has no command", page.display());
    let mut shell = Shell::start(lab);
    for (index, command) in typed.iter().enumerate() {
        let (code, printed) = shell.run(&command.text);
        let place = format!("{}:{}: $ {}", page.display(), command.line, command.text);
        let asked = typed
            .get(index + 1)
            .is_some_and(|next| next.text == "echo $?");
        assert!(code == 0 || asked, "{place}\nexit {code}\n{printed}");
        let printed: Vec<&str> = printed.lines().collect();
        let expected: Vec<&str> = command.printed.iter().map(String::as_str).collect();
        assert!(
            same_lines(&expected, &printed),
            "{place}\n-- on the page\n{}\n-- here\n{}",
            expected.join("\n"),
            printed.join("\n")
        );
    }
}

/// A shell in which one command after the other is typed.
struct Shell {
    child: Child,
    printed: std::path::PathBuf,
    /// How much of it was read.
    seen: usize,
}

impl Shell {
    fn start(lab: &Lab) -> Self {
        let printed = lab.tmp().join("shell.out");
        let out = File::create(&printed).unwrap();
        let mut command = Command::new("sh");
        lab.surround(&mut command);
        let binary = lab.binary().parent().unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let path = std::iter::once(binary.to_owned()).chain(std::env::split_paths(&path));
        let child = command
            .env("PATH", std::env::join_paths(path).unwrap())
            .envs(registry())
            .env_remove("WINDLASS_STATE_DIR")
            .stdin(Stdio::piped())
            .stderr(out.try_clone().unwrap())
            .stdout(out)
            .spawn()
            .unwrap();
        Self {
            child,
            printed,
            seen: 0,
        }
    }

    /// What a command ends with and what it prints. The next one still sees its `$?`.
    fn run(&mut self, text: &str) -> (i32, String) {
        let end = format!("ended=$?; printf '\\n{END}%s.\\n' $ended; (exit $ended)");
        let mut input = self.child.stdin.as_ref().unwrap();
        writeln!(input, "{text}\n{end}").unwrap();
        let (printed, rest) = eventually(text, COMMAND_WITHIN, || {
            let all = std::fs::read_to_string(&self.printed).ok()?;
            let new = all.get(self.seen..)?;
            let (printed, rest) = new.split_once(&format!("\n{END}"))?;
            let (code, _) = rest.split_once(".\n")?;
            Some((printed.to_owned(), code.to_owned()))
        });
        let marker = "\n".len() + END.len() + rest.len() + ".\n".len();
        self.seen += printed.len() + marker;
        (rest.parse().unwrap(), printed)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// What npm needs of this machine to reach its registry, since a lab has a home of its own.
fn registry() -> Vec<(String, String)> {
    let home = std::env::var("HOME").unwrap_or_default();
    let own = ("NPM_CONFIG_USERCONFIG".to_owned(), format!("{home}/.npmrc"));
    let passed = std::env::vars().filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.starts_with("npm_config_") || name.ends_with("_proxy") || name.ends_with("_ca_certs")
    });
    std::iter::once(own).chain(passed).collect()
}

fn same_lines(page: &[&str], here: &[&str]) -> bool {
    match (page.split_first(), here.split_first()) {
        (None, None) => true,
        (Some((line, rest)), _) if line.chars().eq([LEFT_OUT]) => {
            (0..=here.len()).any(|skipped| same_lines(rest, &here[skipped..]))
        }
        (Some((first, page)), Some((line, here))) => {
            let first: Vec<&str> = first.split_whitespace().collect();
            let line: Vec<&str> = line.split_whitespace().collect();
            same_words(&first, &line) && same_lines(page, here)
        }
        // A command that leaves an empty line at the end has printed nothing there.
        (None, Some((line, here))) => line.is_empty() && same_lines(page, here),
        (Some((line, page)), None) => line.is_empty() && same_lines(page, here),
    }
}

fn same_words(page: &[&str], here: &[&str]) -> bool {
    match (page.split_first(), here.split_first()) {
        (None, None) => true,
        (Some((word, rest)), _) if word.chars().eq([LEFT_OUT]) => {
            (0..=here.len()).any(|skipped| same_words(rest, &here[skipped..]))
        }
        (Some((first, page)), Some((word, here))) => {
            same_word(first, word) && same_words(page, here)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn same_word(page: &str, here: &str) -> bool {
    let (page, here) = (plain(page), plain(here));
    match page.split_once(LEFT_OUT) {
        Some((start, end)) => {
            let rest = here.strip_prefix(start);
            rest.is_some_and(|rest| rest.ends_with(end))
        }
        None => page == here,
    }
}

/// A word in which what may differ is the same.
fn plain(word: &str) -> String {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-');
    let mut plain = String::new();
    let mut rest = word;
    while let Some(start) = rest.find(belongs) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !belongs(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        let core = run.trim_end_matches(['.', ':']);
        plain.push_str(before);
        plain.push_str(freed(core).unwrap_or(core));
        plain.push_str(run.get(core.len()..).unwrap_or_default());
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// What stands for a text that may differ; none if it may not.
fn freed(text: &str) -> Option<&'static str> {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    match shape.as_str() {
        "00:00:00" => Some("00:00:00"),
        "0000-00-00" => Some("0000-00-00"),
        "000.0.0.0:00000" if text.starts_with("127.0.0.1:") => Some("127.0.0.1:00000"),
        "0.0s" | "00.0s" => Some("0.0s"),
        _ if text.len() == 10 && text.chars().all(hex) => Some("0000000000"),
        _ => None,
    }
}

#[test]
fn the_rule_of_a_page_frees_what_differs_and_nothing_else() {
    let same = |page: &str, here: &str| {
        let lines = |text: &'static str| text.lines().collect::<Vec<_>>();
        let (page, here) = (page.to_owned().leak(), here.to_owned().leak());
        same_lines(&lines(page), &lines(here))
    };
    for (page, here) in [
        ("took=2.1s", "took=12.9s"),
        ("web  be65829431 → 2", "web 0123456789 → 2"),
        ("05:21:12 x (dep_…)", "23:59:59   x (dep_06gv)"),
        ("at 127.0.0.1:22118 exited", "at 127.0.0.1:20001 exited"),
        ("a\n…\nd", "a\nb\nc\nd"),
        ("…", ""),
        ("by … api", "by uid 0 api"),
    ] {
        assert!(same(page, here), "{page:?} is {here:?}");
    }
    for (page, here) in [
        ("watch for 2s", "watch for 3s"),
        ("web=1", "web=2"),
        ("listen on 127.0.0.1:8080", "listen on 127.0.0.1:8081"),
        ("dep_…", "ins_06gv"),
        ("a\nb", "a\nb\nc"),
        ("a\n…\nd", "a\nb\nc"),
        ("100 %", "25 %"),
    ] {
        assert!(!same(page, here), "{page:?} is not {here:?}");
    }
}

#[test]
fn commands_of_a_page_have_their_here_documents_and_outputs() {
    let page = "x\n```console\n$ cat > f <<'EOF'\n$ no command\nEOF\n$ two\nout\n```\n$ no\n";
    let typed = commands(page);
    let seen: Vec<_> = typed
        .iter()
        .map(|it| (it.line, it.text.as_str(), it.printed.len()))
        .collect();
    assert_eq!(
        seen,
        [(3, "cat > f <<'EOF'\n$ no command\nEOF", 0), (6, "two", 1)]
    );
}
