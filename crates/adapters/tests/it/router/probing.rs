//! One question, one answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use windlass_adapters::NetworkProber;
use windlass_edge::Prober;
use windlass_model::{Millis, Probe, ProbeKind, Probed, Speaks};

use super::rig::{answering, instance};

async fn ask(kind: ProbeKind, address: SocketAddr) -> Probed {
    let probe = Probe {
        kind,
        timeout: Millis::from_millis(200),
        ..Probe::default()
    };
    NetworkProber.probe(&probe, &instance(address)).await
}

fn http() -> ProbeKind {
    ProbeKind::Http {
        path: "/health?deep".to_owned(),
        speaks: Speaks::Http1,
    }
}

fn unready(saw: &str) -> Probed {
    Probed::Unready {
        saw: saw.to_owned(),
    }
}

fn status(line: &str) -> SocketAddr {
    answering(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"))
}

#[tokio::test]
async fn success_and_redirects_are_ready_and_the_rest_says_its_status() {
    for line in ["200 OK", "204 No Content", "302 Found"] {
        assert_eq!(ask(http(), status(line)).await, Probed::Ready, "{line}");
    }
    for code in [400, 404, 500, 503] {
        let line = format!("{code} X");
        let expected = unready(&format!("HTTP {code}"));
        assert_eq!(ask(http(), status(&line)).await, expected);
    }
}

#[tokio::test]
async fn a_bad_answer_says_the_beginning_of_its_body_in_one_clean_line() {
    let body = "  no database\r\n\u{1b}[2Jat db:5432\n";
    let length = body.len();
    let told = answering(format!(
        "HTTP/1.1 503 X\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    let expected = unready("HTTP 503: no database [2Jat db:5432");
    assert_eq!(ask(http(), told).await, expected);
    let long = "x".repeat(5_000);
    let long = answering(format!(
        "HTTP/1.1 500 X\r\nContent-Length: 5000\r\n\r\n{long}"
    ));
    let Probed::Unready { saw } = ask(http(), long).await else {
        unreachable!("500 is no good answer");
    };
    assert_eq!(saw, format!("HTTP 500: {}…", "x".repeat(160)));
    let late = answering("HTTP/1.1 503 X\r\nContent-Length: 99\r\n\r\nit begins".to_owned());
    let expected = unready("HTTP 503: it begins");
    assert_eq!(ask(http(), late).await, expected, "its end never comes");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let dead = "302 Found\r\nLocation: http://127.0.0.1:1/";
    assert_eq!(ask(http(), status(dead)).await, Probed::Ready);
}

/// One that answers in HTTP/2 with this status, and says a word beside it.
fn multiplexed(status: u16) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("as tokio wants it");
    let answer = move |request: hyper::Request<hyper::body::Incoming>| async move {
        assert_eq!(
            request.uri().path_and_query().expect("a path"),
            "/health?deep"
        );
        let answer = hyper::Response::builder().status(status);
        answer.body(http_body_util::Full::<bytes::Bytes>::from("no database"))
    };
    let serving = async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let stream = hyper_util::rt::TokioIo::new(stream);
            hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new())
                .serve_connection(stream, hyper::service::service_fn(answer))
                .await
                .ok();
        }
    };
    // Ends with the test's process.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(serving);
    });
    address
}

/// One of HTTP/1.1, which takes what begins HTTP/2 for a bad request.
fn old() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut come = [0; 4096];
        let some = stream.read(&mut come).expect("something");
        assert!(come[..some].starts_with(b"PRI * HTTP/2.0"));
        let answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).expect("said");
    });
    address
}

#[tokio::test]
async fn a_question_in_http_2_is_answered_by_who_speaks_it_alone() {
    let http_2 = || ProbeKind::Http {
        path: "/health?deep".to_owned(),
        speaks: Speaks::Http2,
    };
    assert_eq!(ask(http_2(), multiplexed(204)).await, Probed::Ready);
    let saw = ask(http_2(), multiplexed(503)).await;
    assert_eq!(saw, unready("HTTP 503: no database"));
    let Probed::Unready { saw } = ask(http_2(), old()).await else {
        unreachable!("HTTP/1.1 is no answer");
    };
    assert!(saw.starts_with("no HTTP/2: "), "{saw}");
    let Probed::Unready { saw } = ask(http(), multiplexed(204)).await else {
        unreachable!("HTTP/2 is no answer");
    };
    assert!(saw.starts_with("no HTTP: "), "{saw}");
}

#[tokio::test]
async fn what_gives_no_answer_says_so() {
    let closed = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    );
    let closed = closed.expect("a socket");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    rustix::net::bind(&closed, &any).expect("bound");
    let name = rustix::net::getsockname(&closed).expect("a name");
    let closed_address = SocketAddr::try_from(name).expect("an address");
    for kind in [http(), ProbeKind::Tcp] {
        let saw = ask(kind, closed_address).await;
        assert_eq!(saw, unready("connection refused"));
    }
    let silent = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = silent.local_addr().expect("an address");
    assert_eq!(ask(http(), address).await, unready("no answer in 200ms"));
    assert_eq!(ask(ProbeKind::Tcp, address).await, Probed::Ready);
    let noise = answering("SSH-2.0-OpenSSH\r\n\r\n".to_owned());
    let Probed::Unready { saw } = ask(http(), noise).await else {
        unreachable!("noise is no answer");
    };
    assert!(saw.starts_with("no HTTP: "), "{saw}");
    let alive = ProbeKind::Alive {
        at_least: Millis::from_secs(9),
    };
    assert_eq!(ask(alive, closed_address).await, Probed::Ready);
}
