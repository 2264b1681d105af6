//! What needs no controller: help, usage errors, the file, and looking at nothing.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::typed::{Left, Place};

const SHOP: &str = "\
app: shop
environments:
  staging: {}
  production: {}
services:
  auth:
    run: ./auth --port ${PORT} --token ${TOKEN}
    listen: 127.0.0.1:8082
  api:
    needs: [auth]
    run: ./api
";

const HELLO: &str = "\
app: hello
services:
  web:
    run: ./server --port ${PORT} --token ${TOKEN}
    listen: 127.0.0.1:8080
";

#[test]
fn help_lists_every_verb() {
    insta::assert_snapshot!(Place::empty().run(&["--help"]).whole(), @r"
    exit 0
    Brings new releases of a multi-service application to production safely

    Usage: windlass [OPTIONS] <COMMAND>

    Commands:
      init         Write a first windlass.yaml from what is in this folder
      validate     Check the file and list what it needs
      schema       Print the JSON Schema of the file
      version      Print the version
      plan         Show what a deployment would do
      deploy       Deploy what the file says and follow it
      status       Show what runs where
      list         List deployments, newest first
      show         Show one deployment
      events       Print what happened in a deployment
      logs         Print what a service's instances printed
      hold         Make a deployment wait
      resume       End the wait of a deployment
      abort        Stop a deployment and go back
      promote      Skip the remaining bakes and steps of a deployment
      retry        Carry out the plan of an ended deployment once more
      rollback     Go back to the last good release, at once
      finalize     Drop what a deployment has left running
      remove       Drain and remove a service that is no longer in the file
      repair       Mend a deployment that is stuck, or a lost journal
      halt         Let no candidate have more traffic until it is lifted
      down         End this application's services
      report       Say how a wrapped script gets on, from within it
      token        Make, list and end tokens for the network
      demo         Show Windlass at work on three small services
      doctor       Find what is not as it should be, and say what mends it
      backup       Write journal and releases into one file, and check it
      restore      Make a state directory from a backup
      analyze      Judge recorded counts and show what would be decided
      score        Measure the health score, and say what each lost point takes
      help         Print the help of a command
      explain      Say what an error code means and what to do
      docs         Print a page of the documentation
      completions  Print the completions of a shell
      man          Print the manual page
      serve        Run the controller (other commands start it)
      router       Run the router alone, or look at one and split what it serves

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Options of every command:
      -f, --file <FILE>        The file; windlass.yaml here or in a folder above by default
          --state-dir <DIR>    Where releases, journal and logs are kept; by default where
                               WINDLASS_STATE_DIR says, else in $XDG_STATE_HOME/windlass
          --server <URL>       A controller elsewhere, https://HOST:PORT; else WINDLASS_SERVER says it.
                               WINDLASS_TOKEN holds the token
          --ca <FILE>          The certificates that are trusted there, a PEM file; else WINDLASS_CA
                               says it, else this machine does
      -e, --environment <ENV>  The environment; needed when the file has several
      -o, --output <FORM>      How results are printed: text, which is the default, json or ndjson
      -q, --quiet              Print results only
      -v, --verbose            Print more of what happens
          --no-color           No colours; NO_COLOR does the same

    Begin with: windlass docs tutorial, or see it at work: windlass demo
    What the number at the end means: windlass docs exit-codes
    --
    ");
}

#[test]
fn deploy_help_lists_its_options() {
    let left = Place::empty().run(&["deploy", "--help"]);
    let head = left.out.split("Options of every command").next().unwrap();
    insta::assert_snapshot!(head, @r"
    Deploy what the file says and follow it

    Usage: windlass deploy [OPTIONS]

    Options:
          --set <SERVICE=VERSION>  The version of a service, in the place of the file's; may be given
                                   for each service
          --plan <ID>              The stored plan to carry out: its releases and values, not today's
                                   file
          --detach                 Return once it began
          --yes                    Ask nothing, also where there is no way back
          --move                   The application may move here from another folder
          --keep-failed            Leave a candidate that fails running, without traffic, to look at
          --wait <DURATION>        Wait so long for a deployment that runs here, like 10m, instead of
                                   being refused; ends with 4 when that was not enough
          --supersede              Take back a deployment that runs here, then begin afresh
      -m, --message <TEXT>         Why, in a line: it is kept with what you say, and shown to whoever
                                   follows or looks
      -h, --help                   Print help
    ");
}

#[test]
fn usage_errors_exit_64() {
    let place = Place::empty();
    let table: [&[&str]; 9] = [
        &[],
        &["--nonsense"],
        &["nonsense"],
        &["deploy", "--nonsense"],
        &["deploy", "--set", "api"],
        &["deploy", "--set", "api=1", "--plan", "plan_1"],
        &["status", "-o", "xml"],
        &["status", "-q", "-v"],
        &["logs"],
    ];
    for arguments in table {
        let left = place.run(arguments);
        assert_eq!((left.code, left.out.as_str()), (64, ""), "{arguments:?}");
        assert!(left.err.contains("--help"), "{arguments:?}: {}", left.err);
    }
}

#[test]
fn without_a_verb_those_for_people_are_listed() {
    for arguments in [&[][..], &["-q"]] {
        let left = Place::empty().run(arguments);
        assert!(left.err.contains("rollback"), "{}", left.err);
        for inner in ["shim", "demo-service"] {
            assert!(!left.err.contains(inner), "{}", left.err);
        }
    }
}

#[test]
fn toml_and_json_are_found_as_yaml_is_and_told_of_with_places() {
    let place = Place::empty();
    let toml = "app = \"hello\"\n[services.web]\nrun = \"./web\"\nbake = 30\n";
    std::fs::write(place.path("windlass.toml"), toml).unwrap();
    let left = place.run(&["validate"]);
    assert_eq!(left.code, 65);
    insta::assert_snapshot!(left.err, @r#"
    error: windlass.toml has a problem
      windlass.toml:4:8: `30` is not a duration [WL0126]
          bake = 30
                 ^^
        a duration carries a unit: write "30s"
    "#);
    std::fs::write(place.path("windlass.toml"), toml.replace("30", "\"30s\"")).unwrap();
    let left = place.run(&["validate"]);
    assert_eq!(
        left.out,
        "windlass.toml is valid: app hello, 1 service (web)\n"
    );
    std::fs::remove_file(place.path("windlass.toml")).unwrap();
    let json = r#"{ "app": "hello", "services": { "web": { "run": "./web" } } }"#;
    std::fs::write(place.path("windlass.json"), json).unwrap();
    let left = place.run(&["validate"]);
    assert_eq!(
        left.out,
        "windlass.json is valid: app hello, 1 service (web)\n"
    );
}

#[test]
fn two_files_in_one_folder_are_refused_by_their_names() {
    let place = Place::empty();
    std::fs::write(place.path("windlass.yaml"), HELLO).unwrap();
    std::fs::write(place.path("windlass.toml"), "app = \"hello\"\n").unwrap();
    let left = place.run(&["validate"]);
    assert_eq!(left.code, 65);
    insta::assert_snapshot!(left.err, @"
    error[WL0411]: windlass.yaml and windlass.toml are in one folder
      hint: keep one of them, or name the one that counts with -f FILE
    ");
    assert_eq!(place.run(&["validate", "-f", "windlass.yaml"]).code, 0);
}

#[test]
fn a_comment_that_may_be_the_end_of_a_command_is_warned_of() {
    let place = Place::empty();
    place.program("web");
    let text = "app: hello\nservices:\n  web:\n    run: ./web --title #1\n";
    std::fs::write(place.path("windlass.yaml"), text).unwrap();
    let left = place.run(&["validate"]);
    assert_eq!(left.code, 0);
    insta::assert_snapshot!(left.err, @r"
    warning: windlass.yaml:4:10: ` #` starts a comment: what comes after it is not part of the value [WL0176]
            run: ./web --title #1
                 ^^^^^^^^^^^^^
      quote the value if that belongs to it; put a blank after `#` if not
    ");
    let several = format!("{text}environments: {{ staging: , production: }}\n");
    std::fs::write(place.path("windlass.yaml"), several).unwrap();
    let left = place.run(&["validate"]);
    assert!(left.out.contains("choose one with -e"), "{}", left.out);
    assert!(left.err.contains("WL0176"), "{}", left.err);
    let spaced = text.replace("#1", "# the first");
    std::fs::write(place.path("windlass.yaml"), spaced).unwrap();
    assert_eq!(place.run(&["validate"]).err, "");
}

#[test]
fn what_a_service_consists_of_and_is_not_here_is_warned_of_at_its_place() {
    let place = Place::with_file(
        "app: hello\nservices:\n  web: { run: nosuchprogram --port 1 }\n  job:\n    run: [./job]\n",
    );
    let left = place.run(&["validate"]);
    assert_eq!(left.code, 0);
    insta::assert_snapshot!(left.err, @r"
    warning: windlass.yaml:3:15: web: the program nosuchprogram is in no folder of PATH; a program of this folder is written ./nosuchprogram [WL0479]
          web: { run: nosuchprogram --port 1 }
                      ^^^^^^^^^^^^^
      a deployment from this machine would be refused: mend it, unless it is there on the one that deploys
    windlass.yaml:5:11: job: the program ./job is missing [WL0479]
            run: [./job]
                  ^^^^^
      a deployment from this machine would be refused: mend it, unless it is there on the one that deploys
    ");
    let left = place.run(&["validate", "-o", "json"]);
    let value: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(value["warnings"][0]["code"], "WL0479");
    assert_eq!(value["warnings"][0]["line"], 3);
    place.program("job");
    let said = place.run(&["validate"]).err;
    assert!(
        !said.contains("./job") && said.contains("nosuchprogram"),
        "{said}"
    );
}

#[test]
fn the_version_is_told_in_words_and_as_json() {
    let place = Place::empty();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(place.run(&["version"]).out, format!("windlass {version}\n"));
    assert_eq!(
        place.run(&["--version"]).out,
        format!("windlass {version}\n")
    );
    let left = place.run(&["version", "-o", "json"]);
    let value: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(value["version"], version);
    assert_eq!(value["api"], windlass_api::API_VERSION);
}

#[test]
fn the_schema_is_json_that_a_closed_pipe_does_not_upset() {
    let place = Place::empty();
    let schema: Value = serde_json::from_str(&place.run(&["schema"]).out).unwrap();
    assert!(schema["$schema"].is_string());

    let mut child = place
        .command(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let left = Left::of(child.wait_with_output().unwrap());
    assert_eq!((left.code, left.err.as_str()), (0, ""));
}

#[test]
fn a_valid_file_is_told_with_what_it_takes_from_the_environment() {
    let place = Place::with_file(HELLO);
    place.program("server");
    insta::assert_snapshot!(place.run(&["validate"]).whole(), @r"
    exit 0
    windlass.yaml is valid: app hello, 1 service (web)
      takes TOKEN from your environment (line 4): not set
    --
    ");
    let left = place.run(&["validate", "-o", "json"]);
    let value: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(value["valid"], true);
    assert_eq!(value["needs_from_environment"][0]["set"], false);
}

#[test]
fn a_file_is_found_in_a_folder_above() {
    let place = Place::with_file(HELLO);
    let deep = place.path("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    let output = place.command(&["validate"]).current_dir(deep).output();
    let left = Left::of(output.unwrap());
    assert_eq!(left.code, 0, "{}", left.err);
    assert!(
        left.out.starts_with("../../windlass.yaml is valid"),
        "{}",
        left.out
    );
}

#[test]
fn every_problem_of_a_file_is_drawn_and_exits_65() {
    let place = Place::with_file("app: hello\nservices:\n  web:\n    rum: ./x\n    bake: 30\n");
    for command in ["validate", "plan", "deploy"] {
        let left = place.run(&[command]);
        assert_eq!((left.code, left.out.as_str()), (65, ""), "{command}");
        assert!(left.err.contains("windlass.yaml:4:5"), "{}", left.err);
        assert!(left.err.contains("windlass.yaml:5:11"), "{}", left.err);
    }
    assert!(!place.path("home").exists(), "no controller was needed");
}

#[test]
fn a_script_gets_the_refusal_as_json_too() {
    let place = Place::with_file("app: hello\n");
    let left = place.run(&["plan", "-o", "json"]);
    assert_eq!(left.code, 65);
    let value: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(value["problem"]["exit"], 65);
}

#[test]
fn a_script_gets_each_problem_of_a_file_by_itself() {
    let place = Place::with_file("app: hello\nservices:\n  web:\n    run: ./x\n    bake: 30\n");
    for command in ["validate", "plan", "deploy"] {
        let left = place.run(&[command, "-o", "json"]);
        let value: Value = serde_json::from_str(&left.out).unwrap();
        assert_eq!(value["problem"]["code"], "WL0126");
        assert_eq!(value["problem"]["detail"], Value::Null);
        let problem = &value["problems"][0];
        let at = ["code", "file", "line", "column"].map(|key| problem[key].to_string());
        assert_eq!(at.join(" "), "\"WL0126\" \"windlass.yaml\" 5 11");
        let told = problem["message"].as_str().unwrap();
        assert!(!told.contains('\n') && !told.contains("WL"), "{told}");
        assert!(
            problem["hint"].as_str().unwrap().contains("30s"),
            "{problem}"
        );
        assert_eq!(value["problems"].as_array().unwrap().len(), 1);
        assert!(left.err.contains("windlass.yaml:5:11"), "{}", left.err);
    }
    let left = Place::empty().run(&["validate", "-o", "json"]);
    let value: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(value.get("problems"), None);
}

#[test]
fn a_name_without_a_value_is_refused_at_its_place() {
    let place = Place::with_file(HELLO);
    place.program("server");
    insta::assert_snapshot!(place.run(&["plan"]).whole(), @r"
    exit 65
    --
    error: windlass.yaml has a problem
      windlass.yaml:4:42: `TOKEN` is not set [WL0190]
              run: ./server --port ${PORT} --token ${TOKEN}
                                                   ^^^^^^^^
        set TOKEN, or write $${TOKEN} for the text itself
    ");
}

#[test]
fn a_file_that_is_not_there_exits_65() {
    let place = Place::empty();
    insta::assert_snapshot!(place.run(&["validate"]).whole(), @r"
    exit 65
    --
    error[WL0411]: there is no windlass.yaml here or in a folder above
      hint: name the file with -f FILE, or write a first one: windlass init
    ");
    assert_eq!(place.run(&["validate", "-f", "gone.yaml"]).code, 65);
}

/// Whoever looked all the same would be told of another application, or of all.
#[test]
fn a_named_file_that_is_not_there_is_refused_by_whatever_would_look_or_turn() {
    let place = Place::with_file(SHOP);
    for words in [
        &["plan"][..],
        &["deploy"],
        &["status"],
        &["status", "--all"],
        &["list"],
        &["show"],
        &["events"],
        &["logs", "web"],
        &["hold"],
        &["resume"],
        &["abort"],
        &["promote"],
        &["retry"],
        &["rollback"],
        &["finalize"],
        &["remove", "web"],
        &["repair"],
        &["down"],
        &["score"],
    ] {
        let left = place.run(&[words, &["-f", "gone.yaml"]].concat());
        assert_eq!(left.code, 65, "{words:?}: {}", left.err);
        for said in ["error[WL0410]: gone.yaml can't be read", "with -f FILE"] {
            assert!(left.err.contains(said), "{words:?}: {}", left.err);
        }
    }
    for words in [&["version"][..], &["explain", "WL0410"], &["halt"]] {
        let left = place.run(&[words, &["-f", "gone.yaml"]].concat());
        assert_eq!(left.code, 0, "{words:?}: {}", left.err);
    }
}

/// What says itself what is meant, as an ID does, or is about the whole state directory.
#[test]
fn a_named_file_that_is_not_there_stops_nothing_that_never_asks_for_it() {
    let place = Place::with_file(SHOP);
    for words in [
        &["show", "dep_1"][..],
        &["events", "dep_1"],
        &["hold", "dep_1"],
        &["resume", "dep_1"],
        &["abort", "dep_1"],
        &["promote", "dep_1"],
        &["retry", "dep_1"],
        &["finalize", "dep_1"],
        &["repair", "dep_1", "--retry"],
        &["token", "list"],
        &["doctor"],
        &["backup", "to.backup"],
        &["restore", "from.backup"],
        &["router", "status"],
    ] {
        let left = place.run(&[words, &["-f", "gone.yaml"]].concat());
        assert!(!left.err.contains("WL0410"), "{words:?}: {}", left.err);
    }
}

#[test]
fn several_environments_must_be_chosen_from() {
    let place = Place::with_file(SHOP);
    let left = place.run(&["plan"]);
    assert_eq!(left.code, 64);
    insta::assert_snapshot!(left.err, @r"
    error[WL0180]: the file has several environments
      hint: choose one with -e: `staging` or `production`
    ");
    assert_eq!(place.run(&["validate"]).code, 0);
    let left = place.run(&["validate", "-e", "staging"]);
    assert_eq!(left.code, 0, "{}", left.err);
    assert_eq!(place.run(&["plan", "-e", "stagign"]).code, 64);
}

#[test]
fn looking_where_nothing_was_ever_deployed_makes_nothing() {
    let place = Place::with_file(HELLO);
    let said = |arguments: &[&str]| {
        let left = place.run(arguments);
        (left.code, left.out)
    };
    assert_eq!(
        said(&["status"]),
        (
            0,
            "nothing is deployed\nto begin: windlass deploy\n".to_owned()
        )
    );
    assert_eq!(said(&["status", "-o", "json"]), (0, "[]\n".to_owned()));
    assert_eq!(said(&["list"]), (0, "no deployments\n".to_owned()));
    assert_eq!(said(&["list", "-o", "ndjson"]), (0, String::new()));
    assert_eq!(said(&["down"]), (0, "nothing runs\n".to_owned()));
    for look in [&["show"][..], &["events"], &["logs", "web"]] {
        assert_eq!(said(look), (64, String::new()), "{look:?}");
    }
    assert!(!place.path("home").exists(), "nothing was made");
}

#[test]
fn whoever_names_a_state_directory_that_is_not_there_is_told_so() {
    let place = Place::with_file(HELLO);
    std::fs::create_dir_all(place.path("state/releases")).unwrap();
    // A folder alone is no state directory, however it is called.
    std::fs::create_dir(place.path("stats")).unwrap();
    let at = place.path("").canonicalize().unwrap();
    let at = format!("{}/", at.display());
    let said = |words: &[&str]| place.run(words).whole().replace(&at, "");
    let looks = ["status", "list", "doctor", "show", "events", "logs web"];
    let looks = looks
        .into_iter()
        .chain(["token list", "halt --lift", "halt"]);
    for look in looks.chain(["rollback", "hold", "repair", "backup to", "router status"]) {
        let words: Vec<&str> = look.split(' ').chain(["--state-dir", "stat"]).collect();
        let left = said(&words);
        assert!(
            left.starts_with("exit 64\n--\nerror[WL0460]"),
            "{look}: {left}"
        );
    }
    insta::assert_snapshot!(said(&["status", "--state-dir", "stat"]), @r"
    exit 64
    --
    error[WL0460]: the state directory stat does not exist
      nothing was made
      hint: did you mean state? --state-dir DIR or WINDLASS_STATE_DIR names it
    ");
    // To end what is not there is nothing to do; and a halt holds before anything is there, but it is not
    // set beside what was meant.
    insta::assert_snapshot!(said(&["down", "--state-dir", "stat"]), @r"
    exit 0
    nothing runs
    --
    the state directory stat does not exist; beside it is state
    ");
    assert!(!place.path("stat").exists(), "nothing was made");
    insta::assert_snapshot!(said(&["halt", "--state-dir", "elsewhere"]), @r"
    exit 0
    halted: no candidate gets more traffic, aborts and rollbacks go on
    end it: windlass --state-dir elsewhere halt --lift
    --
    the state directory elsewhere is new
    ");
    assert_eq!(
        said(&["halt", "--state-dir", "another", "-q"])
            .lines()
            .last(),
        Some("--")
    );
}
