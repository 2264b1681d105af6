//! Attacks on what tells one request from the next, against servers that read differently.
//!
//! The oracle counts: a server sees each good request once and its client gets that one's answer,
//! an attack is one request or none, and what was hidden in it is none.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, key, serving, slot};

/// Answers without reading what it has no use for, as careless handlers do.
const PYTHON: &str = r#"
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        if self.command == "POST":
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with open(sys.argv[2], "a") as log:
            log.write(self.path + "\n")
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())
    do_GET = do_POST = do_HEAD = do_DELETE = do_OPTIONS = answer
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;

/// A server in a process of its own that writes a line for each request.
struct Server {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
    log: PathBuf,
}

impl Server {
    /// None where it is not installed.
    fn start(make: impl FnOnce(SocketAddr, &std::path::Path) -> Command) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let mut command = make(address, folder.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let log = folder.path().join("log");
        eventually("the server listens", || {
            std::net::TcpStream::connect(address).is_ok()
        });
        Some(Self {
            child,
            address,
            _folder: folder,
            log,
        })
    }

    fn python() -> Option<Self> {
        Self::start(|address, folder| {
            let mut command = Command::new("python3");
            command.args(["-c", PYTHON, &address.port().to_string()]);
            command.arg(folder.join("log"));
            command
        })
    }

    fn nginx() -> Option<Self> {
        Self::start(|address, folder| {
            let place = folder.display();
            let text = format!(
                "daemon off; master_process off; pid {place}/pid; error_log {place}/errors;\n\
                 events {{}}\n\
                 http {{ log_format path '$request_uri'; access_log {place}/log path;\n\
                 client_body_temp_path {place}/a; proxy_temp_path {place}/b;\n\
                 fastcgi_temp_path {place}/c; uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n\
                 server {{ listen {address}; location / {{ return 200 $request_uri; }} }} }}\n"
            );
            let file = folder.join("nginx.conf");
            std::fs::write(&file, text).expect("written");
            let mut command = Command::new("nginx");
            command.arg("-c").arg(file);
            command
        })
    }

    /// The paths that it was asked for.
    fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
    }
}

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";

/// Bytes that one server or another takes for more requests, or fewer, than the router does.
fn attacks() -> Vec<String> {
    let post = "POST /attack HTTP/1.1\r\nHost: shop\r\n";
    let get = "GET /attack HTTP/1.1\r\nHost: shop\r\n";
    let length = HIDDEN.len();
    let chunked = "Transfer-Encoding: chunked\r\n";
    let mut attacks = vec![
        format!(
            "{post}Content-Length: {}\r\n{chunked}\r\n0\r\n\r\n{HIDDEN}",
            length + 5
        ),
        format!("{post}{chunked}Content-Length: 4\r\n\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        format!("{post}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{post}Content-Length: 0, {length}\r\n\r\n{HIDDEN}"),
        format!("{post}Content-Length: +{length}\r\n\r\n{HIDDEN}"),
        format!("{post}X:\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{post}X: \n{chunked}\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        format!("{post}Content-Length : {length}\r\n\r\n{HIDDEN}"),
        format!("{post}Connection: content-length\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{get}Content-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{get}{chunked}\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        format!(
            "{}Content-Length: {length}\r\n\r\n{HIDDEN}",
            get.replace("GET", "DELETE")
        ),
        format!(
            "{}Content-Length: {length}\r\n\r\n{HIDDEN}",
            get.replace("GET", "OPTIONS")
        ),
        format!(
            "{get}Upgrade: websocket\r\nConnection: upgrade\r\n\r\n{}",
            HIDDEN.replace('\r', "")
        ),
        format!(
            "{post}Upgrade: h2c\r\nConnection: upgrade, http2-settings\r\n{chunked}\r\n1\nx\r\n0\r\n\r\n{HIDDEN}"
        ),
        format!("{post}{chunked}\r\n1;a=\nx\r\n0\r\n\r\n{HIDDEN}"),
        format!("{post}{chunked}\r\n10000000000000000\r\n{HIDDEN}"),
        format!("{post}{chunked}\r\n-1\r\n{HIDDEN}"),
        format!("{post}{chunked}\r\n0\r\nX: y\n\r\n{HIDDEN}"),
        format!("{post}X: a\r\n {chunked}\r\n0\r\n\r\n{HIDDEN}"),
        format!("{post}X: a\n{chunked}\r\n0\r\n\r\n{HIDDEN}"),
        format!("{post}Host: other\r\nContent-Length: 0\r\n\r\n"),
        format!("POST /attack HTTP/1.0\r\nHost: shop\r\n{chunked}\r\n0\r\n\r\n{HIDDEN}"),
        format!("POST /attack\r\nHost: shop\r\n\r\n{HIDDEN}"),
        format!("POST /attack HTTP/1.1 HTTP/1.1\r\nHost: shop\r\n\r\n{HIDDEN}"),
    ];
    for coding in [
        "xchunked",
        "chunked, identity",
        "identity, chunked",
        "chunked\t,",
        "\"chunked\"",
        "chunked\r\nTransfer-Encoding: x",
        "\x0bchunked",
        "chunked;q=1",
        "cow",
        "",
    ] {
        attacks.push(format!(
            "{post}Transfer-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"
        ));
        attacks.push(format!(
            "{post}Transfer-Encoding: {coding}\r\n\r\n0\r\n\r\n{HIDDEN}"
        ));
    }
    attacks
}

/// Follows an attack on its connection and ends it.
const LAST: &str = "GET /last HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";

/// Answers of the instance that came of an attack.
fn answers(listener: SocketAddr, attack: &str) -> usize {
    let mut client = Client::connect(listener);
    client.send(attack);
    // One that was refused may be closed already.
    client.try_send(LAST.as_bytes()).ok();
    let told = String::from_utf8_lossy(&client.rest()).to_lowercase();
    let all = told.matches("http/1.1 ").count();
    all - told.matches("windlass-error: ").count()
}

/// Attacks it, and lets good requests follow on the very connections that the attack used.
fn withstands(address: SocketAddr, asked: impl Fn() -> Vec<String>) {
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    rig.route(
        &key("web"),
        serving(listener, vec![slot(1, 100, &[address])]),
    );
    let mut good = Vec::new();
    for (number, attack) in attacks().iter().enumerate() {
        let before = asked().len();
        let answered = answers(listener, attack);
        let mut client = Client::connect(listener);
        for turn in 0..3 {
            let path = format!("/good-{number}-{turn}");
            assert_eq!(client.get(&path).text(), path, "after {attack:?}");
            good.push(path);
        }
        let is_good = |path: &String| path.starts_with("/good-");
        let mut seen = Vec::new();
        eventually("the server has written what it was asked", || {
            seen = asked();
            seen.iter().filter(|path| is_good(path)).count() >= good.len()
        });
        let all: Vec<&String> = seen.iter().filter(|path| is_good(path)).collect();
        assert!(
            all.iter().all(|path| good.contains(path)),
            "{attack:?}: {seen:?}"
        );
        assert_eq!(all.len(), good.len(), "each once: {attack:?}: {seen:?}");
        let rest = seen.iter().skip(before).filter(|path| !is_good(path));
        let rest: Vec<&str> = rest.map(String::as_str).collect();
        assert!(!rest.contains(&"/hidden"), "{attack:?}: {rest:?}");
        assert!(
            rest.len() <= 2,
            "the attack and what followed it: {attack:?}: {rest:?}"
        );
        assert!(
            answered <= rest.len(),
            "more answers than requests: {attack:?}: {rest:?}"
        );
    }
}

#[test]
fn no_attack_hides_a_request_from_a_server_that_counts() {
    let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let lines = log.clone();
    let origin = Origin::start(move |exchange| {
        let path = exchange
            .line()
            .split(' ')
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        lines.lock().expect("a lock").push(path.clone());
        exchange.body();
        exchange.ok(&path)
    });
    withstands(origin.address, || log.lock().expect("a lock").clone());
}

#[test]
fn no_attack_hides_a_request_from_nginx() {
    if let Some(server) = Server::nginx() {
        withstands(server.address, || server.asked());
    }
}

#[test]
fn no_attack_hides_a_request_from_a_careless_python_server() {
    if let Some(server) = Server::python() {
        withstands(server.address, || server.asked());
    }
}
