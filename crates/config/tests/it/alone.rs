//! The file of a router that runs alone.

use windlass_config::{Format, as_json, load_alone, render_all, schema_alone};
use windlass_model::{Label, Millis, ProbeKind, ServiceKey, Speaks, Timeouts};

const FILE: &str = "\
services:
  web:
    listen: { address: 127.0.0.1:8080, host: shop.example }
    ready: /health
    origins:
      v2: { at: 127.0.0.1:9003, share: 5% }
      v1: [127.0.0.1:9001, 127.0.0.1:9002]
  chat:
    listen: 127.0.0.1:8081
    speaks: http2
    origins: { only: 127.0.0.1:9004 }
";

fn problems(text: &str) -> String {
    let refused = load_alone(text, "router.yaml").expect_err("problems");
    render_all(&refused.problems, "router.yaml", text)
}

#[test]
fn two_origins_share_and_one_has_everything() {
    let loaded = load_alone(FILE, "router.yaml").expect("a file");
    let key = |name: &str| ServiceKey::try_from(format!("alone/default/{name}")).expect("a key");
    let web = &loaded.routes[&key("web")];
    let slots: Vec<_> = web
        .slots
        .iter()
        .map(|slot| (slot.version.0.as_str(), slot.weight.get(), slot.label))
        .collect();
    assert_eq!(
        slots,
        [("v1", 95, Label::Blue), ("v2", 5, Label::Green)],
        "by name, wherever they stand"
    );
    let addresses: Vec<String> = web.slots[0]
        .instances
        .iter()
        .map(|one| one.address.to_string())
        .collect();
    assert_eq!(addresses, ["127.0.0.1:9001", "127.0.0.1:9002"]);
    assert_eq!(
        web.slots[0].probe.kind,
        ProbeKind::Http {
            path: "/health".to_owned(),
            speaks: Speaks::Http1,
        }
    );
    let chat = &loaded.routes[&key("chat")];
    assert_eq!((chat.slots.len(), chat.slots[0].weight.get()), (1, 100));
    assert_eq!(
        (chat.slots[0].speaks, &chat.slots[0].probe.kind),
        (Speaks::Http2, &ProbeKind::Tcp)
    );
}

#[test]
fn time_outs_are_those_of_traffic_in_windlass_yaml() {
    let with = |timeouts: &str| {
        let listen = "listen: 127.0.0.1:8081\n";
        FILE.replace(listen, &format!("{listen}    timeouts: {timeouts}\n"))
    };
    let loaded = load_alone(&with("{ answer: 5s, upload: 20s }"), "router.yaml").expect("a file");
    let mut times = loaded
        .routes
        .values()
        .map(|route| route.traffic.timeouts.clone());
    let said = Timeouts {
        answer: Some(Millis::from_secs(5)),
        upload: Some(Millis::from_secs(20)),
        ..Timeouts::default()
    };
    assert_eq!(times.next(), Some(said), "of chat");
    assert_eq!(times.next(), Some(Timeouts::default()), "of web");
    insta::assert_snapshot!(problems(&with("{ answer: 0s, idle: 5s }")), @r"
    router.yaml:10:25: this duration must be more than zero [WL0155]
            timeouts: { answer: 0s, idle: 5s }
                                ^^
    router.yaml:10:29: `timeouts` has no key `idle` [WL0120]
            timeouts: { answer: 0s, idle: 5s }
                                    ^^^^
      it knows `connect`, `answer`, `silence`, `upload` and `download`
    ");
}

#[test]
fn figures_are_told_where_nobody_is_served() {
    let with = |metrics: &str| format!("router: {{ metrics: {metrics} }}\n{FILE}");
    let loaded = load_alone(&with("127.0.0.1:9180"), "router.yaml").expect("a file");
    let listeners = loaded.routes.values().flat_map(|route| &route.listeners);
    let told: Vec<_> = listeners.map(|listen| listen.metrics).collect();
    assert_eq!(told, vec!["127.0.0.1:9180".parse().ok(); 2]);
    insta::assert_snapshot!(problems(&with("127.0.0.1:8081")), @r"
    router.yaml:1:20: `127.0.0.1:8081` is taken by `chat` at 10:13 [WL0163]
        router: { metrics: 127.0.0.1:8081 }
                           ^^^^^^^^^^^^^^
      give the metrics an address of their own, which no client is told
    ");
}

#[test]
fn an_origin_that_is_the_router_itself_is_refused() {
    let text = "\
services:
  web:
    listen: 0.0.0.0:8080
    origins: { v1: [127.0.0.1:9001, 127.0.0.1:8080] }
  api:
    listen: 127.0.0.1:8081
    origins: { v1: 127.0.0.1:8081 }
  good:
    listen: 127.0.0.1:8082
    origins: { v1: 127.0.0.2:8082 }
";
    insta::assert_snapshot!(problems(text), @r"
    router.yaml:4:37: the origin `v1` is at 127.0.0.1:8080, where the router itself serves `web` [WL0163]
            origins: { v1: [127.0.0.1:9001, 127.0.0.1:8080] }
                                            ^^^^^^^^^^^^^^
      name the address of the server behind it: a request would go round in a circle
    router.yaml:7:20: the origin `v1` is at 127.0.0.1:8081, where the router itself serves `api` [WL0163]
            origins: { v1: 127.0.0.1:8081 }
                           ^^^^^^^^^^^^^^
      name the address of the server behind it: a request would go round in a circle
    ");
}

#[test]
fn all_problems_come_at_once_each_with_what_to_write() {
    let text = "\
app: shop
services:
  web:
    listen: 127.0.0.1:8080
    run: ./web
    origins: { v1: 127.0.0.1:9001, v2: 127.0.0.1:9002 }
  api:
    listen: 127.0.0.1:8080
    origins:
      v1: { at: 127.0.0.1:9003, share: 90% }
      v2: { at: 127.0.0.1:9004, share: 20% }
  one:
    listen: 127.0.0.1:8082
    origins: { v1: { at: 127.0.0.1, share: 50% } }
";
    insta::assert_snapshot!(problems(text), @r"
    router.yaml:1:1: the file of a router has no key `app` [WL0120]
        app: shop
        ^^^
      `app` belongs to windlass.yaml: a router that runs alone deploys nothing
    router.yaml:3:3: none of the origins of `web` says its share [WL0122]
          web:
          ^^^
      add `share: 100%` to the one that serves; the other has the rest
    router.yaml:5:5: a service has no key `run` [WL0120]
            run: ./web
            ^^^
      `run` belongs to windlass.yaml: a router that runs alone deploys nothing
    router.yaml:8:13: `127.0.0.1:8080` is taken by `web` at 4:13 [WL0163]
            listen: 127.0.0.1:8080
                    ^^^^^^^^^^^^^^
      give each service its own address, or on one address its own host or path
    router.yaml:11:40: the shares of `api` come to 110%, not to 100% [WL0129]
              v2: { at: 127.0.0.1:9004, share: 20% }
                                               ^^^
      say the share of one; the other has the rest
    router.yaml:14:26: `127.0.0.1` is not an address to listen on [WL0131]
            origins: { v1: { at: 127.0.0.1, share: 50% } }
                                 ^^^^^^^^^
      an address ends in a port from 1 to 65535, as in 127.0.0.1:8080
    router.yaml:14:44: the shares of `one` come to 50%, not to 100% [WL0129]
            origins: { v1: { at: 127.0.0.1, share: 50% } }
                                                   ^^^
      one origin has everything: leave its share out
    ");
}

#[test]
fn its_schema_accepts_what_is_read_and_refuses_what_is_malformed() {
    let schema = schema_alone();
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let is_valid = |text: &str| validator.is_valid(&as_json(text, Format::Yaml).expect("a tree"));
    let web = |rest: &str| {
        format!(
            "services:\n  web:\n    listen: 127.0.0.1:8080\n    origins: {{ v1: 127.0.0.1:9001 }}\n{rest}"
        )
    };
    for good in [
        FILE.to_owned(),
        web(""),
        web("    speaks: http2\n"),
        web("    ready: /health\n"),
        "services:\n  web:\n    listen: { address: 127.0.0.1:80, access_log: 10% }\n    origins: { v1: 127.0.0.1:1 }\n".to_owned(),
        "services:\n  web:\n    listen: { address: 127.0.0.1:443, host: a.example, path: /x, tls: { certificate: a.pem, key: b.pem } }\n    origins: { v1: 127.0.0.1:1 }\n".to_owned(),
        web("x-note: mine\n"),
    ] {
        assert!(load_alone(&good, "router.yaml").is_ok(), "{good}");
        assert!(is_valid(&good), "{good}");
    }
    for bad in [
        "app: shop\nservices: {}\n".to_owned(),
        "services: {}\n".to_owned(),
        "services: { web: { listen: 127.0.0.1:80 } }\n".to_owned(),
        "services: { web: { origins: { v1: 127.0.0.1:1 } } }\n".to_owned(),
        web("    run: ./web\n"),
        web("    speaks: http9\n"),
        web("    ready: health\n"),
        "services:\n  web:\n    listen: 127.0.0.1\n    origins: { v1: 127.0.0.1:1 }\n".to_owned(),
        "services:\n  web:\n    listen: 127.0.0.1:80\n    origins: { v1: { at: 127.0.0.1:1, share: 101% } }\n".to_owned(),
        "services:\n  web:\n    listen: 127.0.0.1:80\n    origins: { a: 127.0.0.1:1, b: 127.0.0.1:2, c: 127.0.0.1:3 }\n".to_owned(),
    ] {
        assert!(load_alone(&bad, "router.yaml").is_err(), "{bad}");
        assert!(!is_valid(&bad), "{bad}");
    }
}

#[test]
fn the_same_is_read_as_toml_and_json() {
    let yaml = load_alone(FILE, "router.yaml").expect("a file").routes;
    let toml = "\
[services.web]
listen = { address = \"127.0.0.1:8080\", host = \"shop.example\" }
ready = \"/health\"
[services.web.origins]
v1 = [\"127.0.0.1:9001\", \"127.0.0.1:9002\"]
v2 = { at = \"127.0.0.1:9003\", share = 5 }
[services.chat]
listen = \"127.0.0.1:8081\"
speaks = \"http2\"
origins = { only = \"127.0.0.1:9004\" }
";
    assert_eq!(
        load_alone(toml, "router.toml").expect("a file").routes,
        yaml
    );
    let json = r#"{ "services": {
        "web": { "listen": { "address": "127.0.0.1:8080", "host": "shop.example" }, "ready": "/health",
            "origins": { "v1": ["127.0.0.1:9001", "127.0.0.1:9002"], "v2": { "at": "127.0.0.1:9003", "share": "5%" } } },
        "chat": { "listen": "127.0.0.1:8081", "speaks": "http2", "origins": { "only": "127.0.0.1:9004" } } } }"#;
    assert_eq!(
        load_alone(json, "router.json").expect("a file").routes,
        yaml
    );
}
