//! A candidate that is not ready yet: why, before it has failed.

use crate::lab::{Lab, SOON, eventually};

/// One service that may take a minute, and answers at once.
const WEB: &str = "\
app: shop
services:
  web:
    run: ./web ${PORT}
    listen: @web
    env: { TOKEN: \"${TOKEN}\" }
    probes: { ready: { http: /health/ready, every: 100ms, within: 1m } }
";

/// Answers 503 and says why, with a value that nobody may read.
const NOT_YET: &str = r#"#!/usr/bin/env python3
import http.server, os, sys
count = 0
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        count += 1
        self.send_response(503)
        self.end_headers()
        self.wfile.write(f"no database for {os.environ['TOKEN']}\x1b[2J asked {count}\n".encode())
    def log_message(self, *words):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"#;

#[test]
fn why_one_is_not_ready_is_said_while_it_is_waited_for() {
    let lab = Lab::new(WEB);
    lab.script("web", NOT_YET);
    let mut deploy = lab.command(&["deploy"]);
    deploy.env("TOKEN", "s3cret-of-mira");
    let following = lab.start_command(deploy);
    let told = following.until("not_ready");
    let why = "HTTP 503: no database for *** [2J asked";
    let line = format!("probe=\"GET /health/ready\" saw=\"{why}");
    assert!(told.contains(&line), "{told}");
    assert!(told.contains(" within=1m"), "{told}");

    let id = lab.last();
    let one_line = |text: String| {
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ")
    };
    let status = one_line(lab.run(&["status"]).exits(0).out);
    let shown = one_line(lab.run(&["show", &id]).exits(0).out);
    for text in [&status, &shown] {
        assert!(text.contains("web is not ready for "), "{text}");
        assert!(
            text.contains(" of 1m: GET /health/ready at 127.0.0.1:"),
            "{text}"
        );
        assert!(text.contains(&format!("gets \"{why}")), "{text}");
    }
    assert!(shown.contains("; until "), "{shown}");

    // It is asked ten times a second, and what it says counts: that is no other reason.
    let answered = |text: &str| text.matches("not_ready").count();
    let events = || lab.run(&["events", &id]).exits(0).out;
    assert_eq!(answered(&events()), 1);

    let json = lab.run(&["show", &id, "-o", "json"]).json();
    let late = &json["services"]["web"]["not_ready"];
    let since = late["since_us"].as_i64().unwrap();
    assert_eq!(
        late["until_us"].as_i64().unwrap() - since,
        60_000_000,
        "{late}"
    );
    assert_eq!(late["probe"]["kind"]["http"]["path"], "/health/ready");

    lab.run(&["hold", &id]).exits(0);
    let held = eventually("that its time stands still", SOON, || {
        let held = one_line(lab.run(&["show", &id]).exits(0).out);
        held.contains("its time stands still").then_some(held)
    });
    assert!(held.contains(why), "{held}");
    lab.run(&["abort", &id]).exits(0);
    let said = following.left();
    for text in [&status, &shown, &said.out, &said.err, &events()] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}
