//! Going back, mending and halting as far as it needs no controller.

use serde_json::Value;

use crate::typed::{Left, Place};

const WEB: &str = "\
app: hello
services:
  web:
    run: ./server --port ${PORT}
    listen: 127.0.0.1:8080
";

/// The part of a command's help that is its own.
fn help(verb: &str) -> String {
    let left = Place::empty().run(&[verb, "--help"]);
    let head = left.out.split("Options of every command").next();
    head.unwrap().trim_end().to_owned()
}

#[test]
fn what_goes_back_says_what_it_takes() {
    insta::assert_snapshot!(help("rollback"), @r"
    Go back to the last good release, at once

    Usage: windlass rollback [OPTIONS] [SERVICE]

    Arguments:
      [SERVICE]  The service; everything that was promoted last by default

    Options:
          --to <VERSION>    The version to go back to, or at least 4 characters that it alone begins
                            with; the last good one by default
          --detach          Return once it began
      -m, --message <TEXT>  Why, in a line: it is kept with what you say, and shown to whoever follows
                            or looks
          --yes             Ask nothing; where there is no terminal nothing is asked either
      -h, --help            Print help
    ");
    insta::assert_snapshot!(help("finalize"), @r"
    Drop what a deployment has left running

    Usage: windlass finalize [OPTIONS] [ID]

    Arguments:
      [ID]  The deployment that left it, or the beginning of its id; by default the only one that has
            left anything

    Options:
      -m, --message <TEXT>  Why, in a line: it is kept with what you say, and shown to whoever follows
                            or looks
      -h, --help            Print help
    ");
    insta::assert_snapshot!(help("remove"), @r"
    Drain and remove a service that is no longer in the file

    Usage: windlass remove [OPTIONS] <SERVICE>

    Arguments:
      <SERVICE>  The service

    Options:
          --detach          Return once it began
      -m, --message <TEXT>  Why, in a line: it is kept with what you say, and shown to whoever follows
                            or looks
          --yes             Ask nothing; where there is no terminal nothing is asked either
      -h, --help            Print help
    ");
}

#[test]
fn what_mends_and_what_keeps_says_what_it_takes() {
    insta::assert_snapshot!(help("repair"), @r"
    Mend a deployment that is stuck, or a lost journal

    Usage: windlass repair [OPTIONS] [ID]

    Arguments:
      [ID]  The deployment, or the beginning of its id; the one that runs by default

    Options:
          --retry           Try what failed once more
          --done            You have done by hand what was left: it counts as done
          --abandon         Let go of it as it is, and free the lock; ends with 6, nobody knows its
                            state
          --adopt           The journal is lost or old: write down as stable what runs
      -m, --message <TEXT>  Why, in a line: it is kept with what you say, and shown to whoever follows
                            or looks
          --detach          Return once it is journalled
      -h, --help            Print help
    ");
    insta::assert_snapshot!(help("halt"), @r"
    Let no candidate have more traffic until it is lifted

    Usage: windlass halt [OPTIONS]

    Options:
          --lift            End the halt
      -m, --message <TEXT>  Why, in a line: it is kept with what you say, and shown to whoever follows
                            or looks
      -h, --help            Print help
    ");
    insta::assert_snapshot!(help("serve"), @r"
    Run the controller (other commands start it)

    Usage: windlass serve [OPTIONS]

    Options:
          --replace           Take the place of the controller that runs; services and router go on, and
                              so does what is being deployed. With --install: write over a unit that
                              says something else
          --install           Write a systemd unit that keeps the controller running, also after a
                              reboot, and end
          --listen <ADDRESS>  Serve the API on the network too, for whoever has a token: PORT of
                              127.0.0.1, or ADDRESS:PORT. The next controller does so too, until `none`
                              is said or everything is down
          --tls-cert <FILE>   The certificate for TLS, a PEM file; without it only a loopback address is
                              taken
          --tls-key <FILE>    The certificate's private key, a PEM file
      -h, --help              Print help
    ");
}

#[test]
fn what_makes_no_sense_exits_64() {
    let place = Place::empty();
    let table: [&[&str]; 7] = [
        &["remove"],
        &["repair", "dep_1", "--retry", "--done"],
        &["repair", "dep_1", "--adopt"],
        &["deploy", "--wait", "30"],
        &["deploy", "--wait", "30s", "--supersede"],
        &["serve", "--install", "--detached"],
        &["serve", "--listen=none", "--tls-cert=c", "--tls-key=k"],
    ];
    for arguments in table {
        let left = place.run(arguments);
        assert_eq!((left.code, left.out.as_str()), (64, ""), "{arguments:?}");
    }
}

#[test]
fn repair_without_a_word_for_how_tells_each_way() {
    insta::assert_snapshot!(Place::empty().run(&["repair", "dep_1"]).whole(), @r"
    exit 64
    --
    error[WL0434]: say how to repair it
      --retry    tries once more what failed
      --done     you have done by hand what was left: it counts as done
      --abandon  lets go of it as it is and frees the lock; ends with 6
      --adopt    for a lost journal: writes down as stable what runs
      hint: windlass show dep_1, then windlass repair dep_1 --retry
    ");
}

#[test]
fn where_nothing_was_ever_deployed_there_is_nothing_to_go_back_to() {
    let place = Place::with_file(WEB);
    for words in [
        &["rollback"][..],
        &["retry"],
        &["finalize"],
        &["finalize", "dep_1"],
        &["repair", "--adopt"],
    ] {
        assert_eq!(place.run(words).code, 64, "{words:?}");
    }
    assert_eq!(place.run(&["remove", "other"]).code, 64);
    assert!(!place.path("home").exists(), "nothing was made");
}

#[test]
fn a_service_that_is_still_in_the_file_is_not_removed() {
    let left = Place::with_file(WEB).run(&["remove", "web"]);
    insta::assert_snapshot!(left.whole(), @r"
    exit 5
    --
    error[WL0409]: web is still in windlass.yaml
      nothing was changed
      hint: take it out of the file, then: windlass remove web
    ");
}

/// The text without what differs from run to run.
fn timeless(left: &Left) -> String {
    let words: Vec<String> = left
        .whole()
        .split(' ')
        .map(|word| match word.split_once('-') {
            Some((year, _)) if year.parse::<u16>().is_ok() => "DATE".to_owned(),
            _ if word.matches(':').count() == 2 => "TIME".to_owned(),
            _ => word.to_owned(),
        })
        .collect();
    words.join(" ")
}

#[test]
fn a_halt_needs_no_controller_and_lasts_until_it_is_lifted() {
    let place = Place::with_file(WEB);
    let run = |words: &[&str]| {
        let left = place.command(words).env("USER", "mira").output().unwrap();
        Left::of(left)
    };
    insta::assert_snapshot!(run(&["halt", "--lift"]).whole(), @r"
    exit 0
    nothing is halted
    --
    ");
    assert!(!place.path("home").exists(), "nothing was made");
    insta::assert_snapshot!(run(&["halt"]).whole(), @r"
    exit 0
    halted: no candidate gets more traffic, aborts and rollbacks go on
    end it: windlass halt --lift
    --
    ");
    insta::assert_snapshot!(timeless(&run(&["halt"])), @r"
    exit 0
    halted already since DATE TIME by mira
    end it: windlass halt --lift
    --
    ");
    insta::assert_snapshot!(timeless(&run(&["deploy"])), @r"
    exit 5
    --
    error[WL0408]: everything is halted since DATE TIME by mira
      nothing was changed; aborts and rollbacks go on
      hint: windlass halt --lift
    ");
    let told = run(&["halt", "-o", "json"]).out;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["halted"]["by"], "mira");
    assert!(told["halted"]["since_us"].as_i64().unwrap() > 0);
    let state = place.path("home/.local/state/windlass");
    let names = |folder: &std::path::Path| {
        let all = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = all.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(
        names(&state),
        ["halted", "run"],
        "and no controller was started"
    );
    insta::assert_snapshot!(timeless(&run(&["halt", "--lift"])), @r"
    exit 0
    lifted: it was halted since DATE TIME by mira
    --
    ");
    insta::assert_snapshot!(run(&["halt", "--lift"]).whole(), @r"
    exit 0
    nothing is halted
    --
    ");
    assert_eq!(names(&state), ["lifted", "run"], "who lifted it is kept");
}

#[test]
fn a_hint_repeats_the_options_that_it_needs() {
    let place = Place::with_file(WEB);
    place.run(&["halt", "--state-dir", "there"]);
    let left = place.run(&["deploy", "--state-dir", "there", "-e", "default"]);
    assert_eq!(left.code, 5);
    let hint = "hint: windlass --state-dir there halt --lift";
    assert!(left.err.contains(hint), "{}", left.err);
}
