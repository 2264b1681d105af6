//! Several services on one listener, told apart by host and path.

use std::net::SocketAddr;

use windlass_control::{Direction, Refusal};
use windlass_model::{Host, Listen, PathPrefix, Route};

use crate::client::{Answer, Client};
use crate::multiplexed::{Speaker, speaking};
use crate::origin::Origin;
use crate::rig::{Rig, key, serving, slot};

pub(crate) fn place(address: SocketAddr, host: &str, path: &str) -> Listen {
    Listen {
        host: (!host.is_empty()).then(|| Host::new(host).expect("a host")),
        path: PathPrefix::new(path).expect("a path"),
        ..address.into()
    }
}

fn to(origin: &Origin, listen: Listen) -> Route {
    serving(listen, vec![slot(1, 100, &[origin.address])])
}

fn asked(listener: SocketAddr, host: &str, path: &str) -> Answer {
    let mut client = Client::connect(listener);
    client.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    client.answer()
}

#[test]
fn each_request_goes_to_the_service_of_its_host_and_path() {
    let (web, api, help) = (
        Origin::plain("web"),
        Origin::plain("api"),
        Origin::plain("help"),
    );
    let rig = Rig::start();
    let listener = rig.listener();
    rig.route(&key("web"), to(&web, place(listener, "shop.example", "/")));
    rig.route(
        &key("api"),
        to(&api, place(listener, "shop.example", "/api")),
    );
    rig.route(
        &key("help"),
        to(&help, place(listener, "*.example", "/help")),
    );
    for (host, path, whose) in [
        ("shop.example", "/", "web"),
        ("SHOP.example:80", "/apis", "web"),
        ("shop.example", "/api?x=/", "api"),
        ("shop.example", "/api/users", "api"),
        ("a.example", "/help/me", "help"),
    ] {
        let text = asked(listener, host, path).text();
        assert_eq!(text, whose, "{host}{path}");
    }
    for (host, path) in [
        ("a.example", "/"),
        ("other", "/help"),
        ("a.b.example", "/help"),
    ] {
        let answer = asked(listener, host, path);
        let told = (answer.status, answer.error());
        assert_eq!(told, (404, Some("not_found")), "{host}{path}");
        assert!(answer.header("x-request-id").is_some());
    }
    // A connection is nobody's: each of its requests is looked at.
    let mut client = Client::connect(listener);
    client.send("GET /api HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    assert_eq!(client.answer().text(), "api");
    client.send("GET /api HTTP/1.1\r\nHost: other\r\n\r\n");
    assert_eq!(client.answer().status, 404);
    client.send("GET http://shop.example/ HTTP/1.1\r\nHost: other\r\n\r\n");
    assert_eq!(
        client.answer().text(),
        "web",
        "what stands in the target counts"
    );
}

#[test]
fn over_http_2_the_authority_is_the_host() {
    let (web, api) = (Origin::plain("web"), Origin::plain("api"));
    let rig = Rig::start();
    let listener = rig.listener();
    rig.route(&key("web"), to(&web, place(listener, "shop", "/")));
    rig.route(&key("api"), to(&api, place(listener, "shop", "/api")));
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        for (path, whose) in [("/", "web"), ("/api/x", "api")] {
            let answer = speaker.ask(crate::multiplexed::get(path)).await;
            assert_eq!(crate::multiplexed::text(answer).await, whose);
        }
    });
}

#[test]
fn a_service_that_shares_a_listener_switches_alone_and_goes_alone() {
    let (one, two, api) = (
        Origin::plain("one"),
        Origin::plain("two"),
        Origin::plain("api"),
    );
    let rig = Rig::start();
    let listener = rig.listener();
    let at = |path| place(listener, "", path);
    rig.route(&key("web"), to(&one, at("/")));
    rig.route(&key("api"), to(&api, at("/api")));
    let generation = rig.generation(&key("api"));
    let slots = vec![slot(1, 0, &[one.address]), slot(2, 100, &[two.address])];
    rig.route(&key("web"), serving(at("/"), slots));
    assert_eq!(asked(listener, "any", "/").text(), "two");
    assert_eq!(asked(listener, "any", "/api").text(), "api");
    assert_eq!(rig.generation(&key("api")), generation);
    let gone = rig.change(Direction::Raise, &key("web"), None);
    assert!(gone.is_ok(), "{gone:?}");
    assert_eq!(asked(listener, "any", "/").status, 404);
    assert_eq!(asked(listener, "any", "/api").text(), "api");
    assert_eq!(rig.listeners().0, [listener], "one of both still needs it");
}

#[test]
fn two_services_at_one_place_are_refused_by_the_owners_name() {
    let origin = Origin::plain("web");
    let rig = Rig::start();
    let listener = rig.listener();
    rig.route(&key("web"), to(&origin, place(listener, "a.example", "/x")));
    let same = to(&origin, place(listener, "a.example", "/x"));
    let refused = rig.change(Direction::Raise, &key("other"), Some(same));
    let Err(Refusal::Invalid(what)) = refused else {
        unreachable!("not refused: {refused:?}");
    };
    assert!(what.starts_with("a.example/x on 127.0.0.1:"), "{what}");
    assert!(what.contains("belongs to shop/default/"), "{what}");
    let beside = to(&origin, place(listener, "a.example", "/"));
    rig.route(&key("other"), beside);
}
