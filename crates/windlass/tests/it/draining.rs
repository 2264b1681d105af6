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

/// D5.
#[test]
fn a_websocket_that_outlives_the_drain_is_told_and_goes_with_its_release() {
    let lab = Lab::new(WEB);
    compile(&lab, "web", ECHO, "1");
    lab.deploy();
    let mut socket = TcpStream::connect(lab.at("web")).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let ask = "GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(ask.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    let mut echoes = |frame: &[u8]| {
        socket.write_all(frame)?;
        let mut back = vec![0; frame.len()];
        socket.read_exact(&mut back)?;
        assert_eq!(back, frame);
        std::io::Result::Ok(())
    };
    echoes(b"\x81\x05hello").unwrap();

    compile(&lab, "web", ECHO, "2");
    let following = lab.start(&["deploy"]);
    eventually("version 2 answers", SOON, || {
        (answer(lab.at("web")).chain() == "web=2").then_some(())
    });
    echoes(b"\x81\x05again").unwrap();
    let left = following.left().exits(0);
    assert!(left.out.contains("open=1"), "{}", left.out);
    echoes(b"\x81\x03yet").expect("the standby is kept warm, and the tunnel with it");

    lab.run(&["finalize", &lab.last()]).exits(0);
    echoes(b"\x81\x03end").expect_err("the old release is gone");
}
