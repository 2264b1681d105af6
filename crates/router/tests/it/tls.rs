//! Listeners that speak TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned,
};
use windlass_control::{Direction, Refusal};
use windlass_model::{Acme, Host, Listen, Proxies, Tls, TlsFiles};

use crate::broken_off::halting;
use crate::client::Client;
use crate::multiplexed::{Speaker, get, speaking};
use crate::origin::{Exchange, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

/// A certificate that the tests of certificates have.
fn pem(name: &str) -> PathBuf {
    let pems = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tls/pems");
    pems.join(name)
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(pem(&format!("{name}.pem"))).expect("a certificate")
}

/// `address` with the pair of files of one name.
pub(crate) fn secure(address: SocketAddr, name: &str) -> Listen {
    let path = |ending: &str| pem(&format!("{name}.{ending}")).display().to_string();
    with_files(address, path("pem"), path("key"))
}

fn with_files(address: SocketAddr, certificate: String, key: String) -> Listen {
    Listen {
        tls: Some(Tls::Files(TlsFiles { certificate, key })),
        ..address.into()
    }
}

/// What trusts the tests' certificates, and asks for these protocols.
fn trusting(protocols: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for name in ["shop", "help", "next"] {
        roots.add(certificate(name)).expect("a root");
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    Arc::new(config)
}

pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

/// A connection whose handshake is done; none if it failed.
fn connect(address: SocketAddr, name: &str, config: &Arc<ClientConfig>) -> Option<Secured> {
    let socket = TcpStream::connect(address).expect("connected");
    hello(socket, name, config)
}

fn hello(socket: TcpStream, name: &str, config: &Arc<ClientConfig>) -> Option<Secured> {
    shake(speaker(name, config), socket)
}

fn speaker(name: &str, config: &Arc<ClientConfig>) -> ClientConnection {
    let name = name.to_owned().try_into().expect("a name");
    ClientConnection::new(config.clone(), name).expect("a client")
}

fn shake(client: ClientConnection, socket: TcpStream) -> Option<Secured> {
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).expect("set");
    let mut stream = StreamOwned::new(client, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).ok()?;
    }
    Some(stream)
}

/// A client that has said the first byte of its hello.
pub(crate) struct Beginning {
    client: ClientConnection,
    socket: TcpStream,
    rest: Vec<u8>,
}

impl Beginning {
    pub(crate) fn at(address: SocketAddr) -> Self {
        let mut client = speaker("shop.example", &trusting(&["http/1.1"]));
        let mut socket = TcpStream::connect(address).expect("connected");
        let mut hello = Vec::new();
        client.write_tls(&mut hello).expect("written");
        let rest = hello.split_off(1);
        socket.write_all(&hello).expect("sent");
        Self {
            client,
            socket,
            rest,
        }
    }

    /// Says the rest of it, until the other side has said that the handshake is done for it too.
    pub(crate) fn shaken(mut self) -> Secured {
        self.socket.write_all(&self.rest).expect("sent");
        let mut stream = shake(self.client, self.socket).expect("TLS");
        // The ticket, which comes behind all else.
        let count = stream.conn.read_tls(&mut stream.sock).expect("read");
        assert!(count > 0, "it was closed");
        stream.conn.process_new_packets().expect("TLS");
        stream
    }
}

/// One whose handshake is done and that says nothing.
pub(crate) fn shaken(address: SocketAddr) -> Secured {
    connect(address, "shop.example", &trusting(&["http/1.1"])).expect("TLS")
}

/// Whether its connection ends, with a goodbye or without, and nothing else comes.
pub(crate) fn is_ended(stream: &mut Secured) -> bool {
    let ended = stream.read(&mut [0]);
    ended.map_or_else(
        |why| why.kind() != ErrorKind::WouldBlock,
        |count| count == 0,
    )
}

/// Asks once and reads to the end.
fn ask(stream: &mut Secured) -> String {
    let request = b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("sent");
    to_end(stream)
}

/// Reads to the end, which comes in order.
pub(crate) fn to_end(stream: &mut Secured) -> String {
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("a whole answer");
    said
}

/// What asks for something and wants to go on.
pub(crate) const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n";

/// Asks, and reads an answer that ends so; its connection goes on.
pub(crate) fn ask_on(stream: &mut Secured, ends: &[u8]) {
    stream.write_all(ASK).expect("sent");
    let mut said = Vec::new();
    while !said.ends_with(ends) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("more");
        said.extend(byte);
    }
}

/// Asks with one half of a record; the other half.
pub(crate) fn ask_half(stream: &mut Secured) -> Vec<u8> {
    stream.conn.writer().write_all(ASK).expect("taken");
    let mut record = Vec::new();
    stream.conn.write_tls(&mut record).expect("written");
    let rest = record.split_off(record.len() / 2);
    stream.sock.write_all(&record).expect("sent");
    rest
}

/// The certificate that a client is shown.
fn shown(address: SocketAddr, name: &str) -> Option<CertificateDer<'static>> {
    let stream = connect(address, name, &trusting(&[]))?;
    let chain = stream.conn.peer_certificates()?;
    Some(chain.first()?.clone().into_owned())
}

/// Says how the request was forwarded.
fn telling() -> Origin {
    Origin::start(|exchange: &mut Exchange<'_>| {
        let proto = exchange.header("x-forwarded-proto").unwrap_or("nothing");
        exchange.ok(&format!("over {proto}"))
    })
}

fn routed(origin: &Origin, listen: impl Fn(SocketAddr) -> Listen) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listen(listener), slots));
    (rig, listener)
}

#[test]
fn a_client_is_served_in_the_version_that_it_asks_for_by_alpn() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let mut first = connect(listener, "shop.example", &trusting(&["http/1.1"])).expect("TLS");
    assert_eq!(first.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(ask(&mut first).ends_with("over https"));
    let body = speaking(async {
        let socket = tokio::net::TcpStream::connect(listener)
            .await
            .expect("connected");
        let connector = TlsConnector::from(trusting(&["h2", "http/1.1"]));
        let name = "shop.example".try_into().expect("a name");
        let stream = connector.connect(name, socket).await.expect("TLS");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut speaker = Speaker::over(stream).await;
        crate::multiplexed::text(speaker.ask(get("/")).await).await
    });
    assert_eq!(body, "over https");
}

#[test]
fn an_answer_that_only_its_connection_ends_breaks_off_without_a_goodbye() {
    let (origin, go_on) = halting("");
    let (_rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let mut client = connect(listener, "shop.example", &trusting(&[])).expect("TLS");
    let request = b"GET / HTTP/1.0\r\nHost: shop.example\r\n\r\n";
    client.write_all(request).expect("sent");
    let mut said = Vec::new();
    while !said.ends_with(b"hel") {
        let mut piece = [0; 256];
        let count = client.read(&mut piece).expect("the beginning");
        said.extend_from_slice(&piece[..count]);
    }
    go_on.send(()).expect("said");
    let end = client.read(&mut [0]).expect_err("no end in order");
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_client_that_chose_http_2_and_speaks_http_1_is_let_go() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let mut stream = connect(listener, "shop.example", &trusting(&["h2"])).expect("TLS");
    assert_eq!(ask(&mut stream), "");
    assert_eq!(origin.requests(), 0);
}

#[test]
fn a_client_that_comes_back_is_known_again_also_by_the_next_table() {
    let origin = telling();
    let (rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let config = trusting(&[]);
    let kind = || {
        let mut stream = connect(listener, "shop.example", &config).expect("TLS");
        // The ticket comes with the answer.
        ask(&mut stream);
        stream.conn.handshake_kind()
    };
    assert_eq!(kind(), Some(HandshakeKind::Full));
    assert_eq!(kind(), Some(HandshakeKind::Resumed));
    let slots = vec![slot(2, 100, &[origin.address])];
    rig.route(&key("web"), serving(secure(listener, "shop"), slots));
    assert_eq!(kind(), Some(HandshakeKind::Resumed));
}

#[test]
fn a_client_is_shown_the_certificate_of_the_name_it_asks_for() {
    let origin = telling();
    let rig = Rig::start();
    let listener = rig.listener();
    let mut route = serving(
        secure(listener, "shop"),
        vec![slot(1, 100, &[origin.address])],
    );
    route.listeners.push(secure(listener, "help"));
    rig.route(&key("web"), route);
    assert_eq!(shown(listener, "help.example"), Some(certificate("help")));
    assert_eq!(shown(listener, "a.shop.example"), Some(certificate("shop")));
    // Asked for by an address, which is no name: the first.
    assert_eq!(shown(listener, "127.0.0.1"), Some(certificate("shop")));
    assert_eq!(
        shown(listener, "else.example"),
        None,
        "and it is distrusted"
    );
}

fn on_order(address: SocketAddr, hosts: &[&str]) -> Listen {
    let hosts = hosts.iter().map(|host| Host::new(host).expect("a host"));
    let acme = Acme {
        directory: "https://127.0.0.1:1/nobody".to_owned(),
        email: None,
        ca: None,
        hosts: hosts.collect(),
    };
    Listen {
        tls: Some(Tls::Acme { acme }),
        ..address.into()
    }
}

#[test]
fn a_name_whose_certificate_is_on_order_is_shown_none_that_is_for_others() {
    let origin = telling();
    let rig = Rig::start();
    let listener = rig.listener();
    let mut route = serving(
        secure(listener, "help"),
        vec![slot(1, 100, &[origin.address])],
    );
    route.listeners.push(on_order(listener, &["shop.example"]));
    rig.route(&key("web"), route);
    assert_eq!(shown(listener, "help.example"), Some(certificate("help")));
    let name = "shop.example".try_into().expect("a name");
    let client = ClientConnection::new(trusting(&[]), name).expect("a client");
    let socket = TcpStream::connect(listener).expect("connected");
    let mut stream = StreamOwned::new(client, socket);
    let why = stream
        .conn
        .complete_io(&mut stream.sock)
        .expect_err("no handshake");
    // A client that was shown one for others would say so itself.
    assert!(why.to_string().contains("received fatal alert"), "{why}");
}

#[test]
fn while_the_first_certificate_is_on_order_the_one_from_files_stays() {
    let origin = telling();
    let (rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let slots = || vec![slot(1, 100, &[origin.address])];
    let ordered = || serving(on_order(listener, &["shop.example"]), slots());
    for _again in 0..2 {
        rig.route(&key("web"), ordered());
        assert_eq!(shown(listener, "shop.example"), Some(certificate("shop")));
    }
}

#[test]
fn a_new_certificate_is_taken_up_and_a_bad_one_changes_nothing() {
    let origin = telling();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let put = |from: &str, name: &str| {
        std::fs::copy(pem(from), path("new")).expect("copied");
        std::fs::rename(path("new"), path(name)).expect("in place");
    };
    put("shop.pem", "cert.pem");
    put("shop.key", "key.pem");
    let listen = |listener| with_files(listener, path("cert.pem"), path("key.pem"));
    let (rig, listener) = routed(&origin, listen);
    let mut open = connect(listener, "shop.example", &trusting(&[])).expect("TLS");
    put("help.key", "key.pem");
    let slots = vec![slot(1, 100, &[origin.address])];
    // A raise looks at the files too.
    rig.route(&key("web"), serving(listen(listener), slots));
    assert_eq!(shown(listener, "shop.example"), Some(certificate("shop")));
    put("next.pem", "cert.pem");
    put("next.key", "key.pem");
    eventually("the new certificate is shown", || {
        shown(listener, "next.example") == Some(certificate("next"))
    });
    assert!(ask(&mut open).ends_with("over https"), "it went on");
}

#[test]
fn a_listener_that_would_have_nothing_to_show_is_refused() {
    let origin = telling();
    let rig = Rig::start();
    let listener = rig.listener();
    let path = |name: &str| pem(name).display().to_string();
    for (certificate, other, why) in [
        ("shop.pem", "help.key", "is not the key of"),
        ("none.pem", "shop.key", "can't be read"),
        ("shop.key", "shop.key", "holds no certificate"),
    ] {
        let listen = with_files(listener, path(certificate), path(other));
        let route = serving(listen, vec![slot(1, 100, &[origin.address])]);
        let refused = rig.change(Direction::Raise, &key("web"), Some(route));
        let Err(Refusal::Invalid(what)) = refused else {
            unreachable!("not refused: {refused:?}");
        };
        assert!(
            what.contains(why) && what.contains("shop/default/web"),
            "{what}"
        );
    }
}

#[test]
fn what_is_no_tls_is_not_served_on_a_listener_that_speaks_it() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    let said = client.rest();
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    assert_eq!(origin.requests(), 0);
}

#[test]
fn a_hello_that_does_not_end_is_timed_and_holds_nobody_up() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let mut slow: Vec<_> = (0..50).map(|_| Client::connect(listener)).collect();
    for (client, hello) in slow
        .iter()
        .zip(["", "\x16", "\x16\x03\x01\x02"].iter().cycle())
    {
        client.send(hello);
    }
    let mut good = connect(listener, "shop.example", &trusting(&[])).expect("TLS");
    assert!(ask(&mut good).ends_with("over https"));
    for client in &mut slow {
        assert!(client.rest().is_empty(), "it ends");
    }
}

#[test]
fn a_record_that_does_not_end_has_the_time_of_a_head() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let mut client = shaken(listener);
    ask_on(&mut client, b"over https");
    ask_half(&mut client);
    let said = to_end(&mut client);
    assert!(said.starts_with("HTTP/1.1 408"), "{said:?}");
}

#[test]
fn while_a_service_changes_to_tls_both_are_served() {
    let origin = telling();
    let (rig, listener) = routed(&origin, Listen::from);
    let slots = || vec![slot(1, 100, &[origin.address])];
    let mut both = serving(secure(listener, "shop"), slots());
    both.listeners.push(listener.into());
    rig.route(&key("web"), both);
    assert_eq!(Client::connect(listener).get("/").text(), "over http");
    let mut stream = connect(listener, "shop.example", &trusting(&[])).expect("TLS");
    assert!(ask(&mut stream).ends_with("over https"));
    rig.route(&key("web"), serving(secure(listener, "shop"), slots()));
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    assert!(!client.rest().starts_with(b"HTTP"));
}

#[test]
fn a_tunnel_is_carried_over_tls_and_counted_to_its_end() {
    let origin = Origin::start(|exchange: &mut Exchange<'_>| {
        exchange.write(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
        );
        while let Some(byte) = exchange.chunk_or_end() {
            exchange.write(&char::from(byte).to_string());
        }
        crate::origin::After::Close
    });
    let (rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let mut stream = connect(listener, "shop.example", &trusting(&[])).expect("TLS");
    let request = b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi";
    stream.write_all(request).expect("sent");
    let mut said = Vec::new();
    let mut byte = [0];
    while !said.ends_with(b"\r\n\r\nhi") {
        stream.read_exact(&mut byte).expect("more");
        said.push(byte[0]);
    }
    assert!(said.starts_with(b"HTTP/1.1 101"));
    assert_eq!(rig.in_flight(&key("web"), 1), 1);
    drop(stream);
    eventually("the tunnel has ended", || {
        rig.in_flight(&key("web"), 1) == 0
    });
}

#[test]
fn a_proxy_announces_a_client_before_it_says_hello() {
    let origin = Origin::start(|exchange: &mut Exchange<'_>| {
        let from = exchange.header("x-forwarded-for").unwrap_or("nobody");
        exchange.ok(&format!("from {from}"))
    });
    let (_rig, listener) = routed(&origin, |listener| Listen {
        proxies: Proxies {
            trusted: vec!["127.0.0.1/32".parse().expect("a network")],
            proxy_protocol: true,
        },
        ..secure(listener, "shop")
    });
    let mut socket = TcpStream::connect(listener).expect("connected");
    let header = b"PROXY TCP4 1.2.3.4 127.0.0.1 999 443\r\n";
    socket.write_all(header).expect("sent");
    let mut stream = hello(socket, "shop.example", &trusting(&[])).expect("TLS");
    assert!(ask(&mut stream).ends_with("from 1.2.3.4"));
}

#[test]
fn a_router_that_comes_back_speaks_tls_by_the_table_on_disk() {
    let origin = telling();
    let (rig, listener) = routed(&origin, |listener| secure(listener, "shop"));
    let (_, twins) = rig.listeners();
    rig.end();
    rig.begin();
    rig.hand_over(listener, std::os::fd::AsFd::as_fd(&twins[0]));
    let mut stream = connect(listener, "shop.example", &trusting(&[])).expect("TLS");
    assert!(ask(&mut stream).ends_with("over https"));
}
