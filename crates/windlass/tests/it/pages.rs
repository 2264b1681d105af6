//! What the program says about itself: `explain`, `docs`, `completions`, `man`.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::lab::repository;
use crate::typed::Place;

#[test]
fn a_code_is_explained() {
    insta::assert_snapshot!(Place::empty().run(&["explain", "wl305"]).whole(), @r"
    exit 0
    # WL0305: the plan is stale

    Something was promoted, rolled back, removed or taken down since the plan was made, so it no
    longer starts from what runs. Of a rollback: what it would do has changed between the question
    and the answer.

    ## Traffic

    It was not touched: the request was refused as a whole.

    ## What to do

    Type `windlass plan` again, look, and deploy the new one. What was taken down is brought up by
    `windlass deploy`. For a rollback: ask again.
    --
    ");
}

#[test]
fn an_unknown_code_names_the_near_ones() {
    insta::assert_snapshot!(Place::empty().run(&["explain", "WL0400"]).whole(), @r"
    exit 64
    --
    error[WL0433]: there is no code WL0400
      hint: near it are WL0401, WL0402, WL0403; all of them: windlass explain
    ");
    let left = Place::empty().run(&["explain", "nonsense"]);
    assert_eq!(left.code, 64);
    assert!(left.err.contains("windlass explain"), "{}", left.err);
}

#[test]
fn all_codes_are_listed_with_their_titles() {
    let left = Place::empty().run(&["explain"]);
    assert!(left.out.contains("WL0402  back at the previous releases\n"));
    let left = Place::empty().run(&["explain", "-o", "ndjson"]);
    for line in left.out.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert!(
            value["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty()),
            "{line}"
        );
    }
}

#[test]
fn only_who_wants_more_is_pointed_to_the_page() {
    let place = Place::with_file(
        "app: x\nservices: { web: { run: ./x } }\nenvironments: { a: {}, b: {} }\n",
    );
    let plain = place.run(&["plan"]);
    assert!(
        plain.err.contains("WL0180") && !plain.err.contains("explain"),
        "{}",
        plain.err
    );
    let more = place.run(&["plan", "-v"]);
    assert!(
        more.err.contains("more: windlass explain WL0180"),
        "{}",
        more.err
    );
    std::fs::write(place.path("windlass.yaml"), "app: x\nservicess: {}\n").unwrap();
    let more = place.run(&["validate", "-v"]);
    assert!(
        more.err.contains("more: windlass explain WL0120"),
        "{}",
        more.err
    );
}

#[test]
fn every_page_is_listed_and_printed() {
    let list = Place::empty().run(&["docs"]);
    insta::assert_snapshot!(list.out, @r"
    tutorial            a quarter of an hour from an empty folder to a canary
    first-deployment    bring your own service under Windlass
    built-elsewhere     deploy an archive from a server, or a checkout: fetched, checked, kept
    canary              give a new release a growing share of the traffic
    metrics             take a release back by a number of your own
    roll-back           what takes a bad release back, and how you do it
    score               one number from what was measured, and what each lost point takes
    replay              judge recorded counts again, and try a rule on them
    wrap-a-script       keep the deploy script that you have
    environments        staging and production in one file
    ci                  deploy from a pipeline, here or from another machine
    run-under-systemd   start by itself after a reboot
    back-up             keep a copy of the journal, and bring it back
    reach-a-controller  use a controller from another machine
    route-alone         use the router as a reverse proxy, without deploying
    scrape-the-router   let Prometheus ask the router what it counted
    tls                 certificates from files, or ordered and renewed by ACME
    http-2              services that speak HTTP/2, as those of gRPC do
    file                every key of windlass.yaml
    cli                 every command and option
    exit-codes          what the number at the end means
    output              what commands print for scripts
    api                 the API, for programs
    router              what the router does with requests, beside splitting them
    performance         how fast it is, beside something known
    architecture        what it consists of, and what may know what
    vocabulary          the words, and what each means
    scenarios           what Windlass is held to when things go wrong
    ");
    for line in list.out.lines() {
        let topic = line.split(' ').next().unwrap();
        let left = Place::empty().run(&["docs", topic]);
        assert_eq!(left.code, 0, "{}", left.err);
        assert!(
            left.out.starts_with("# ") && left.out.lines().count() > 5,
            "{topic}"
        );
        let code = left
            .out
            .lines()
            .filter(|line| line.starts_with("    ") || line.contains("  "));
        let long = left.out.lines().filter(|line| line.chars().count() > 100);
        assert!(
            long.count() <= code.count(),
            "{topic}: running text is broken into lines"
        );
    }
    let left = Place::empty().run(&["docs", "systemd"]);
    assert_eq!(left.code, 64);
    let hint = "hint: did you mean run-under-systemd? all of them: windlass docs\n";
    assert!(left.err.contains(hint), "{}", left.err);
}

#[test]
fn help_prints_what_the_option_prints_and_leads_to_pages() {
    let place = Place::empty();
    for words in ["", "deploy", "token create", "router split", "help"] {
        let words: Vec<&str> = words.split_whitespace().collect();
        let asked = place.run(&[&["help"], &words[..]].concat());
        let option = place.run(&[&words[..], &["--help"]].concat());
        assert_eq!(asked.whole(), option.whole(), "{words:?}");
        assert_eq!(asked.code, 0, "{words:?}");
    }
    for (word, page) in [
        ("canary", ["docs", "canary"]),
        ("402", ["explain", "WL0402"]),
    ] {
        assert_eq!(place.run(&["help", word]).whole(), place.run(&page).whole());
    }
    let said = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        place.run(&words).whole()
    };
    let lines = ["help statsu", "help up", "help canery", "help nonsense"];
    let below = ["help token crate", "help logs web"];
    let all: Vec<String> = lines.into_iter().chain(below).map(said).collect();
    insta::assert_snapshot!(all.concat(), @r"
    exit 64
    --
    error[WL0434]: there is no command windlass statsu
      hint: did you mean windlass help status? every command: windlass --help; every page: windlass docs
    exit 64
    --
    error[WL0434]: there is no command windlass up
      hint: did you mean windlass help deploy? every command: windlass --help; every page: windlass docs
    exit 64
    --
    error[WL0434]: there is no command windlass canery
      hint: did you mean windlass docs canary? every command: windlass --help; every page: windlass docs
    exit 64
    --
    error[WL0434]: there is no command windlass nonsense
      hint: every command: windlass --help; every page: windlass docs
    exit 64
    --
    error[WL0434]: there is no command windlass token crate
      hint: did you mean windlass help token create? all that there is: windlass token --help
    exit 64
    --
    error[WL0434]: there is no command windlass logs web
      hint: all that there is: windlass logs --help
    ");
}

#[test]
fn a_page_that_another_links_to_is_named_as_it_is_read_here() {
    let left = Place::empty().run(&["docs", "first-deployment"]);
    assert!(left.out.contains("(windlass docs canary)"), "{}", left.out);
}

#[test]
fn a_page_is_printed_as_it_is_whatever_was_given() {
    let place = Place::empty();
    for words in [&["docs", "file"][..], &["explain", "WL0404"]] {
        let plain = place.run(words);
        assert!(plain.out.contains("windlass "), "{}", plain.out);
        let given = ["-f", "nosuch.yaml", "-e", "staging", "--state-dir", "there"];
        assert_eq!(place.run(&[&given[..], words].concat()).out, plain.out);
    }
}

#[test]
fn completions_are_what_the_shells_understand() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish"] {
        let left = place.run(&["completions", shell]);
        assert_eq!(left.code, 0);
        let file = place.path(shell);
        std::fs::write(&file, &left.out).unwrap();
        for word in ["rollback", "supersede", "explain"] {
            assert!(left.out.contains(word), "{shell}: {word}");
        }
        assert!(!left.out.contains("demo-service"), "{shell}");
        // Only bash is sure to be there; another shell is asked where it is.
        if let Ok(status) = Command::new(shell).arg("-n").arg(&file).status() {
            assert!(status.success(), "{shell}");
        } else {
            assert_ne!(shell, "bash");
        }
    }
}

#[test]
fn a_manual_page_is_printed_and_each_command_gets_one() {
    let place = Place::empty();
    let left = place.run(&["man"]);
    assert!(left.out.contains("\n.TH windlass 1"), "{}", left.out);
    assert!(left.out.contains(".SH NAME") && left.out.contains("rollback"));
    let left = place.run(&["man", "--out", "pages", "-o", "json"]);
    let value: Value = serde_json::from_str(&left.out).unwrap();
    let files = value["files"].as_array().unwrap();
    assert!(files.len() > 25, "{}", files.len());
    let deploy = std::fs::read_to_string(place.path("pages/windlass-deploy.1")).unwrap();
    assert!(
        deploy.contains(".TH windlass-deploy 1") && deploy.contains("supersede"),
        "{deploy}"
    );
    assert!(deploy.contains("\n.SH EXAMPLES\n") && !deploy.contains("EXTRA"));
    assert!(!place.path("pages/windlass-shim.1").exists());
    assert!(left_to_read(&place.path("pages")).is_empty());
}

/// Pages that another one names and that are not there.
fn left_to_read(folder: &std::path::Path) -> Vec<String> {
    let mut missing = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let named = text.lines().filter_map(|line| line.strip_suffix("(1)"));
        let names = named.map(|name| format!("{}.1", name.replace('\\', "")));
        missing.extend(names.filter(|name| !folder.join(name).exists()));
    }
    missing
}

#[test]
fn the_first_manual_page_tells_the_exit_codes() {
    let left = Place::empty().run(&["man"]);
    let (_, after) = left.out.split_once(".SH \"EXIT STATUS\"\n").unwrap();
    assert!(after.starts_with(".TP\n\\fB0\\fR\n"), "{after}");
    assert!(after.contains("\\fB130\\fR") && after.contains(".SH NOTES\n"));
}

#[test]
fn a_manual_page_tells_the_variables_and_files_that_its_command_has_to_do_with() {
    let place = Place::empty();
    let whole = place.run(&["man"]).out;
    let (_, after) = whole.split_once("\n.SH ENVIRONMENT\n").unwrap();
    let (variables, after) = after.split_once("\n.SH FILES\n").unwrap();
    let (files, _) = after.split_once("\n.SH ").unwrap();
    for name in [
        "WINDLASS_STATE_DIR",
        "WINDLASS_TOKEN",
        "WINDLASS_LOG",
        "NO_COLOR",
    ] {
        assert!(
            variables.contains(&format!("\n\\fB{name}\\fR\n"))
                || variables.starts_with(&format!(".TP\n\\fB{name}")),
            "{name}: {variables}"
        );
    }
    for name in ["windlass.yaml", "STATE/windlass.db", "RUN/controller.sock"] {
        assert!(
            files.contains(&format!("\\fB{name}\\fR")),
            "{name}: {files}"
        );
    }
    place.run(&["man", "--out", "pages"]);
    let page = |verb: &str| {
        std::fs::read_to_string(place.path(&format!("pages/windlass-{verb}.1"))).unwrap()
    };
    for verb in ["deploy", "report-phase", "man"] {
        let page = page(verb);
        assert_eq!(page.matches("\n.SH ENVIRONMENT\n").count(), 1, "{page}");
        assert_eq!(page.matches("\n.SH FILES\n").count(), 1, "{page}");
        assert!(page.contains("WINDLASS_STATE_DIR"), "{page}");
    }
    assert!(page("report-phase").contains("WINDLASS_COORDINATION_ENDPOINT"));
    assert!(!page("deploy").contains("WINDLASS_COORDINATION_ENDPOINT"));
    assert!(page("halt").contains("STATE/halted") && !page("deploy").contains("STATE/halted"));
}

#[test]
fn each_variable_of_its_own_that_the_program_reads_or_sets_is_in_the_reference() {
    let cli = std::fs::read_to_string(repository("docs/reference/cli.md")).unwrap();
    let mut unknown = BTreeSet::new();
    let mut folders = vec![repository("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_source = path.extension().is_some_and(|ending| ending == "rs");
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if is_source && !name.contains("tests") {
                unknown.extend(of_windlass(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(unknown.contains("WINDLASS_STATE_DIR"));
    // Between two routers only.
    unknown.remove("WINDLASS_ROUTER_TAKES_PLACE");
    // A variable of this name is in a test alone.
    unknown.remove("WINDLASS_NO_SUCH");
    unknown.retain(|name| !cli.contains(&format!("`{name}`")));
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The texts of a source that are such a name.
fn of_windlass(source: &str) -> Vec<String> {
    let texts = source
        .split('"')
        .filter(|text| text.starts_with("WINDLASS_"));
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    texts
        .filter(|text| text.chars().all(is_name) && !text.ends_with('_'))
        .map(str::to_owned)
        .collect()
}

/// What bash completes at the end of a line.
fn completed(place: &Place, line: &str) -> Vec<String> {
    let script = format!(
        r#"source ./script; COMP_WORDS=({line}); [[ "{line}" == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _windlass windlass "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
        printf '%s\n' "${{COMPREPLY[@]}}""#
    );
    let asked = Command::new("bash")
        .args(["-c", &script])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let out = String::from_utf8(asked.stdout).unwrap();
    out.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_values_and_pages() {
    let place = Place::empty();
    let script = place.run(&["completions", "bash"]).out;
    std::fs::write(place.path("script"), script).unwrap();
    for (line, words) in [
        ("windlass ro", &["rollback", "router"][..]),
        ("windlass router ro", &["rollback"]),
        ("windlass --state-dir x stat", &["status"]),
        ("windlass deploy --su", &["--supersede"]),
        (
            "windlass token create --scope ",
            &["read", "operate", "deploy"],
        ),
        ("windlass docs ro", &["roll-back", "route-alone", "router"]),
        ("windlass help ro", &["rollback", "router"]),
        (
            "windlass explain WL040",
            &[
                "WL0401", "WL0402", "WL0403", "WL0404", "WL0405", "WL0406", "WL0407", "WL0408",
                "WL0409",
            ],
        ),
    ] {
        assert_eq!(completed(&place, line), words, "{line}");
    }
    // Where a word may be typed no option is in its way, and where there is none options are all there is.
    for line in [
        "windlass docs ",
        "windlass -q docs ",
        "windlass explain ",
        "windlass ",
    ] {
        let words = completed(&place, line);
        assert!(words.len() > 10, "{line}: {words:?}");
        assert!(
            words.iter().all(|word| !word.starts_with(['-', '[', '<'])),
            "{line}: {words:?}"
        );
    }
    assert!(completed(&place, "windlass docs ").contains(&"tutorial".to_owned()));
    let options = completed(&place, "windlass deploy ");
    assert!(options.contains(&"--supersede".to_owned()), "{options:?}");
}
