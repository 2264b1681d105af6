//! Files that want to cost more than they are worth are left early.

use std::fmt::Write as _;

use windlass_config::{MAX_TEXT_BYTES, Request, load, render_all};

fn codes(text: &str) -> Vec<&'static str> {
    codes_in(text, "w")
}

fn codes_in(text: &str, name: &str) -> Vec<&'static str> {
    let refused = load(&Request {
        text,
        name,
        environment: None,
        set: &[],
    });
    let refused = refused.expect_err("a refusal");
    let drawn = render_all(&refused.problems, name, text);
    assert!(drawn.len() < 100_000, "{} bytes of messages", drawn.len());
    refused
        .problems
        .iter()
        .map(|problem| problem.code)
        .collect()
}

#[test]
fn a_large_file_is_not_even_looked_at() {
    assert_eq!(codes(&"x".repeat(MAX_TEXT_BYTES + 1)), ["WL0101"]);
}

#[test]
fn a_deep_file_is_left_at_the_limit() {
    assert_eq!(codes(&"[".repeat(100_000)), ["WL0103"]);
    assert_eq!(codes(&"{a: ".repeat(100_000)), ["WL0103"]);
    let mut blocks = String::new();
    for depth in 0..200 {
        writeln!(blocks, "{}a:", " ".repeat(depth)).expect("a string");
    }
    assert_eq!(codes(&blocks), ["WL0103"]);
    // Half as blocks and half in brackets is as deep.
    let mixed = format!(
        "{}a: {}x{}",
        "- ".repeat(20),
        "[".repeat(20),
        "]".repeat(20)
    );
    assert_eq!(codes(&mixed), ["WL0103"]);
}

#[test]
fn deep_toml_and_json_are_left_at_the_limit() {
    let header = format!("[{}a]", "a.".repeat(60));
    let both = format!("{header}\n{}b = 1", "b.".repeat(60));
    let tables = (1..200).fold(String::new(), |mut text, depth| {
        writeln!(text, "[a{}]", ".a".repeat(depth)).expect("a string");
        text
    });
    for deep in [
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}{}", "[".repeat(40), "]".repeat(40)),
        format!("a = {}", "{ a = ".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        header,
        both,
        tables,
    ] {
        assert_eq!(codes_in(&deep, "w.toml"), ["WL0103"]);
    }
    for deep in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        format!("{}{}", "[".repeat(33), "]".repeat(33)),
    ] {
        assert_eq!(codes_in(&deep, "w.json"), ["WL0103"]);
    }
    let fits = format!("{}{}", "[".repeat(32), "]".repeat(32));
    assert_eq!(codes_in(&fits, "w.json"), ["WL0123"]);
}

#[test]
fn wide_toml_and_json_are_left_at_the_limit() {
    let list = vec!["1"; 50_000].join(",");
    assert_eq!(codes_in(&format!("a = [{list}]"), "w.toml"), ["WL0104"]);
    assert_eq!(codes_in(&format!("[{list}]"), "w.json"), ["WL0104"]);
    let steps = "[[x]]\n".repeat(50_000);
    assert_eq!(codes_in(&steps, "w.toml"), ["WL0104"]);
    let large = "x".repeat(MAX_TEXT_BYTES + 1);
    assert_eq!(codes_in(&large, "w.toml"), ["WL0101"]);
    assert_eq!(codes_in(&large, "w.json"), ["WL0101"]);
}

#[test]
fn a_bomb_of_merge_keys_is_left_at_the_limit() {
    let mut bomb = "x0: &a0 { k0: x, l0: x, m0: x }\n".to_owned();
    for level in 1..20 {
        let below = format!("*a{}, ", level - 1).repeat(9);
        writeln!(bomb, "x{level}: &a{level} {{ <<: [{below}], k{level}: x }}").expect("a string");
    }
    assert_eq!(codes(&bomb), ["WL0104"]);
}

#[test]
fn an_alias_bomb_is_left_at_the_limit() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let below = format!("*a{}, ", level - 1).repeat(9);
        writeln!(bomb, "a{level}: &a{level} [{below}]").expect("a string");
    }
    assert_eq!(codes(&bomb), ["WL0104"]);
    let long = format!(
        "a: &a {}\nb: [{}]",
        "x".repeat(500_000),
        "*a, ".repeat(1000)
    );
    assert_eq!(codes(&long), ["WL0105"]);
    let nested = format!("{}x{}", "&a [".repeat(31), "]".repeat(31));
    assert_eq!(codes(&nested), ["WL0123"]);
    let deep_alias =
        "a: &a [[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]\nb: [[[[[[[[[[[[[*a]]]]]]]]]]]]]";
    assert_eq!(codes(deep_alias), ["WL0103"]);
}

#[test]
fn a_wide_file_is_left_at_the_limit() {
    assert_eq!(codes(&"- x\n".repeat(200_000)), ["WL0104"]);
    let keys: String = (0..30_000).fold(String::new(), |mut text, n| {
        writeln!(text, "k{n}: 1").expect("a string");
        text
    });
    assert_eq!(codes(&keys), ["WL0104"]);
}

#[test]
fn a_thousand_services_are_read_and_one_more_is_not() {
    let services = |count: usize| {
        (0..count).fold("app: a\nservices:\n".to_owned(), |mut text, n| {
            let need = n.saturating_sub(1);
            let needs = if n == 0 {
                String::new()
            } else {
                format!(", needs: [s{need}]")
            };
            let port = n + 1;
            writeln!(
                text,
                "  s{n}: {{ run: ./s, listen: 127.0.0.1:{port}, ready: /r{needs} }}"
            )
            .expect("a string");
            text
        })
    };
    let loaded = load(&Request {
        text: &services(1000),
        name: "w",
        environment: None,
        set: &[],
    });
    assert_eq!(loaded.expect("a spec").spec.services.len(), 1000);
    assert_eq!(codes(&services(1001)), ["WL0134"]);
}

#[test]
fn ten_thousand_unknown_keys_are_told_in_a_page() {
    let keys: String = (0..10_000).fold("app: a\n".to_owned(), |mut text, n| {
        writeln!(text, "servises{n}: {{}}").expect("a string");
        text
    });
    assert_eq!(codes(&keys).len(), 10_000);
}

#[test]
fn a_word_or_a_command_can_be_too_long() {
    let word = format!(
        "app: a\nservices: {{ w: {{ run: [./w, {}] }} }}",
        "x".repeat(5000)
    );
    assert_eq!(codes(&word), ["WL0153"]);
    let words = format!(
        "app: a\nservices: {{ w: {{ run: ./w {} }} }}",
        "x ".repeat(256)
    );
    assert_eq!(codes(&words), ["WL0153"]);
}

#[test]
fn a_tangle_of_needs_is_told_once() {
    let all: Vec<String> = (0..60).map(|n| format!("s{n}")).collect();
    let services = all
        .iter()
        .fold("app: a\nservices:\n".to_owned(), |mut text, name| {
            let others: Vec<&str> = all
                .iter()
                .filter(|other| *other != name)
                .map(String::as_str)
                .collect();
            writeln!(
                text,
                "  {name}: {{ run: ./s, needs: [{}] }}",
                others.join(", ")
            )
            .expect("a string");
            text
        });
    let codes = codes(&services);
    assert!(
        codes.iter().all(|code| *code == "WL0162") && codes.len() < 60,
        "{}",
        codes.len()
    );
}

#[test]
fn a_text_full_of_dollars_is_told_a_few_times() {
    let text = format!(
        "app: a\nservices: {{ w: {{ run: './w {}' }} }}",
        "$ ".repeat(300_000)
    );
    assert_eq!(codes(&text).len(), 8);
}

#[test]
fn whatever_a_full_file_is_made_of_it_is_refused_in_few_words() {
    let shapes = [
        ("comments", "# x\n".repeat(MAX_TEXT_BYTES / 4)),
        ("blank lines", "\n".repeat(MAX_TEXT_BYTES)),
        ("one word", "x".repeat(MAX_TEXT_BYTES)),
        (
            "one quoted word",
            format!("\"{}\"", "x".repeat(MAX_TEXT_BYTES - 2)),
        ),
        (
            "escapes",
            format!("\"{}\"", "\\n".repeat(MAX_TEXT_BYTES / 2 - 1)),
        ),
        (
            "block",
            format!("|\n{}", "  x\n".repeat(MAX_TEXT_BYTES / 4 - 2)),
        ),
        ("dashes", "-".repeat(MAX_TEXT_BYTES)),
        ("list", "- x\n".repeat(MAX_TEXT_BYTES / 4)),
        ("flow", "[x,".repeat(MAX_TEXT_BYTES / 3)),
        (
            "wide flow",
            format!("[{}", "x,".repeat(MAX_TEXT_BYTES / 2 - 1)),
        ),
        ("plain lines", "x\n".repeat(MAX_TEXT_BYTES / 2)),
        ("anchors", "- &a x\n".repeat(MAX_TEXT_BYTES / 7)),
        ("tags", "- !a x\n".repeat(MAX_TEXT_BYTES / 7)),
        ("colons", "a: ".repeat(MAX_TEXT_BYTES / 3)),
        ("questions", "? ".repeat(MAX_TEXT_BYTES / 2)),
        ("long key", format!("{}: x", "k".repeat(MAX_TEXT_BYTES - 3))),
    ];
    for (shape, text) in shapes {
        assert_eq!(codes(&text).len(), 1, "{shape}");
    }
}

#[test]
fn thousands_of_problems_in_many_environments_are_told_in_a_page() {
    let mut text = "app: a\nenvironments:\n".to_owned();
    for n in 0..32 {
        writeln!(text, "  e{n}: {{ services: {{ s1: {{ bake: 1s }} }} }}").expect("a string");
    }
    text.push_str("services:\n");
    for n in 0..1000 {
        let port = n + 1;
        writeln!(
            text,
            "  s{n}: {{ run: ./s, listen: 127.0.0.1:{port}, needs: [x{n}] }}"
        )
        .expect("a string");
    }
    assert_eq!(codes(&text).len(), 1000);
}
