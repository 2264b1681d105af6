//! What is still open on an old release when its time is over.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::lab::{Lab, SOON, answer, compile, eventually};

const WEB: &str = "\
app: shop
services:
  web: { run: ./web, listen: @web, bake: 200ms, drain: 1s }
";

/// Answers with its version, and after an upgrade gives every byte back.
const ECHO: &str = r#"
use std::io::{Read, Write};

fn serve(mut stream: std::net::TcpStream) {
    let mut request = [0; 4096];
    let Ok(count) = stream.read(&mut request) else { return };
    if !String::from_utf8_lossy(&request[..count]).to_lowercase().contains("upgrade: websocket") {
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0";
        let version = concat!("Version-Chain: web=", env!("BUILT_AS"));
        write!(stream, "{head}\r\n{version}\r\n\r\n").ok();
        return;
    }
    let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket";
    write!(stream, "{head}\r\n\r\n").ok();
    while let Ok(count @ 1..) = stream.read(&mut request) {
        stream.write_all(&request[..count]).ok();
    }
}

fn main() {
    let port = std::env::var("PORT").unwrap();
    let listener = std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for stream in listener.incoming() {
        std::thread::spawn(|| serve(stream.unwrap()));
    }
}
"#;

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A WebSocket to the application.
fn open_socket(lab: &Lab) -> TcpStream {
    let mut socket = TcpStream::connect(lab.at("web")).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    socket.write_all(ASK.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    socket
}

fn echoes(socket: &mut TcpStream, frame: &[u8]) {
    socket.write_all(frame).unwrap();
    let mut back = vec![0; frame.len()];
    socket.read_exact(&mut back).unwrap();
    assert_eq!(back, frame);
}

/// D5.
#[test]
fn a_websocket_that_outlives_the_drain_is_cut_and_its_release_stays_whole_as_a_standby() {
    let lab = Lab::new(WEB);
    compile(&lab, "web", ECHO, "1");
    lab.deploy();
    let mut socket = open_socket(&lab);
    echoes(&mut socket, b"\x81\x05hello");

    compile(&lab, "web", ECHO, "2");
    let following = lab.start(&["deploy"]);
    eventually("version 2 answers", SOON, || {
        (answer(lab.at("web")).chain() == "web=2").then_some(())
    });
    echoes(&mut socket, b"\x81\x05again");
    let left = following.left().exits(0);
    assert!(left.out.contains("drained slot=0 cut=1"), "{}", left.out);
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).expect("an end in order");
    assert_eq!(rest, b"\x88\x02\x03\xe9", "going away");

    lab.run(&["rollback"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    echoes(&mut open_socket(&lab), b"\x81\x04back");
}

#[test]
fn whoever_goes_back_while_it_drains_is_told_for_how_long_and_what_to_say_then() {
    let lab = Lab::new(&WEB.replace("drain: 1s", "drain: 1m"));
    compile(&lab, "web", ECHO, "1");
    lab.deploy();
    let socket = open_socket(&lab);
    compile(&lab, "web", ECHO, "2");
    lab.run(&["deploy", "--detach"]).exits(0);
    let id = lab.last();
    eventually("it is promoted and drains", SOON, || {
        let shown = lab.run(&["show", &id, "-o", "json"]).exits(0).json();
        (shown["state"] == "settling").then_some(())
    });
    lab.run(&["rollback"]).exits(5).says(&[
        "WL0313",
        "it is promoted already",
        &format!(
            "it drains for at most 1m; to go back from it: windlass events {id} --follow, \
             then windlass rollback"
        ),
    ]);
    drop(socket);
    lab.run(&["events", &id, "--follow"]).exits(0);
    lab.run(&["rollback"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}
