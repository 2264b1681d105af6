//! Who stays with which release while two share the traffic.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use windlass_control::Direction;
use windlass_model::{Fits, Listen, PathPrefix, Route, Sticky, Token, Traffic};

use crate::client::{Answer, Client};
use crate::origin::Origin;
use crate::rig::{Rig, key, serving, slot};

struct Split {
    rig: Rig,
    listener: SocketAddr,
    old: Origin,
    new: Origin,
    traffic: Traffic,
}

impl Split {
    fn with(traffic: Traffic) -> Self {
        let rig = Rig::start();
        let listener = rig.listener();
        let (old, new) = (Origin::plain("old"), Origin::plain("new"));
        Self {
            rig,
            listener,
            old,
            new,
            traffic,
        }
    }

    fn route(&self, share: u64) -> Route {
        let slots = vec![
            slot(1, 100 - share, &[self.old.address]),
            slot(2, share, &[self.new.address]),
        ];
        Route {
            traffic: Box::new(self.traffic.clone()),
            ..serving(self.listener, slots)
        }
    }

    fn to(&self, share: u64) {
        self.rig.route(&key("web"), self.route(share));
    }

    fn ask(&self, method: &str, header: &str) -> Answer {
        let mut client = Client::connect(self.listener);
        client.send(&format!(
            "{method} / HTTP/1.1\r\nHost: shop\r\n{header}\r\n"
        ));
        client.answer()
    }

    fn get(&self, header: &str) -> Answer {
        self.ask("GET", header)
    }
}

fn by_cookie() -> Traffic {
    Traffic {
        sticky: Some(Sticky::Cookie),
        ..Traffic::default()
    }
}

fn token(name: &str) -> Token {
    Token::new(name).expect("a token")
}

/// The cookie that an answer gives a new visitor, as it brings it again.
fn cookie(answer: &Answer) -> Option<(&str, &str)> {
    answer
        .header("set-cookie")?
        .split(';')
        .next()?
        .split_once('=')
}

/// What a visitor keeps, by name: of two of the same name the later one.
#[derive(Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    fn take(&mut self, answer: &Answer) {
        if let Some((name, value)) = cookie(answer) {
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }

    fn header(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        format!("Cookie: {}\r\n", pairs.collect::<Vec<_>>().join("; "))
    }
}

#[test]
fn visitors_are_told_apart_by_cookie_and_keep_the_candidate_as_its_share_grows() {
    let split = Split::with(by_cookie());
    split.to(5);
    // New visitors are split exactly, each is told a number, and the number leads back.
    let first: Vec<Answer> = (0..100).map(|_| split.get("")).collect();
    let new = |answers: &[Answer]| answers.iter().filter(|a| a.text() == "new").count();
    assert_eq!(new(&first), 5);
    let mut visitors: Vec<(String, String)> = first
        .iter()
        .map(|answer| {
            let (name, number) = cookie(answer).expect("a number");
            let seen = name.starts_with("windlass-candidate-");
            assert_eq!(seen, answer.text() == "new", "{name}");
            let cookie = format!("Cookie: a=b; {name}={number}\r\n");
            (cookie, answer.text())
        })
        .collect();

    for share in [5, 25, 60, 100] {
        split.to(share);
        let mut count = 0;
        for (cookie, last) in &mut visitors {
            let answer = split.get(cookie);
            assert_eq!(answer.header("set-cookie"), None, "told once");
            if last == "new" {
                assert_eq!(answer.text(), "new", "{cookie} at {share} %");
            }
            *last = answer.text();
            count += usize::from(last == "new");
        }
        assert_eq!(count as u64, share, "the share stays what was asked for");
    }

    let done = split
        .rig
        .change(Direction::Return, &key("web"), Some(split.route(0)));
    assert!(done.is_ok(), "{done:?}");
    for (cookie, _) in &visitors {
        assert_eq!(
            split.get(cookie).text(),
            "old",
            "after the return nobody keeps it"
        );
    }
}

#[test]
fn who_brings_no_cookie_is_split_exactly_whoever_else_asks() {
    let split = Split::with(by_cookie());
    split.to(20);
    let first = split.get("");
    let (name, _) = cookie(&first).expect("a number");
    let mut new = 0;
    for round in 0..100 {
        new += usize::from(split.get("").text() == "new");
        let cookie = format!("Cookie: {name}={:02}\r\n", round % 7);
        split.get(&cookie);
    }
    assert_eq!(new, 20);
}

#[test]
fn no_cookie_is_set_where_nothing_is_shared_and_a_broken_one_is_replaced() {
    let split = Split::with(by_cookie());
    split.to(100);
    assert_eq!(split.get("").header("set-cookie"), None);
    split.to(50);
    let first = split.get("");
    let (name, _) = cookie(&first).expect("a number");
    let answer = split.get(&format!("Cookie: {name}=1x\r\n"));
    let whole = answer.header("set-cookie").expect("a cookie");
    assert!(
        whole.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
        "{whole}"
    );
    let number = cookie(&answer).map(|(_, number)| number.len());
    assert_eq!(number, Some(2));
}

#[test]
fn who_has_a_name_in_a_header_stays_by_it_without_a_cookie() {
    let split = Split::with(Traffic {
        sticky: Some(Sticky::Header(token("X-User"))),
        ..Traffic::default()
    });
    let ask = |user: usize| split.get(&format!("x-user: user-{user}\r\n"));
    let mut last: Vec<bool> = vec![false; 60];
    for share in [10, 40, 90] {
        split.to(share);
        for (user, had) in last.iter_mut().enumerate() {
            let answer = ask(user);
            assert_eq!(answer.header("set-cookie"), None);
            let has = answer.text() == "new";
            assert!(has || !*had, "user {user} at {share} %");
            assert_eq!(ask(user).text() == "new", has, "the same each time");
            *had = has;
        }
    }
    assert!(last.iter().filter(|has| **has).count() > 40);
    split.to(10);
    let without = (0..100).filter(|_| split.get("").text() == "new").count();
    assert_eq!(without, 10, "those without a name take their turn");
}

#[test]
fn the_candidate_is_for_whom_an_entry_names_whatever_its_share() {
    let headers = [(token("X-Canary"), "yes".to_owned())];
    let split = Split::with(Traffic {
        candidate_for: vec![
            Fits {
                headers: headers.into(),
                ..Fits::default()
            },
            Fits {
                methods: vec![token("POST")],
                cookies: [(token("beta"), Fits::ANY.to_owned())].into(),
                ..Fits::default()
            },
        ],
        ..Traffic::default()
    });
    split.to(1);
    let mut others = 0;
    for _ in 0..100 {
        assert_eq!(split.get("X-Canary: yes\r\n").text(), "new");
        others += usize::from(split.get("X-Canary: no\r\n").text() == "new");
    }
    assert_eq!(others, 1, "the share of the others is exact");
    let beta = "Cookie: beta=1\r\nContent-Length: 0\r\n";
    assert_eq!(split.ask("POST", beta).text(), "new");

    let done = split
        .rig
        .change(Direction::Return, &key("web"), Some(split.route(0)));
    assert!(done.is_ok(), "{done:?}");
    assert_eq!(
        split.get("X-Canary: yes\r\n").text(),
        "old",
        "it has no share to join"
    );
}

#[test]
fn two_services_of_one_host_leave_each_others_visitors_alone() {
    let rig = Rig::start();
    let listener = rig.listener();
    let (old, new) = (Origin::plain("old"), Origin::plain("new"));
    for (name, path) in [("web", "/"), ("api", "/api")] {
        let place = Listen {
            path: PathPrefix::new(path).expect("a path"),
            ..listener.into()
        };
        let slots = vec![slot(1, 80, &[old.address]), slot(2, 20, &[new.address])];
        let route = Route {
            traffic: Box::new(by_cookie()),
            ..serving(place, slots)
        };
        rig.route(&key(name), route);
    }
    let ask = |path: &str, header: &str| {
        let mut client = Client::connect(listener);
        client.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: shop\r\n{header}\r\n"
        ));
        client.answer()
    };
    for visitor in 0..100 {
        let first = ["/", "/api"].map(|path| (path, ask(path, "")));
        let mut jar = Jar::default();
        for (_, answer) in &first {
            jar.take(answer);
        }
        for (path, answer) in &first {
            let again = ask(path, &jar.header());
            assert_eq!(again.text(), answer.text(), "{visitor} at {path}");
            assert_eq!(again.header("set-cookie"), None, "told once");
        }
    }
}

#[test]
fn of_first_requests_side_by_side_any_that_saw_the_candidate_decides() {
    let split = Split::with(by_cookie());
    split.to(20);
    let mut seen = 0;
    for visitor in 0..100 {
        let mut answers = [split.get(""), split.get("")];
        let saw = answers.iter().any(|answer| answer.text() == "new");
        seen += usize::from(saw);
        // Whichever comes last.
        for _ in 0..2 {
            answers.reverse();
            let mut jar = Jar::default();
            for answer in &answers {
                jar.take(answer);
            }
            let has = split.get(&jar.header()).text() == "new";
            assert_eq!(has, saw, "{visitor}");
        }
    }
    assert!(seen > 20, "{seen}");
}
