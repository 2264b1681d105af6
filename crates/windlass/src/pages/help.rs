//! What stands below the options of each command's help: examples, and what its end means.

use clap::{Command, CommandFactory as _};

use crate::arguments::Arguments;

/// Verb, and what its help ends with.
const BELOW: &[(&str, &str)] = &[
    (
        "validate",
        "Examples:
  windlass validate
  windlass validate -f shop.yaml -e staging -o json

Ends with 0 when the file is good and with 65 when it is not; all problems
come at once.",
    ),
    (
        "schema",
        "Examples:
  windlass schema > windlass.schema.json
  windlass schema router > router.schema.json

An editor uses it if the file begins with
  # yaml-language-server: $schema=windlass.schema.json",
    ),
    ("version", "Examples:\n  windlass version -o json"),
    (
        "plan",
        "Examples:
  windlass plan
  windlass plan --set api=1.4.2 -e staging

Nothing is started. The plan is kept for 30 days: windlass deploy --plan ID
Ends with 0 also when there is nothing to do, with 5 when it is refused, with 6
when there is nothing to do and what runs is not ready, and with 65 when the
file is wrong or what it asks for can't be done from what runs.",
    ),
    (
        "deploy",
        "Examples:
  windlass deploy
  windlass deploy --set api=1.4.2 --set web=1.4.2
  windlass deploy --plan plan_06gv --yes
  windlass deploy --wait 10m -o ndjson

Ends with 0 promoted or nothing to do, 1 failed and nothing ran before, 3 back
at the previous releases, 4 waits for a person, 5 refused, 6 stuck. Where
nothing is new it starts at once what is down, waits until that is ready, and
ends with 6 when it is not. Ctrl-C ends the following with 130; the deployment
goes on. One that still waits for its turn does not begin then.",
    ),
    (
        "status",
        "Examples:
  windlass status
  windlass status --all
  windlass status -o json
  windlass status --server https://ops.example:7070

The application of this folder, then a line for each environment of others.
One row a slot: stable serves, a candidate is being watched, a standby waits for
a rollback, and what failed was kept to be looked at. TRAFFIC is what the router
itself says. With -v the process of each instance too, and where in the state
directory the files of each version are. Ends with 0 whatever it shows.",
    ),
    (
        "list",
        "Examples:
  windlass list --limit 5

All of this state directory, also of other applications and environments: only
`show`, `events` and what acts on one mean those of the file here. CHANGES says
what went from which version to which. Where a terminal is too narrow, ids are
cut: what is left of one is enough for every command.",
    ),
    (
        "show",
        "Examples:\n  windlass show\n  windlass show dep_06gv\n  windlass show --why

With -v it says too where in the state directory the files of each version are.",
    ),
    (
        "events",
        "Examples:
  windlass events --follow
  windlass events dep_06gv -o ndjson
  windlass events --outside

What is outside of deployments: an instance that died and was started again, or
hung; a router or a controller that died. Without an ID what went wrong since
the deployment began is told below its events.

With --follow it ends as the deployment does: 0 promoted, 3 back, 1 failed. In
ndjson one object is one row of the journal; `facts` is empty where nothing
became true in it that people are told. Without --follow it ends with 0.",
    ),
    (
        "logs",
        "Examples:
  windlass logs web --follow
  windlass logs web -n 20 -t
  windlass logs web --since 10m
  windlass logs web --deployment dep_06h1
  windlass logs web --version 3f2

Without an option: what runs, and what the last deployment has started. What
has ended besides is named. Lines of several instances come in the order of
their times, to about a second.

Ends with 0, with 130 when Ctrl-C ended the following, and with 64 where there
is no such service.",
    ),
    (
        "hold",
        "Examples:
  windlass hold

What is watched is watched on; its time stands still until: windlass resume
Ends with 0 once it is journalled, 5 where it can't wait or none runs.",
    ),
    (
        "resume",
        "Examples:
  windlass resume

Ends with 0 once it is journalled, 5 where nothing is held or none runs.",
    ),
    (
        "abort",
        "Examples:\n  windlass abort\n  windlass abort dep_06gv --detach\n\nIt asks nothing. Ends with 0 when everything is back, 6 when it is stuck on the\nway.",
    ),
    (
        "promote",
        "Examples:
  windlass promote

It asks nothing. Readiness, tripwires and what has no way back still hold.
Ends with 0 once it is journalled, 5 where it does not apply or none runs.",
    ),
    (
        "retry",
        "Examples:\n  windlass retry\n  windlass retry dep_06gv\n\nEnds as deploy does; 5 when what runs has changed since.",
    ),
    (
        "rollback",
        "Examples:
  windlass rollback
  windlass rollback api --to 1.4.1

Ends with 0 when everything is back, 5 when there is nothing to go back to,
6 when it is stuck on the way.",
    ),
    (
        "finalize",
        "Examples:
  windlass finalize
  windlass finalize dep_06gv

A standby goes, or a failed candidate that was kept. A rollback to a standby
that is gone starts its release again. Ends with 0 once it is gone, 5 while the
deployment still runs, 6 when a process does not end.",
    ),
    (
        "remove",
        "Examples:\n  windlass remove web --yes\n\nEnds with 0 when it is gone, 5 while the service is in the file or another one\nneeds it.",
    ),
    (
        "repair",
        "Examples:
  windlass repair dep_06gv --retry
  windlass repair --adopt

Ends as the deployment then does, and with 5 where nothing is to be mended. What
each does: windlass docs roll-back",
    ),
    (
        "halt",
        "Examples:
  windlass halt -m incident-4711
  windlass halt --lift

Needs no controller. Aborts and rollbacks go on. Ends with 0, also where it was
halted already. Who halted and who lifted it: windlass events --outside",
    ),
    (
        "down",
        "Examples:
  windlass down
  windlass down -e staging
  windlass down --yes

Without -e in every environment of the application, with it in that one.

Asks once on a terminal. Journal and releases stay. Start again: windlass deploy
The same release is started; another one begins as the first did, with nothing
to go back to. What a script has deployed stays live: of a `command` the next
deployment goes on from that version, and can go back to it.
Ends with 0 when nothing runs any more, 5 when you said no, 6 when something
does not end.",
    ),
    (
        "report",
        "Examples:
  windlass report phase migrate
  windlass report progress 40
  windlass report log copied
  windlass report metric rows 1200

Takes WINDLASS_COORDINATION_ENDPOINT and WINDLASS_TOKEN from the script's
environment; a controller that is away is waited for, ten seconds. Ends with 5
once the deployment is over, 64 outside of a script that Windlass runs, 69 when
the controller stays away. What is said changes no decision.",
    ),
    (
        "token",
        "Examples:
  windlass token create --scope deploy --expires 90d --name ci
  windlass token create --scope read -q > token
  windlass token list
  windlass token revoke tok_5f0c

Tokens are for the network: windlass serve --listen. Ends with 64 where there is
no such token.",
    ),
    (
        "score",
        "Examples:
  windlass score
  windlass score --explain -e production
  windlass score --at-least 85 -o json

Ends with 0 once it is measured, whatever it comes to; with --at-least 5 when it
is lower or not known. What it is made of: windlass docs score",
    ),
    (
        "demo",
        "Examples:\n  windlass demo\n  windlass demo -o json\n\nEnds with 0 when every act ended as told, 1 otherwise.",
    ),
    (
        "serve",
        "Examples:
  windlass serve --replace
  windlass serve --install
  windlass serve --replace --listen 7070
  windlass serve --replace --listen none
  windlass serve --listen 0.0.0.0:7070 --tls-cert cert.pem --tls-key key.pem

Runs until it is asked to end (SIGTERM, Ctrl-C), and ends with 0 then; with 5
when another controller has the state directory, or another program the address,
and with 6 when it can't start. A controller that another command starts listens
on its private socket only; the unit of --install repeats --listen.",
    ),
    (
        "router",
        "Examples:
  windlass router --config router.yaml
  windlass router status
  windlass router split web v2=5%
  windlass router drain web v1 --within 1m
  windlass router pause web --for 30s
  windlass router pause web --maintenance
  windlass router resume
  windlass router reload
  windlass router upgrade
  windlass router rollback

Needs no controller. Where one decides, status, upgrade and rollback are all
that the router takes; the rollback is journalled when the controller lives
again. Ends with 5 when the router refuses, 69 when none answers.",
    ),
    (
        "init",
        "Examples:
  windlass init
  windlass init -f deploy/windlass.yaml

Nothing is overwritten: it ends with 5 where the file is there already.",
    ),
    (
        "doctor",
        "Examples:
  windlass doctor
  windlass doctor -o json

Starts nothing and changes nothing; works while the controller is dead. Ends
with 0 when all is well or there are only warnings, 6 when something is broken.",
    ),
    (
        "backup",
        "Examples:
  windlass backup /srv/backup/windlass.tar
  windlass backup /srv/backup

In a folder the file is named after the time. A running controller is not
disturbed. What is written is read again and checked; ends with 0 only if that
went well, 5 where the file is there already.",
    ),
    (
        "restore",
        "Examples:
  windlass restore /srv/backup/windlass.tar
  windlass restore windlass.tar --into /tmp/look

Everything is checked before the state directory appears. Ends with 5 where
there is state already or a controller runs, 6 when the copy is damaged.",
    ),
    (
        "analyze",
        "Examples:
  windlass analyze incident.jsonl
  windlass analyze incident.jsonl --alpha 0.001 -o ndjson
  windlass analyze incident.jsonl --service web --every 5s
  windlass analyze --control old.txt --experiment new.txt
  windlass analyze --changes seconds.txt
  windlass analyze --vectors vectors.json -o json

One line for each tick: windlass docs replay. Ends with 0 whatever would be
decided, with 1 when vectors do not hold, and with 65 when a line can't be
read.",
    ),
    (
        "help",
        "Examples:
  windlass help
  windlass help deploy
  windlass help token create
  windlass help canary

Prints what windlass COMMAND --help prints. Where no command is called so, the
page of that name, or of that error code.",
    ),
    (
        "explain",
        "Examples:\n  windlass explain\n  windlass explain WL0402\n  windlass explain 402\n\nEnds with 64 where there is no such code.",
    ),
    (
        "docs",
        "Examples:\n  windlass docs\n  windlass docs roll-back\n\nEnds with 64 where there is no such page.",
    ),
    (
        "completions",
        "Examples:
  windlass completions bash > /etc/bash_completion.d/windlass
  windlass completions zsh > ~/.zfunc/_windlass
  windlass completions fish > ~/.config/fish/completions/windlass.fish

For yourself alone, bash looks in ~/.local/share/bash-completion/completions.",
    ),
    (
        "man",
        "Examples:\n  windlass man | man -l -\n  windlass man --out ~/.local/share/man/man1",
    ),
];

/// The verbs that are for people.
pub(crate) fn verbs() -> impl Iterator<Item = &'static str> {
    BELOW.iter().map(|(verb, _)| *verb)
}

/// The command line with all of its help.
pub(crate) fn command() -> Command {
    let mut whole = Arguments::command().after_help(
        "Begin with: windlass docs tutorial, or see it at work: windlass demo\n\
             What the number at the end means: windlass docs exit-codes",
    );
    for (verb, below) in BELOW {
        if whole.find_subcommand(verb).is_some() {
            whole = whole.mut_subcommand(verb, |command| command.after_help(*below));
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_for_people_has_an_example_and_none_is_of_another() {
        let whole = command();
        for verb in whole.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let name = verb.get_name();
            let below = verb.get_after_help().map(ToString::to_string);
            let example = format!("windlass {name}");
            assert!(
                below.is_some_and(|text| text.contains(&example)),
                "{name}: add it to BELOW"
            );
        }
        for (verb, _) in BELOW {
            assert!(whole.find_subcommand(verb).is_some(), "{verb}");
        }
    }

    /// Whoever breaks a longer one leaves a word alone on a line.
    #[test]
    fn no_line_is_longer_than_a_terminal_has_room_for() {
        let lines = BELOW.iter().flat_map(|(_, below)| below.lines());
        let long: Vec<&str> = lines.filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{long:#?}");
    }

    #[test]
    fn every_example_can_be_typed() {
        for (verb, below) in BELOW {
            for line in below
                .lines()
                .filter_map(|line| line.strip_prefix("  windlass "))
            {
                let words = line
                    .split([' '])
                    .take_while(|word| !matches!(*word, ">" | "|"));
                let typed = std::iter::once("windlass").chain(words);
                let parsed = command().try_get_matches_from(typed);
                assert!(parsed.is_ok(), "{verb}: {line}");
            }
        }
    }
}
