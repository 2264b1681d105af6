//! Runs the rows of a class beside a service that is live, and reports every one that differs.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::row::{Given, Row};
use crate::lab::{Following, Lab, Process, SOON, Service, answer, found};
use crate::network::{on_the_network, token};

/// The service that must not notice. A candidate has a second to become ready.
const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    probes: { ready: { http: /, every: 50ms, timeout: 1s, fall: 2, within: 1s } }
    bake: 400ms
    drain: 1s
    stop: { within: 500ms }
";

/// Runs `rows` one after another in one lab.
#[track_caller]
pub(super) fn judge(rows: &[Row]) {
    judge_in(&Lab::new(WEB), rows);
}

/// The same as a user without rights, for whom a folder can be closed.
#[track_caller]
pub(super) fn judge_without_rights(rows: &[Row]) {
    judge_in(&Lab::ordinary(WEB), rows);
}

#[track_caller]
fn judge_in(lab: &Lab, rows: &[Row]) {
    // A row that names `@taken` means an address that another program has.
    let _taken = TcpListener::bind(lab.at("taken")).unwrap();
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    let network = Network::of(lab, rows);
    let mut differing = String::new();
    for row in rows {
        let before = (split(lab), processes(lab));
        let (code, said) = give(lab, row.given, network.as_ref());
        lab.file(WEB);
        let says = row.says.iter().chain(of_every_message(row.given, code));
        let mut missing: Vec<_> = says.filter(|text| !said.contains(**text)).collect();
        if !advises(row.given, code, &said) {
            missing.push(&"the next command");
        }
        if !is_coded(row.given, code, &said) {
            missing.push(&"a code that has a page");
        }
        if !tells_what_is_left(row.given, code, &said) {
            missing.push(&"where traffic is, or that nothing was changed");
        }
        if code != row.code || !missing.is_empty() {
            let Row {
                name, code: due, ..
            } = row;
            writeln!(
                differing,
                "{name}: {code}, due {due}; missing {missing:?} in\n{said}"
            )
            .unwrap();
        } else {
            show(row.name, code, &said);
        }
        let now = settled(lab, &before);
        if now != before {
            writeln!(differing, "{}: was {before:?}\n now {now:?}", row.name).unwrap();
        }
    }
    assert!(differing.is_empty(), "\n{differing}");
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    if let Some(network) = network {
        lab.run(&["down"]).exits(0);
        network.serving.left().exits(0);
    }
}

/// What is said wherever a deployment went back, whatever it was that failed.
fn of_every_message(given: Given, code: i32) -> &'static [&'static str] {
    match (given.is_http(), code) {
        (false, 3) => &["traffic now: ", "still running: "],
        (true | false, _) => &[],
    }
}

/// Whether whoever reads it knows what to type next: by a hint that holds it, or by the place in the file.
fn advises(given: Given, code: i32, said: &str) -> bool {
    let mut hints = said.lines().filter_map(|line| line.split_once("hint: "));
    let typed = |hint: &str| TO_TYPE.iter().any(|word| hint.contains(word));
    let at_a_place = said.contains("[WL01");
    given.is_http() || code == 0 || at_a_place || hints.any(|(_, hint)| typed(hint))
}

/// What a hint holds that a person can type.
const TO_TYPE: [&str; 9] = [
    "windlass ",
    " --",
    " -f ",
    "kill ",
    "chmod ",
    "curl ",
    "getent ",
    "set ",
    "leave WINDLASS_",
];

/// Whether a page says more.
fn is_coded(given: Given, code: i32, said: &str) -> bool {
    given.is_http() || code == 0 || said.contains("[WL")
}

/// Whether a command that would have moved something says where that leaves traffic and what runs. Words
/// that can't be understood ask for nothing.
fn tells_what_is_left(given: Given, code: i32, said: &str) -> bool {
    let left = ["traffic now: ", "nothing was ", "what runs goes on"];
    let is_said = left.iter().any(|left| said.contains(left));
    code == 0 || !given.moves() || said.contains("[WL0434]") || is_said
}

/// What was said, for who reads the messages over: `cargo test bad_inputs -- --nocapture`.
#[expect(clippy::print_stdout, reason = "it is read by people")]
fn show(name: &str, code: i32, said: &str) {
    println!("== {name}: {code}\n{said}");
}

/// The controller on the network, for the rows that need it there.
struct Network {
    serving: Following,
    /// The secret of a token that may only read.
    read: String,
}

impl Network {
    fn of(lab: &Lab, rows: &[Row]) -> Option<Self> {
        let sent = |row: &Row| matches!(row.given, Given::Sent(_));
        rows.iter().any(sent).then(|| Self {
            serving: on_the_network(lab, "api"),
            read: token(lab, "read"),
        })
    }
}

/// Gives it: the code that it ends with, and all that is said.
fn give(lab: &Lab, given: Given, network: Option<&Network>) -> (i32, String) {
    let left = match given {
        Given::File(text) => {
            lab.file(text);
            lab.run(&["deploy"])
        }
        Given::Typed(words) => lab.run(words),
        Given::Shell(script) => lab.start_command(lab.shell(script)).left(),
        Given::Prepared(prepare, words) => {
            prepare(lab);
            lab.run(words)
        }
        Given::Program(text) => {
            let binary = lab.binary().display().to_string();
            lab.script("web", &text.replace("WINDLASS", &binary));
            lab.run(&["deploy"])
        }
        Given::Asked(text) => return answered(&asked(lab, text)),
        Given::HalfAsked(text) => {
            let stream = asked(lab, text);
            stream.shutdown(Shutdown::Write).unwrap();
            return answered(&stream);
        }
        Given::Sent(text) => {
            let read = network.map_or("", |network| network.read.as_str());
            return answered(&sent(lab.at("api"), &text.replace("$READ", read)));
        }
        Given::Routed(text) => return answered(&sent(lab.at("web"), text)),
        Given::HalfRouted(text) => {
            let stream = sent(lab.at("web"), text);
            stream.shutdown(Shutdown::Write).unwrap();
            return answered(&stream);
        }
    };
    (left.code, left.out + &left.err)
}

/// The private socket, once `text` is sent to it.
fn asked(lab: &Lab, text: &str) -> UnixStream {
    let mut stream = lab.private_socket();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// `address`, once `text` is sent to it.
fn sent(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// What comes until the other side ends it, by a reset too, and its HTTP status.
fn answered(mut stream: impl Read) -> (i32, String) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok();
    let answer = String::from_utf8_lossy(&bytes).into_owned();
    (status(&answer), answer)
}

fn status(answer: &str) -> i32 {
    let number = answer.split(' ').nth(1);
    number.and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// Where the traffic of `web` is.
fn split(lab: &Lab) -> Value {
    let web = lab.service("web");
    let stable = &web["stable"];
    assert_eq!(stable["weight"], 100, "{web}");
    json!([stable["version"], stable["weight"], web["candidate"]])
}

fn processes(lab: &Lab) -> Vec<Process> {
    let mut all = lab.processes();
    all.sort_by_key(|process| process.pid);
    all
}

/// Time in which what has ended must be gone.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

/// The same as `before` once what has ended is gone; else what is there in the end.
fn settled(lab: &Lab, before: &(Value, Vec<Process>)) -> (Value, Vec<Process>) {
    let now = || (split(lab), processes(lab));
    found(SETTLED_WITHIN, || Some(now()).filter(|now| now == before)).unwrap_or_else(now)
}
