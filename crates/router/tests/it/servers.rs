//! Servers that others wrote and that read differently, each of which says what it was asked for.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use crate::multiplexed::speaking;
use crate::rig::eventually;

/// Answers without reading what it has no use for, as careless handlers do.
const PYTHON: &str = r#"
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
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

/// One that answers each request with its path.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    told: Told,
}

/// Where the paths stand that it was asked for.
enum Told {
    Here(Arc<Mutex<Vec<String>>>),
    There(Process),
}

/// A server that writes a line for each request.
struct Process {
    child: Child,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    /// The library that the router itself is built on.
    pub(crate) fn hyper() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("as tokio wants it");
        let paths = Arc::default();
        let told = Told::Here(Arc::clone(&paths));
        // Ends with the test's process.
        std::thread::spawn(move || speaking(serve(listener, paths)));
        Self { address, told }
    }

    pub(crate) fn nginx() -> Self {
        Self::nginx_with("", "location / { return 200 $request_uri; }")
    }

    /// nginx whose `server` says this beside where it listens, in what it `speaks`.
    pub(crate) fn nginx_with(speaks: &str, says: &str) -> Self {
        Self::start("nginx", |address, folder| {
            let place = folder.display();
            let text = format!(
                "daemon off; master_process off; pid {place}/pid; error_log {place}/errors;\n\
                 events {{}}\n\
                 http {{ log_format path '$request_uri'; access_log {place}/log path;\n\
                 client_body_temp_path {place}/a; proxy_temp_path {place}/b;\n\
                 fastcgi_temp_path {place}/c; uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n\
                 server {{ listen {address} {speaks}; {says} }} }}\n"
            );
            let file = folder.join("nginx.conf");
            std::fs::write(&file, text).expect("written");
            vec!["-c".into(), file.into()]
        })
    }

    pub(crate) fn python() -> Self {
        Self::start("python3", |address, folder| {
            let port = address.port().to_string();
            vec![
                "-c".into(),
                PYTHON.into(),
                port.into(),
                folder.join("log").into(),
            ]
        })
    }

    fn start(
        program: &str,
        arguments: impl FnOnce(SocketAddr, &Path) -> Vec<std::ffi::OsString>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let mut command = Command::new(program);
        command
            .args(arguments(address, folder.path()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn();
        let process = Process {
            child: child.expect("nginx and python3 are here: `cargo xtask setup` sees to it"),
            log: folder.path().join("log"),
            _folder: folder,
        };
        eventually("the server listens", || {
            std::net::TcpStream::connect(address).is_ok()
        });
        let told = Told::There(process);
        Self { address, told }
    }

    /// The paths that it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        match &self.told {
            Told::Here(paths) => paths.lock().expect("a lock").clone(),
            Told::There(process) => {
                let log = std::fs::read_to_string(&process.log).unwrap_or_default();
                log.lines().map(str::to_owned).collect()
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
    }
}

async fn serve(listener: TcpListener, paths: Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let paths = paths.clone();
        let service = service_fn(move |request| answer(paths.clone(), request));
        let connection = Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.spawn(async move {
            connection.await.ok();
        });
    }
}

async fn answer(
    paths: Arc<Mutex<Vec<String>>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().to_string();
    paths.lock().expect("a lock").push(path.clone());
    if request.method() == Method::POST {
        // One that broke off is answered too; its connection ends by itself.
        request.into_body().collect().await.ok();
    }
    Ok(Response::new(path.into()))
}
