//! Certificates that the router orders itself, from a real authority for tests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::lab::{Lab, SOON, Service, eventually};

#[path = "../../../acme/tests/it/pebble.rs"]
mod pebble;

use pebble::{Pebble, pem};

const LISTEN: &str = "{ address: @web, host: shop.example, \
     tls: { acme: { terms_agreed: yes, directory: \"DIRECTORY\", ca: ca.pem } } }";

const DAYS: Duration = Duration::from_hours(24 * 90);

/// A lab whose file says `text`, with where to listen in place of `LISTEN`, and the authority there.
fn with(text: &str) -> (Lab, Pebble) {
    let lab = Lab::new(&text.replace("LISTEN", "@web"));
    let pebble = Pebble::start(lab.at("web"), DAYS);
    let listen = LISTEN.replace("DIRECTORY", &pebble.directory());
    lab.file(&text.replace("LISTEN", &listen));
    std::fs::copy(pem("shop.pem"), lab.app("ca.pem")).unwrap();
    (lab, pebble)
}

/// What is answered to who asks for `path` of `name` at `address` and trusts `root` alone; none if
/// somebody else is seen there.
fn got(
    address: SocketAddr,
    name: &'static str,
    path: &str,
    root: &CertificateDer<'_>,
) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone().into_owned()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), name.try_into().unwrap()).unwrap();
    let socket = TcpStream::connect(address).ok()?;
    socket.set_read_timeout(Some(SOON)).unwrap();
    let mut stream = StreamOwned::new(client, socket);
    let request = format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut said = String::new();
    stream.read_to_string(&mut said).ok()?;
    Some(said)
}

/// The root of what the authority issues.
fn root(pebble: &Pebble) -> CertificateDer<'static> {
    let own = CertificateDer::from_pem_file(pem("shop.pem")).unwrap();
    let (address, path) = pebble.root();
    let said = got(address, "localhost", path, &own).unwrap();
    CertificateDer::from_pem_slice(said.as_bytes()).unwrap()
}

/// The only file of this name below a folder.
fn found(below: &Path, name: &str) -> Option<String> {
    let entries = std::fs::read_dir(below).ok()?;
    entries.flatten().find_map(|entry| {
        if entry.path().is_dir() {
            found(&entry.path(), name)
        } else {
            let is = entry.file_name() == name;
            is.then(|| std::fs::read_to_string(entry.path()).unwrap())
        }
    })
}

#[test]
fn a_router_alone_orders_a_certificate_once_and_tells_of_it() {
    let (lab, mut pebble) =
        with("services:\n  web:\n    listen: LISTEN\n    origins: { v1: @one }\n");
    let file = lab.app("windlass.yaml").display().to_string();
    let router = lab.start(&["router", "--config", &file]);
    let root = root(&pebble);
    let asked = || got(lab.at("web"), "shop.example", "/", &root);
    eventually("a certificate is shown", SOON, asked);
    let told = lab.run(&["router", "status"]).exits(0).out;
    assert!(
        told.contains("CERTIFICATE OF") && told.contains("renewed from"),
        "{told}"
    );
    let table = lab.run(&["router", "status", "-o", "json"]).exits(0).json();
    let one = &table["certificates"][0];
    assert_eq!(one["host"], "shop.example");
    assert!(one["issuer"].as_str().unwrap().contains("Pebble"), "{one}");
    let acme = lab.state("router/acme");
    let first = [found(&acme, "pair.pem"), found(&acme, "order.json")];
    router.terminate();
    router.left().exits(0);

    // Neither a restart nor an authority that is gone changes what is shown.
    pebble.stop();
    let router = lab.start(&["router", "--config", &file]);
    eventually("it is shown again", SOON, asked);
    assert_eq!(
        first,
        [found(&acme, "pair.pem"), found(&acme, "order.json")]
    );
    router.terminate();
    router.left().exits(0);
}

#[test]
fn a_service_is_deployed_with_a_certificate_that_is_ordered_meanwhile() {
    let (lab, pebble) = with(
        "app: shop\nservices:\n  web:\n    run: ./web\n    listen: LISTEN\n    ready: /health/ready\n    bake: 200ms\n",
    );
    lab.program("web", &Service::new("web", "1"));
    lab.run(&["validate"]).exits(0);
    lab.deploy();
    let root = root(&pebble);
    let said = eventually("a certificate is shown", SOON, || {
        got(lab.at("web"), "shop.example", "/", &root)
    });
    assert!(said.contains("web=1"), "{said}");
    let sound = lab.run(&["doctor"]).out;
    assert!(sound.contains("1 certificate"), "{sound}");
    std::fs::remove_file(lab.app("ca.pem")).unwrap();
    lab.run(&["validate"])
        .exits(65)
        .says(&["WL0191", "ca.pem can't be used: No such file"]);
    lab.run(&["down"]).exits(0);
}

#[test]
fn an_order_that_fails_is_told_wherever_one_looks_and_a_restart_does_not_repeat_it() {
    let (lab, mut pebble) =
        with("services:\n  web:\n    listen: LISTEN\n    origins: { v1: @one }\n");
    pebble.stop();
    let file = lab.app("windlass.yaml").display().to_string();
    let router = lab.start(&["router", "--config", &file]);
    let failed = || {
        let told = lab.run(&["router", "status"]).out;
        told.contains("WL0476").then_some(told)
    };
    let told = eventually("the failure is told", SOON, failed);
    assert!(
        told.contains("not there yet") && told.contains("failed once"),
        "{told}"
    );
    let doctor = lab.run(&["doctor"]).exits(6).out;
    assert!(
        doctor.contains("shop.example: there is none yet; localhost can't be reached"),
        "{doctor}"
    );
    let note = found(&lab.state("router/acme"), "order.json");
    router.terminate();
    router.left().exits(0);
    let router = lab.start(&["router", "--config", &file]);
    eventually("it answers", SOON, || {
        (lab.run(&["router", "status"]).code == 0).then_some(())
    });
    assert_eq!(note, found(&lab.state("router/acme"), "order.json"));
    router.terminate();
    router.left().exits(0);
}
