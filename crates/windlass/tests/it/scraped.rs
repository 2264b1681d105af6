//! The router's metrics, as a real Prometheus asks for them.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::lab::{Following, Lab, SOON, Service, answer, ask, eventually, is_closed, load};

const FILE: &str = "\
app: shop
router: { metrics: @metrics }
services:
  web: { run: ./web, listen: @web, ready: /health/ready, bake: 200ms }
";

/// Longest wait for what a scrape brings.
const SCRAPED: Duration = Duration::from_mins(1);

/// A Prometheus that asks the router.
fn prometheus(lab: &Lab) -> Following {
    let folder = lab.tmp().join("prometheus");
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("prometheus.yml");
    let (router, at) = (lab.at("metrics"), lab.at("prometheus"));
    let text = format!(
        "global: {{ scrape_interval: 500ms, scrape_timeout: 400ms }}\n\
         scrape_configs: [{{ job_name: windlass, static_configs: [{{ targets: [\"{router}\"] }}] }}]\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg(format!("--web.listen-address={at}"))
        .current_dir(&folder);
    lab.start_command(command)
}

/// The one number that a query comes to.
fn queried(at: SocketAddr, query: &str) -> Option<f64> {
    let escaped: String = query
        .bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    let answer = ask(at, &format!("/api/v1/query?query={escaped}"))?;
    let json: Value = serde_json::from_str(&answer.body).ok()?;
    let value = json["data"]["result"][0]["value"][1].as_str()?;
    value.parse().ok()
}

fn page(lab: &Lab) -> String {
    ask(lab.at("metrics"), "/metrics").unwrap().body
}

/// Has Prometheus' own tool look at a page.
fn checked(page: &str) {
    let mut tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tool.stdin
        .take()
        .unwrap()
        .write_all(page.as_bytes())
        .unwrap();
    let said = tool.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && text.is_empty(), "{text}");
}

#[test]
fn a_prometheus_counts_what_clients_sent_over_a_deployment() {
    let lab = Lab::new(FILE);
    lab.program("web", &Service::new("web", "1"));
    lab.run(&["deploy"]).exits(0);
    let scrapes = prometheus(&lab);
    let at = lab.at("prometheus");
    let up = || queried(at, "up").filter(|up| *up > 0.0);
    eventually("the first scrape", SCRAPED, up);

    let running = load(lab.at("web"));
    lab.program("web", &Service::new("web", "2"));
    lab.run(&["deploy"]).exits(0);
    let sent = running.stop();
    assert_eq!(sent.failed, 0, "{:?}", sent.failures);
    let good = f64::from(u32::try_from(sent.good()).unwrap());
    let all = "sum(windlass_router_requests_total{service=\"web\"})";
    eventually("all is told", SCRAPED, || {
        queried(at, all).filter(|told| *told >= good)
    });
    let told = queried(at, all).unwrap();
    assert!((told - good).abs() < 0.5, "{told}, and {good} sent");
    let versions = "count(count by (version) (windlass_router_requests_total{code=\"2xx\"} > 0))";
    assert!(queried(at, versions).is_some_and(|count| count > 1.5));
    let p95 =
        "histogram_quantile(0.95, sum by (le) (windlass_router_request_duration_seconds_bucket))";
    assert!(queried(at, p95).is_some_and(|p95| p95 > 0.0));
    checked(&page(&lab));
    scrapes.kill();
}

#[test]
fn where_metrics_are_told_follows_the_file_and_outlives_the_controller() {
    let lab = Lab::new(&FILE.replace("router: { metrics: @metrics }\n", ""));
    lab.program("web", &Service::new("web", "1"));
    lab.run(&["deploy"]).exits(0);
    assert!(is_closed(lab.at("metrics")));

    // No release changes, only where the router is asked.
    lab.file(FILE);
    lab.run(&["deploy"]).exits(0);
    assert!(page(&lab).contains("windlass_build_info"));
    lab.kill_controller();
    assert!(page(&lab).contains("service=\"web\""));
    let router = lab.only("router");
    router.signal(rustix::process::Signal::KILL);
    lab.run(&["status"]);
    eventually("it is told again", SOON, || {
        ask(lab.at("metrics"), "/metrics").filter(|answer| answer.status == 200)
    });

    let taken = std::net::TcpListener::bind(lab.at("other")).unwrap();
    lab.file(&FILE.replace("@metrics", "@other"));
    let other = lab.at("other").to_string();
    lab.run(&["deploy"]).exits(65).says(&["WL0310", &other]);
    drop(taken);
    lab.run(&["deploy"]).exits(0);
    assert!(is_closed(lab.at("metrics")));
    assert!(ask(lab.at("other"), "/metrics").is_some());
}

#[test]
fn a_rollback_leaves_the_metrics_where_they_are() {
    let lab = Lab::new(&FILE.replace("router: { metrics: @metrics }\n", ""));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.file(FILE);
    let planned = lab.run(&["plan"]).exits(0).out;
    let metrics = lab.at("metrics");
    assert!(
        planned.contains(&format!(
            "metrics on {metrics} (was off)  (undo: as before)"
        )),
        "{planned}"
    );
    lab.deploy();
    lab.run(&["rollback"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    assert!(page(&lab).contains("service=\"web\""));

    // They go where the file says so.
    lab.file(&FILE.replace("router: { metrics: @metrics }\n", ""));
    lab.program("web", &Service::new("web", "1"));
    let planned = lab.run(&["plan"]).exits(0).out;
    assert!(
        planned.contains(&format!("metrics off (was on {metrics})")),
        "{planned}"
    );
    lab.deploy();
    assert!(is_closed(metrics));
}
