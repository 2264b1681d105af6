//! A Prometheus that scrapes: what it measures takes a release back.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use crate::lab::{Following, Lab, Service, ask, eventually};

const FILE: &str = "\
app: shop
services:
  web:
    run: ./web
    env: { BUILD: \"${VERSION}\" }
    listen: @web
    ready: /health/ready
    bake: 5s
    metrics:
      login_failures:
        prometheus: http://@prometheus
        query: max(login_failures{service=\"${SERVICE}\", release=\"${VERSION}\"})
        every: 500ms
    rollback_on: [crash, metric login_failures > 5% for 2s]
";

/// What the application says of itself: the second release is worse, and the third says nothing.
const EXPOSED: &str = "\
login_failures{service=\"web\",release=\"1\"} 0.01
login_failures{service=\"web\",release=\"2\"} 0.125
";

/// Answers every scrape, as long as the test runs.
fn expose() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 4096];
            let length = EXPOSED.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            // A scrape that broke off is scraped again.
            let _broken = stream
                .read(&mut asked)
                .and_then(|_read| stream.write_all((head + EXPOSED).as_bytes()));
        }
    });
    address
}

/// Scrapes what the application says of itself.
fn prometheus(lab: &Lab, exposed: &str) -> Following {
    let folder = lab.tmp().join("prometheus");
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("prometheus.yml");
    let text = format!(
        "global: {{ scrape_interval: 500ms, scrape_timeout: 400ms }}\n\
         scrape_configs: [{{ job_name: shop, static_configs: [{{ targets: [\"{exposed}\"] }}] }}]\n"
    );
    std::fs::write(&config, text).unwrap();
    let at = lab.at("prometheus");
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg(format!("--web.listen-address={at}"))
        .current_dir(&folder);
    let runs = lab.start_command(command);
    eventually(
        "the first scrape",
        std::time::Duration::from_mins(1),
        || {
            let answer = ask(at, "/api/v1/query?query=login_failures")?;
            answer.body.contains("0.125").then_some(())
        },
    );
    runs
}

#[test]
fn a_metric_of_a_prometheus_takes_a_release_back_and_its_absence_does_not() {
    let lab = Lab::new(FILE);
    let scrapes = prometheus(&lab, &expose());
    lab.program("web", &Service::new("web", "1"));
    lab.run(&["deploy", "--set", "web=1"]).exits(0);

    lab.program("web", &Service::new("web", "2"));
    let plan = lab.run(&["plan", "--set", "web=2"]).exits(0).out;
    assert!(!plan.contains("not watched"), "{plan}");
    lab.run(&["deploy", "--set", "web=2"]).exits(3);
    let why = lab.run(&["show", &lab.last()]).exits(0).out;
    assert!(
        why.contains(
            "metric login_failures > 5% for 2s: login_failures of version 2 was 0.125 at least in "
        ),
        "{why}"
    );

    lab.program("web", &Service::new("web", "3"));
    lab.run(&["deploy", "--set", "web=3"]).exits(0);
    scrapes.kill();
}
