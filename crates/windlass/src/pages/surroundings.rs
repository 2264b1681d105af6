//! The variables that the program reads and the files that it keeps: for the reference of the command line and for
//! the manual pages.

/// A variable or a file, and which commands have to do with it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) means: &'static str,
    whose: Whose,
}

#[derive(Debug)]
enum Whose {
    /// Every command's.
    All,
    /// Told with the program as a whole, and with these.
    These(&'static [&'static str]),
}

use Whose::{All, These};

/// The commands that read the file of an application.
const READ_THE_FILE: &[&str] = &["validate", "plan", "deploy", "init", "score", "doctor"];

/// The commands that run a controller or a router, or see to them.
const SERVE: &[&str] = &["serve", "router", "doctor"];

pub(crate) const VARIABLES: &[Row] = &[
    Row {
        name: "WINDLASS_STATE_DIR",
        means: "the state directory, where no --state-dir is given",
        whose: All,
    },
    Row {
        name: "WINDLASS_SERVER",
        means: "a controller elsewhere, where no --server is given",
        whose: All,
    },
    Row {
        name: "WINDLASS_TOKEN",
        means: "what lets in at a controller elsewhere; in a wrapped script, what lets its reports in",
        whose: All,
    },
    Row {
        name: "WINDLASS_CA",
        means: "a file of the certificates that are trusted there, where no --ca is given",
        whose: All,
    },
    Row {
        name: "WINDLASS_LOG",
        means: "what controller and router write to their logs: error, warn, info, debug or trace, or of parts, as windlass_router=debug,info; without it info",
        whose: These(SERVE),
    },
    Row {
        name: "WINDLASS_COORDINATION_ENDPOINT",
        means: "where a wrapped script reports to; Windlass sets it",
        whose: These(&["report"]),
    },
    Row {
        name: "WINDLASS_HEALTH_MONITOR",
        means: "where a wrapped script can ask how its deployment is; Windlass sets it",
        whose: These(&["report"]),
    },
    Row {
        name: "WINDLASS_VERSION, WINDLASS_FROM, WINDLASS_ATTEMPT, WINDLASS_DEPLOYMENT, WINDLASS_DEPLOYMENT_ID, WINDLASS_SERVICE",
        means: "what a wrapped script is told besides: windlass docs wrap-a-script",
        whose: These(&["report"]),
    },
    Row {
        name: "WINDLASS_APP, WINDLASS_ENVIRONMENT, WINDLASS_SERVICE, WINDLASS_VERSION",
        means: "what the command of a check is told: windlass docs score",
        whose: These(&["score"]),
    },
    Row {
        name: "NO_COLOR",
        means: "set to anything: no colours",
        whose: All,
    },
    Row {
        name: "TERM, CI",
        means: "where TERM is dumb, or CI is set, nothing is drawn in place: a line for each thing that happens, as in a pipe",
        whose: These(&["deploy", "rollback", "events", "demo"]),
    },
    Row {
        name: "TZ",
        means: "the zone of the times that are shown",
        whose: These(&["status", "list", "show", "events", "logs"]),
    },
    Row {
        name: "USER, LOGNAME",
        means: "who is written down as having said something; without them the name of the user",
        whose: These(&[
            "deploy", "rollback", "hold", "resume", "abort", "promote", "retry", "repair", "halt",
            "finalize", "down", "remove", "token",
        ]),
    },
    Row {
        name: "PATH, HOME, LANG",
        means: "what each service sees of whoever deploys, beside what its `env` says",
        whose: These(&["plan", "deploy"]),
    },
    Row {
        name: "XDG_STATE_HOME, HOME",
        means: "where the state directory is by default",
        whose: These(&["serve", "router", "doctor", "backup", "restore"]),
    },
    Row {
        name: "XDG_RUNTIME_DIR, TMPDIR",
        means: "where the sockets are",
        whose: These(SERVE),
    },
    Row {
        name: "XDG_CONFIG_HOME, HOME",
        means: "where serve --install writes the unit of a user",
        whose: These(&["serve"]),
    },
];

pub(crate) const FILES: &[Row] = &[
    Row {
        name: "windlass.yaml",
        means: "what is deployed: here or in the nearest folder above that has one; also windlass.yml, windlass.toml, windlass.json, or any other with -f",
        whose: These(READ_THE_FILE),
    },
    Row {
        name: "STATE",
        means: "the state directory: $XDG_STATE_HOME/windlass, else ~/.local/state/windlass, unless --state-dir or WINDLASS_STATE_DIR says otherwise",
        whose: All,
    },
    Row {
        name: "STATE/windlass.db",
        means: "the journal, with windlass.db-wal and windlass.db-shm beside it while it is open; windlass backup copies it",
        whose: These(&["serve", "doctor", "backup", "restore"]),
    },
    Row {
        name: "STATE/releases/DIGEST/",
        means: "a kept release: its files, and the values that it is started with, for its owner only",
        whose: These(&[
            "plan", "deploy", "status", "show", "backup", "restore", "doctor",
        ]),
    },
    Row {
        name: "STATE/instances/ID/",
        means: "what an instance printed, how it ended, and what it was told",
        whose: These(&["logs", "doctor"]),
    },
    Row {
        name: "STATE/router/",
        means: "the last table of the router, its trips, and the certificates that it orders",
        whose: These(&["router", "doctor"]),
    },
    Row {
        name: "STATE/controller.log, STATE/router.log",
        means: "what they write while they run in the background",
        whose: These(SERVE),
    },
    Row {
        name: "STATE/controller.lock",
        means: "held by the one controller of the directory",
        whose: These(SERVE),
    },
    Row {
        name: "STATE/halted",
        means: "there while every raise of traffic is halted",
        whose: These(&["halt"]),
    },
    Row {
        name: "STATE/tokens.json",
        means: "the digests of the tokens for the network",
        whose: These(&["token", "serve"]),
    },
    Row {
        name: "RUN/controller.sock, RUN/router.sock, RUN/ID.sock",
        means: "where the controller, the router and the keeper of each instance are asked. RUN is $XDG_RUNTIME_DIR/windlass/HASH, else STATE/run; where that is too long for a socket, windlass-UID/HASH in the temporary folder. windlass doctor names it",
        whose: These(SERVE),
    },
    Row {
        name: "~/.config/systemd/user/windlass.service",
        means: "the unit that serve --install writes; as root /etc/systemd/system/windlass.service",
        whose: These(&["serve"]),
    },
];

/// Those that have to do with a command; all of them for none.
pub(crate) fn of(rows: &'static [Row], verb: Option<&str>) -> Vec<&'static Row> {
    let rows = rows.iter().filter(|row| match (&row.whose, verb) {
        (All, _) | (These(_), None) => true,
        (These(whose), Some(verb)) => whose.contains(&verb),
    });
    rows.collect()
}

/// As a table of Markdown.
pub(super) fn table(head: &str, rows: &'static [Row]) -> String {
    let rows = rows.iter().map(|row| {
        let names = row.name.split(", ").map(|name| format!("`{name}`"));
        let names = names.collect::<Vec<_>>().join(", ");
        format!("| {names} | {} |\n", row.means)
    });
    let head = format!("| {head} | means |\n|---|---|\n");
    std::iter::once(head).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::command;

    #[test]
    fn each_command_that_is_named_is_one() {
        let whole = command();
        for row in VARIABLES.iter().chain(FILES) {
            let These(verbs) = row.whose else {
                continue;
            };
            for verb in verbs {
                assert!(
                    whole.find_subcommand(verb).is_some(),
                    "{}: {verb}",
                    row.name
                );
            }
        }
    }
}
