//! A source of metrics that speaks TLS and wants to know who asks.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};
use windlass_adapters::Prometheus;
use windlass_edge::MetricSource as _;
use windlass_model::{Access, PrometheusUrl, Secret, Who};

const NUMBER: &str =
    r#"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"0.25"]}}"#;

/// A pair of the tests of certificates: that of the shop is good for 127.0.0.1.
fn pem(name: &str) -> PathBuf {
    let pems = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tls/pems");
    pems.join(name)
}

/// A server at an address, and what each question that came through said of who asks.
struct Source {
    url: PrometheusUrl,
    asked: Receiver<String>,
}

/// Answers with a number whoever shows one of `known`, and repeats what anybody else shows.
fn source(known: &'static [&'static str]) -> Source {
    let certificate = CertificateDer::from_pem_file(pem("shop.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(pem("shop.key")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a pair");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("an address");
    let (tell, asked) = channel();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).expect("a connection");
            // Whoever does not trust it goes away.
            let _gone = serve(
                StreamOwned::new(connection, socket.expect("a socket")),
                known,
                &tell,
            );
        }
    });
    let url = PrometheusUrl::new(&format!("https://{address}/prom")).expect("an address");
    Source { url, asked }
}

fn serve(
    mut stream: StreamOwned<ServerConnection, std::net::TcpStream>,
    known: &[&str],
    tell: &Sender<String>,
) -> std::io::Result<()> {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\nquery=up") {
        let mut more = [0; 1024];
        let length = stream.read(&mut more)?;
        if length == 0 {
            return Ok(());
        }
        asked.extend_from_slice(&more[..length]);
    }
    let asked = String::from_utf8_lossy(&asked).into_owned();
    assert!(asked.starts_with("POST /prom/api/v1/query "), "{asked}");
    let who = asked
        .lines()
        .find_map(|line| line.strip_prefix("authorization: "))
        .unwrap_or("nobody")
        .to_owned();
    let (status, body) = if known.contains(&who.as_str()) {
        ("200 OK", NUMBER.to_owned())
    } else {
        let error = format!(r#"{{"status":"error","error":"who is {who}?"}}"#);
        ("401 Unauthorized", error)
    };
    tell.send(who).expect("the test listens");
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let built = Builder::new_multi_thread().enable_all().build();
        built.expect("a runtime")
    })
}

/// What is read; or all that any output can have of why not.
fn read(source: &Source, access: &Access) -> Result<Option<f64>, String> {
    let read = runtime().block_on(Prometheus.read(&source.url, access, "up"));
    read.map_err(|why| format!("{} {why:?}", why.chain()))
}

fn secret(folder: &TempDir, text: &str) -> Secret {
    let path = folder.path().join("secret");
    std::fs::write(&path, text).expect("written");
    Secret::File(path.display().to_string())
}

fn trusting(who: Who, ca: &str) -> Access {
    Access {
        who: Some(who),
        ca: Some(pem(ca).display().to_string()),
    }
}

#[test]
fn a_token_is_read_each_time_and_a_wrong_one_is_turned_away_without_being_told() {
    let source = source(&["Bearer first", "Bearer second"]);
    let folder = tempfile::tempdir().expect("a folder");
    let access = trusting(Who::Bearer(secret(&folder, "first\n")), "shop.pem");
    assert_eq!(read(&source, &access), Ok(Some(0.25)));
    secret(&folder, "stolen");
    let why = read(&source, &access).expect_err("turned away");
    assert!(
        why.contains("it does not answer whoever asks: HTTP 401"),
        "{why}"
    );
    assert!(!why.contains("stolen"), "{why}");
    secret(&folder, "second");
    assert_eq!(read(&source, &access), Ok(Some(0.25)));
    let asked: Vec<String> = source.asked.try_iter().collect();
    assert_eq!(asked, ["Bearer first", "Bearer stolen", "Bearer second"]);
}

#[test]
fn a_user_with_a_password_is_answered() {
    // `mira:hush`.
    let source = source(&["Basic bWlyYTpodXNo"]);
    let folder = tempfile::tempdir().expect("a folder");
    let who = Who::Basic {
        user: "mira".to_owned(),
        password: secret(&folder, "hush"),
    };
    assert_eq!(read(&source, &trusting(who, "shop.pem")), Ok(Some(0.25)));
}

#[test]
fn a_server_that_is_not_trusted_is_shown_no_token() {
    let source = source(&["Bearer hush"]);
    let folder = tempfile::tempdir().expect("a folder");
    let who = Who::Bearer(secret(&folder, "hush"));
    let of_the_machine = Access {
        who: Some(who.clone()),
        ca: None,
    };
    for access in [of_the_machine, trusting(who.clone(), "next.pem")] {
        let why = read(&source, &access).expect_err("not trusted");
        assert!(why.contains("no TLS: invalid peer certificate"), "{why}");
        assert!(!why.contains("hush"), "{why}");
    }
    let gone = read(&source, &trusting(who, "gone.pem")).expect_err("no file");
    assert!(
        gone.contains("gone.pem can't be used: No such file"),
        "{gone}"
    );
    assert_eq!(source.asked.try_iter().count(), 0);
}
