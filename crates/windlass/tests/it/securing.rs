//! Services that are served over TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::lab::{Lab, SOON, Service, answer, ask, eventually, repository};

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: { address: @web, tls: { certificate: tls/cert.pem, key: tls/key.pem } }
    ready: /health/ready
    bake: 200ms
";

/// Puts a certificate of the tests, and a key, where the file names them.
fn put(lab: &Lab, certificate: &str, key: &str) {
    std::fs::create_dir_all(lab.app("tls")).unwrap();
    for (from, to) in [(certificate, "cert.pem"), (key, "key.pem")] {
        let new = lab.app("tls/new");
        std::fs::copy(repository("crates/tls/pems").join(from), &new).unwrap();
        std::fs::rename(&new, lab.app("tls").join(to)).unwrap();
    }
}

/// The answer to a client that trusts this certificate alone; none if it is shown another.
fn asked(lab: &Lab, certificate: &str) -> Option<String> {
    let path = repository("crates/tls/pems").join(certificate);
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(path).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "shop.example".try_into().unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(lab.at("web")).ok()?;
    socket.set_read_timeout(Some(SOON)).unwrap();
    let mut stream = StreamOwned::new(client, socket);
    let request = b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    stream.write_all(request).ok()?;
    let mut said = String::new();
    stream.read_to_string(&mut said).ok()?;
    Some(said)
}

#[test]
fn a_service_is_served_over_tls_and_a_new_certificate_is_taken_up() {
    let lab = Lab::new(WEB);
    put(&lab, "shop.pem", "shop.key");
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    let said = asked(&lab, "shop.pem").unwrap();
    assert!(said.contains("web=1"), "{said}");
    assert!(ask(lab.at("web"), "/").is_none(), "not in the clear");
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.contains("(TLS)"), "{status}");
    let again = lab.deploy().out;
    assert!(again.starts_with("nothing to do"), "{again}");
    put(&lab, "next.pem", "next.key");
    eventually("the new certificate is shown", SOON, || {
        asked(&lab, "next.pem")
    });
    lab.run(&["down"]).exits(0);
}

#[test]
fn a_service_that_was_served_in_the_clear_moves_to_tls_on_the_same_address() {
    let lab = Lab::new(WEB);
    let clear = WEB.replace(
        "{ address: @web, tls: { certificate: tls/cert.pem, key: tls/key.pem } }",
        "@web",
    );
    lab.file(&clear);
    put(&lab, "shop.pem", "shop.key");
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    lab.file(WEB);
    lab.deploy();
    assert!(asked(&lab, "shop.pem").unwrap().contains("web=1"));
    assert!(ask(lab.at("web"), "/").is_none(), "not in the clear");
    lab.run(&["down"]).exits(0);
}

#[test]
fn files_that_are_no_pair_are_told_at_their_place_before_anything_begins() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.run(&["validate"]).exits(65).says(&[
        "WL0191",
        "windlass.yaml:5:",
        "tls/cert.pem can't be read: No such file or directory",
    ]);
    put(&lab, "shop.pem", "help.key");
    for words in [&["validate"][..], &["plan"], &["deploy"]] {
        lab.run(words).exits(65).says(&[
            "WL0191",
            "windlass.yaml:5:",
            "tls/key.pem is not the key of",
        ]);
    }
    assert!(ask(lab.at("web"), "/").is_none(), "nothing was begun");
    lab.run(&["down"]).exits(0);
}
