//! Scripts as teams have them, and what is seen in each.

use super::*;

fn surely(words: &str) -> Way {
    Way::Surely(words.to_owned())
}

fn perhaps(words: &str) -> Way {
    Way::Perhaps(words.to_owned())
}

/// How it deploys, goes back and says what is live.
#[track_caller]
fn is(path: &str, text: &str, (deploy, back, status): (&str, Option<Way>, Option<Way>)) {
    let seen = asked(path, text);
    let all = (seen.deploy.join(" "), seen.rollback, seen.status);
    assert_eq!(all, (deploy.to_owned(), back, status), "{text}");
}

#[test]
fn the_arms_of_a_case_are_what_a_script_can_be_asked() {
    is(
        "deploy.sh",
        "#!/bin/sh\ncase \"${1:-}\" in\n  --status) status ;;\n  -r|--rollback) back ;;\n  *) bring ;;\nesac\n",
        ("", Some(surely("--rollback")), Some(surely("--status"))),
    );
    is(
        "deploy.sh",
        "case $1 in --undo) back;; --status) cat live;; *) bring \"$1\"; esac\necho done",
        (
            "${VERSION}",
            Some(surely("--undo")),
            Some(surely("--status")),
        ),
    );
    is(
        "bin/deploy",
        "#!/usr/bin/env bash\nset -e\nACTION=\"${1:-deploy}\"\ncase \"$ACTION\" in\n(deploy) bring ;;\n(rollback) back ;;\n*) echo \"usage: $0 $1\"; exit 2 ;;\nesac\n",
        ("deploy", Some(surely("rollback")), None),
    );
}

#[test]
fn a_loop_over_options_and_a_comparison_are_seen_too() {
    let options = "while [ $# -gt 0 ]; do\n  case \"$1\" in\n    --rollback) MODE=rollback; shift ;;\n    --version) VERSION=\"$2\"; shift 2 ;;\n    *) echo \"unknown option $1\"; exit 64 ;;\n  esac\ndone\n";
    is(
        "deploy.sh",
        options,
        ("--version ${VERSION}", Some(surely("--rollback")), None),
    );
    let function = format!("parse() {{\n{options}}}\nparse \"$@\"\n");
    is(
        "deploy.sh",
        &function,
        ("--version ${VERSION}", Some(surely("--rollback")), None),
    );
    is(
        "deploy.sh",
        "for arg in \"$@\"; do\n  case $arg in --rollback) back; exit ;; esac\ndone\nbring",
        ("", Some(surely("--rollback")), None),
    );
    is(
        "deploy.sh",
        "if [[ \"$1\" == \"--rollback\" ]]; then back; exit; fi\n[ \"${1:-}\" = --status ] && { cat live; exit; }\nbring ${1:?which version}",
        (
            "${VERSION}",
            Some(surely("--rollback")),
            Some(surely("--status")),
        ),
    );
}

#[test]
fn what_wants_more_than_the_word_may_be_wrong() {
    let takes = "case $1 in --rollback) back \"$2\" ;; *) bring ;; esac";
    is(
        "deploy.sh",
        takes,
        ("", Some(perhaps("--rollback ${VERSION}")), None),
    );
    let passes = "case $1 in deploy) shift; bring \"$@\" ;; rollback) shift; back \"$1\" ;; status) state ;; esac";
    is(
        "deploy.sh",
        passes,
        (
            "deploy ${VERSION}",
            Some(perhaps("rollback ${VERSION}")),
            Some(surely("status")),
        ),
    );
    let second = "VERSION=${2:?which}\ncase $1 in deploy) bring ;; rollback) back ;; esac";
    is(
        "deploy.sh",
        second,
        ("deploy ${VERSION}", Some(perhaps("rollback")), None),
    );
    let spared = "VERSION=${2:-none}\ncase $1 in deploy) bring ;; rollback) back ;; esac";
    is(
        "deploy.sh",
        spared,
        ("deploy", Some(surely("rollback")), None),
    );
    let later = "[ \"$2\" = --rollback ] && back\nbring $1";
    is(
        "deploy.sh",
        later,
        ("${VERSION}", Some(perhaps("--rollback ${VERSION}")), None),
    );
    let positional =
        "for arg; do case $arg in --rollback) back=1 ;; esac; done\nENV=${1:?environment}";
    is(
        "deploy.sh",
        positional,
        ("${VERSION}", Some(perhaps("--rollback")), None),
    );
}

#[test]
fn what_only_says_a_word_may_know_it() {
    for text in [
        "# deploy.sh --rollback goes back\nbring\n",
        "usage() {\n  cat <<EOF\ncase x in --rollback) this one ;; esac\nEOF\n}\nbring\n",
    ] {
        is("deploy.sh", text, ("", Some(perhaps("--rollback")), None));
    }
    // Neither an option of its own nor a word of an answer.
    is(
        "deploy.sh",
        "helm --rollback-on-failure\ngit revert x\nsystemctl status\n",
        ("", None, None),
    );
    // A function of its own words is not asked from outside.
    let inner =
        "say() {\n  case \"$1\" in rollback) echo back ;; *) echo \"$1\" ;; esac\n}\nsay done\n";
    is("deploy.sh", inner, ("", None, None));
}

#[test]
fn what_argparse_declares_is_what_a_script_can_be_asked() {
    is(
        "deploy.py",
        "p = argparse.ArgumentParser()\np.add_argument('--rollback', action='store_true', help='go back (fast)')\np.add_argument(\"-s\", \"--status\", action=\"store_true\")\np.add_argument('--version')\n",
        (
            "--version ${VERSION}",
            Some(surely("--rollback")),
            Some(surely("--status")),
        ),
    );
    is(
        "deploy.py",
        "sub = p.add_subparsers()\nd = sub.add_parser('deploy')\nd.add_argument('version')\nr = sub.add_parser('rollback')\nr.add_argument('to')\nsub.add_parser('status')\n",
        (
            "deploy ${VERSION}",
            Some(perhaps("rollback")),
            Some(surely("status")),
        ),
    );
    is(
        "deploy.py",
        "p.add_argument('action', choices=['deploy', 'rollback'], nargs='?')\np.add_argument('--env', required=True)\n",
        ("deploy", Some(perhaps("rollback")), None),
    );
    is(
        "deploy.py",
        "p.add_argument('--rollback', metavar='VERSION')\np.add_argument('--version', action='version', version='1')\n",
        ("", Some(perhaps("--rollback ${VERSION}")), None),
    );
    is(
        "deploy.py",
        "if '--rollback' in sys.argv:\n    back()\n# --status\n",
        (
            "${VERSION}",
            Some(surely("--rollback")),
            Some(perhaps("--status")),
        ),
    );
}

#[test]
fn other_languages_are_seen_to_compare_their_arguments() {
    is(
        "deploy.js",
        "if (process.argv[2] === 'rollback') back();\nelse if (process.argv.includes(\"--status\")) tell();\n",
        (
            "${VERSION}",
            Some(surely("rollback")),
            Some(surely("--status")),
        ),
    );
    is(
        "deploy.rb",
        "opts.on('--rollback')\n",
        ("", Some(perhaps("--rollback")), None),
    );
}

#[test]
fn odd_texts_end_somewhere() {
    for text in [
        "case",
        "case $1 in",
        "case $1 in a",
        "f() {",
        "case $1 in a) esac) x",
        "[ $1 =",
        "",
    ] {
        asked("deploy.sh", text);
        asked("deploy.py", &format!("p.add_argument({text}"));
    }
}

#[test]
fn a_comparison_beside_another_argument_is_no_sure_way() {
    let python = "import sys\nif sys.argv[1] == \"rollback\":\n    back_to(sys.argv[2])\n";
    let seen = ("${VERSION}", Some(perhaps("rollback")), None);
    is("deploy.py", python, seen);
    let node = "if (process.argv[2] === 'rollback') back(process.argv[3]);";
    let seen = asked("deploy.js", node);
    assert_eq!(seen.rollback, Some(perhaps("rollback")));
}

#[test]
fn whoever_reads_a_script_is_known_also_with_options_of_its_own() {
    for by in ["#!/bin/bash -e", "#!/usr/bin/env -S bash -eu"] {
        let text = format!("{by}\ncase $1 in rollback) back;; *) bring; esac\n");
        is("deploy", &text, ("", Some(surely("rollback")), None));
    }
}

#[test]
fn a_script_of_many_thousand_cases_that_never_end_is_read_no_further_than_its_beginning() {
    let text = format!(
        "case $1 in rollback) back;; esac\n{}",
        "case $1 in a) x=$1\n".repeat(40_000)
    );
    assert_eq!(asked("deploy.sh", &text).rollback, Some(surely("rollback")));
}
