//! A Prometheus that scrapes: what it measures takes a release back.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::lab::{Following, Lab, Service, eventually};

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

/// How a Prometheus lets in only who it knows: user `windlass` with the password that is hashed here.
const LETS_IN: &str = "\
basic_auth_users:
  windlass: \"$2b$04$w6M00bwDwt5lrCyenJswsusk1Zthu/kcQrp1MQCEtURHicT39yFo.\"
";
const PASSWORD: &str = "scrape-me";

/// What an application says of itself to whoever scrapes.
struct Exposed {
    address: String,
    scrapes: Arc<AtomicUsize>,
}

/// Answers every scrape, as long as the test runs.
fn expose() -> Exposed {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let scrapes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&scrapes);
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
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    Exposed { address, scrapes }
}

/// Scrapes what the application says of itself; `web` says how it is asked.
fn prometheus(lab: &Lab, exposed: &Exposed, web: &str) -> Following {
    let folder = lab.tmp().join("prometheus");
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("prometheus.yml");
    let text = format!(
        "global: {{ scrape_interval: 500ms, scrape_timeout: 400ms }}\n\
         scrape_configs: [{{ job_name: shop, static_configs: [{{ targets: [\"{}\"] }}] }}]\n",
        exposed.address
    );
    std::fs::write(&config, text).unwrap();
    let web_config = folder.join("web.yml");
    std::fs::write(&web_config, web).unwrap();
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--web.config.file={}", web_config.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg(format!("--web.listen-address={}", lab.at("prometheus")))
        .current_dir(&folder);
    let runs = lab.start_command(command);
    // By the second scrape the first is stored.
    eventually("the first scrape", Duration::from_mins(1), || {
        (exposed.scrapes.load(Ordering::Relaxed) > 1).then_some(())
    });
    runs
}

#[test]
fn a_metric_of_a_prometheus_takes_a_release_back_and_its_absence_does_not() {
    let lab = Lab::new(FILE);
    let scrapes = prometheus(&lab, &expose(), "");
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

#[test]
fn a_prometheus_over_tls_that_lets_in_only_who_it_knows_takes_a_release_back() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (ca, key, secret) = (
        put("ca.pem", ""),
        put("key.pem", ""),
        put("secret", PASSWORD),
    );
    let https = format!(
        "https://@prometheus\n        ca: {ca}\n        \
         basic: {{ user: windlass, password: {{ file: {secret} }} }}"
    );
    let lab = Lab::new(&FILE.replace("http://@prometheus", &https));
    let name = lab.at("prometheus").ip().to_string();
    let shown = rcgen::generate_simple_self_signed([name]).unwrap();
    put("ca.pem", &shown.cert.pem());
    put("key.pem", &shown.signing_key.serialize_pem());
    let web = format!("tls_server_config: {{ cert_file: {ca}, key_file: {key} }}\n{LETS_IN}");
    let scrapes = prometheus(&lab, &expose(), &web);
    lab.program("web", &Service::new("web", "1"));
    lab.run(&["deploy", "--set", "web=1"]).exits(0);

    lab.program("web", &Service::new("web", "2"));
    lab.run(&["deploy", "--set", "web=2"]).exits(3);
    let why = lab.run(&["show", &lab.last()]).exits(0).out;
    assert!(
        why.contains("login_failures of version 2 was 0.125 at least in "),
        "{why}"
    );

    // Who shows another certificate is not asked, and that is told although nobody asked the service.
    let other = rcgen::generate_simple_self_signed(["other.example".to_owned()]).unwrap();
    put("ca.pem", &other.cert.pem());
    lab.program("web", &Service::new("web", "3"));
    let told = lab.run(&["deploy", "--set", "web=3"]).exits(0).out;
    let line = "unread=\"metric login_failures\" because=\"";
    assert!(told.contains(line), "{told}");
    let why = lab.run(&["show", "--why", &lab.last()]).exits(0).out;
    assert!(
        why.contains("no number of metric login_failures: ") && why.contains("no TLS"),
        "{why}"
    );
    assert!(!(told + &why).contains(PASSWORD));
    scrapes.kill();
}
