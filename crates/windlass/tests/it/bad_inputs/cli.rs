//! Words that are no command.

use super::judge::judge;
use super::row::{
    Given::{Shell, Typed},
    Row, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "a misspelt verb",
        Typed(&["deplpy"]),
        64,
        &[
            "WL0434",
            "unrecognized subcommand 'deplpy'",
            "did you mean windlass deploy?",
        ],
    ),
    row(
        "an option that is none",
        Typed(&["deploy", "--bogus"]),
        64,
        &[
            "WL0434",
            "unexpected argument '--bogus'",
            "windlass deploy --help",
        ],
    ),
    row(
        "a mistyped option",
        Typed(&["deploy", "--detac"]),
        64,
        &["WL0434", "did you mean --detach?"],
    ),
    row(
        "an option of another verb, for a program",
        Typed(&["status", "--follow", "-o", "json"]),
        64,
        &["\"code\":\"WL0434\"", "--follow is for windlass events"],
    ),
    row(
        "a form that is none",
        Typed(&["deploy", "-o", "xml"]),
        64,
        &["invalid value 'xml'", "text, json, ndjson"],
    ),
    row(
        "a version without =",
        Typed(&["deploy", "--set", "web"]),
        64,
        &["write SERVICE=VERSION"],
    ),
    row(
        "a version of nobody",
        Typed(&["deploy", "--set", "nobody=2"]),
        64,
        &["no service `nobody`", "the file has `web`"],
    ),
    row(
        "an environment that is none",
        Typed(&["deploy", "-e", "production"]),
        64,
        &["no environment `production`", "the file has `default`"],
    ),
    row(
        "a file that is not there",
        Typed(&["deploy", "-f", "nowhere.yaml"]),
        65,
        &[
            "WL0410",
            "nowhere.yaml can't be read",
            "No such file",
            "-f FILE",
        ],
    ),
    row(
        "to show no deployment",
        Typed(&["show", "dep_nothing"]),
        64,
        &[
            "there is no deployment dep_nothing",
            "windlass list shows them",
        ],
    ),
    row(
        "the events of no deployment",
        Typed(&["events", "dep_nothing"]),
        64,
        &[
            "there is no deployment dep_nothing",
            "windlass list shows them",
        ],
    ),
    row(
        "to abort no deployment",
        Typed(&["abort", "dep_nothing"]),
        64,
        &[
            "there is no deployment dep_nothing",
            "windlass list shows them",
        ],
    ),
    row(
        "to hold no deployment",
        Typed(&["hold", "dep_nothing"]),
        64,
        &[
            "there is no deployment dep_nothing",
            "windlass list shows them",
        ],
    ),
    row(
        "to resume no deployment",
        Typed(&["resume", "dep_nothing"]),
        64,
        &[
            "there is no deployment dep_nothing",
            "windlass list shows them",
        ],
    ),
    row(
        "to promote no deployment",
        Typed(&["promote", "dep_nothing"]),
        64,
        &[
            "there is no deployment dep_nothing",
            "windlass list shows them",
        ],
    ),
    row(
        "to retry no deployment",
        Typed(&["retry", "dep_nothing"]),
        64,
        &[
            "there is no deployment dep_nothing",
            "windlass list shows them",
        ],
    ),
    row(
        "to finalize no deployment",
        Typed(&["finalize", "dep_nothing"]),
        64,
        &[
            "there is no deployment dep_nothing",
            "windlass list shows them",
        ],
    ),
    row(
        "to abort what was promoted",
        Shell(r#""$0" abort $("$0" list -o json | grep -o 'dep_[a-z0-9]*' | head -1)"#),
        5,
        &[
            "WL0313",
            "it has ended",
            "it was promoted",
            "windlass rollback",
        ],
    ),
    row(
        "to go back to a version that is none",
        Typed(&["rollback", "web", "--to", "9.9", "--yes"]),
        5,
        &[
            "WL0345",
            "there is no release 9.9 of web in default",
            "web: no earlier release",
            "nothing was changed",
        ],
    ),
    row(
        "the logs of nobody",
        Typed(&["logs", "nobody"]),
        64,
        &["WL0432", "no service nobody", "there is web"],
    ),
    row(
        "the logs of a mistyped service",
        Typed(&["logs", "wbe"]),
        64,
        &["WL0432", "did you mean web?"],
    ),
    row(
        "to roll a mistyped service back",
        Typed(&["rollback", "wbe", "--yes"]),
        64,
        &["WL0308", "did you mean web?"],
    ),
    row(
        "to split what a controller splits",
        Typed(&["router", "split", "web", "1=50%"]),
        5,
        &["WL0422", "a controller decides", "nothing was changed"],
    ),
    row(
        "the router to go back from no split",
        Typed(&["router", "rollback"]),
        5,
        &["WL0426", "no split to go back from", "windlass rollback"],
    ),
    row(
        "the router to go back for a mistyped service",
        Typed(&["router", "rollback", "shop/default/wbe"]),
        64,
        &["WL0421", "did you mean shop/default/web?"],
    ),
    row(
        "a router of a state directory that is not there",
        Typed(&["router", "status", "--state-dir", "nothing-here"]),
        64,
        &["WL0460", "does not exist"],
    ),
    row(
        "a verb without its own verb",
        Typed(&["report"]),
        64,
        &["[subcommands: phase, progress, log, metric]"],
    ),
    row(
        "to roll nobody back",
        Typed(&["rollback", "nobody", "--yes"]),
        64,
        &["nothing runs of a service nobody", "windlass status"],
    ),
    row(
        "to remove what the file has",
        Typed(&["remove", "web"]),
        5,
        &[
            "web is still in windlass.yaml",
            "nothing was changed",
            "take it out of the file",
        ],
    ),
    row(
        "a code that is none",
        Typed(&["explain", "WL9999"]),
        64,
        &["WL0433", "no code WL9999", "windlass explain"],
    ),
    row(
        "a page that is none",
        Typed(&["docs", "stuck"]),
        64,
        &["WL0433", "no page stuck", "it is told of in "],
    ),
    row(
        "a mistyped page",
        Typed(&["docs", "tutoral"]),
        64,
        &["WL0433", "did you mean tutorial?"],
    ),
    row(
        "a count in words",
        Typed(&["list", "--limit", "many"]),
        64,
        &["invalid value 'many'", "a whole number from 1 to 1000"],
    ),
    row(
        "a report to an address that takes none",
        Shell(
            r#"WINDLASS_TOKEN=wlr_x WINDLASS_COORDINATION_ENDPOINT=http://127.0.0.1:1 "$0" report phase x"#,
        ),
        64,
        &[
            "it is not where a run reports",
            "leave WINDLASS_COORDINATION_ENDPOINT as it was given",
        ],
    ),
    row(
        "another shell",
        Typed(&["completions", "csh"]),
        64,
        &["bash, zsh, fish"],
    ),
    row(
        "to take down an environment that is none",
        Typed(&["down", "-e", "defualt"]),
        64,
        &[
            "WL0441",
            "nothing is deployed in defualt",
            "did you mean default?",
        ],
    ),
    row(
        "a look at an environment that is none",
        Typed(&["status", "-e", "defualt"]),
        64,
        &["WL0441", "did you mean default?"],
    ),
    row(
        "a token that has expired at once",
        Typed(&["token", "create", "--scope", "read", "--expires", "0s"]),
        64,
        &["WL0434", "invalid value '0s'", "like 90d"],
    ),
    row(
        "a wait in words",
        Typed(&["deploy", "--wait", "soon"]),
        64,
        &["invalid value 'soon'", "500ms, 30s"],
    ),
    row(
        "a backup into no folder",
        Typed(&["backup", "/nowhere/at/all.tar"]),
        65,
        &[
            "there is no backup",
            "/nowhere/at/all.tar",
            "make the folder first",
        ],
    ),
    row(
        "a restore over what runs",
        Typed(&["restore", "nowhere.tar"]),
        5,
        &["is the controller of", "nothing was restored", "--into DIR"],
    ),
];

#[test]
fn no_bad_word_moves_anything() {
    judge(ROWS);
}
