//! Attacks on what tells one request from the next, against servers that read differently.
//!
//! What is published of this kind, by the names it goes under: CL.TE, TE.CL, TE.TE, CL.0, 0.CL, TE.0,
//! chunks whose extensions or ends are read in two ways (TERM.EXT, EXT.TERM, spills), `Expect` that is
//! understood by one of two, lines that one of two takes for lines.

use std::net::SocketAddr;

use crate::client::Client;
use crate::counted::Counted;
use crate::servers::Server;

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: shop\r\n\r\n";
const POST: &str = "POST /attack HTTP/1.1\r\nHost: shop\r\n";
const GET: &str = "GET /attack HTTP/1.1\r\nHost: shop\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

/// A length that one reader takes and another doesn't.
fn lengths() -> Vec<String> {
    let length = HIDDEN.len();
    let mut attacks = vec![
        format!("{POST}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{POST}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{HIDDEN}"),
        format!("{POST}Content-Length: {length}\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!("{POST}Connection: content-length\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
        format!(
            "{POST}Connection: close, Content-Length\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"
        ),
        format!("{POST}Connection: host\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
    ];
    for name in [
        "X:\nContent-Length:",
        "Content-Length :",
        "Content-Length\t:",
        " Content-Length:",
        "X: a\r\n\tContent-Length:",
        "X: a\rContent-Length:",
        "Content-Length\0:",
        "Content-Length:\x0b",
        "Content-Length:\x0c",
        "Content-Length;",
        "\u{feff}Content-Length:",
    ] {
        attacks.push(format!("{POST}{name} {length}\r\n\r\n{HIDDEN}"));
    }
    for said in [
        "0, {}", "{}, {}", "+{}", "-{}", "0x{}", "{}.0", "{}e0", "\"{}\"", "0{}", "{}\x0b", "{} ",
        "{} 0", "{};a", "0_{}", "1\r\n {}", "",
    ] {
        let said = said.replace("{}", &length.to_string());
        attacks.push(format!("{POST}Content-Length: {said}\r\n\r\n{HIDDEN}"));
    }
    attacks
}

/// Bodies where servers expect none, so that they leave them lying, and answers before they are read.
fn unexpected() -> Vec<String> {
    let length = HIDDEN.len();
    let mut attacks = Vec::new();
    for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
        let head = GET.replace("GET", method);
        attacks.push(format!("{head}Content-Length: {length}\r\n\r\n{HIDDEN}"));
        attacks.push(format!(
            "{head}{CHUNKED}\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n"
        ));
    }
    for expects in ["100-continue", "y 100-continue", "100-continue, x", "x"] {
        for head in [GET, POST] {
            attacks.push(format!(
                "{head}Expect: {expects}\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"
            ));
        }
    }
    let old = "GET /attack HTTP/1.0\r\nHost: shop\r\nConnection: keep-alive\r\n";
    attacks.push(format!("{old}Content-Length: {length}\r\n\r\n{HIDDEN}"));
    attacks.push(format!(
        "{GET}Upgrade: websocket\r\nConnection: upgrade\r\n\r\n{}",
        HIDDEN.replace('\r', "")
    ));
    attacks.push(format!(
        "{POST}Upgrade: h2c\r\nConnection: upgrade, http2-settings\r\n{CHUNKED}\r\n1\nx\r\n0\r\n\r\n{HIDDEN}"
    ));
    attacks
}

/// Both a length and chunks, or a coding that one of two knows.
fn codings() -> Vec<String> {
    let length = HIDDEN.len();
    let whole = length + 5;
    let mut attacks = vec![
        format!("{POST}Content-Length: {whole}\r\n{CHUNKED}\r\n0\r\n\r\n{HIDDEN}"),
        format!("{POST}{CHUNKED}Content-Length: 4\r\n\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        format!("POST /attack HTTP/1.0\r\nHost: shop\r\n{CHUNKED}\r\n0\r\n\r\n{HIDDEN}"),
    ];
    for line in [
        "X: \nTransfer-Encoding: chunked",
        "X: a\r\n Transfer-Encoding: chunked",
        "X: a\nTransfer-Encoding: chunked",
        "X: a\rTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding\0: chunked",
        "Transfer-Encoding:\0chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding:\n chunked",
        "Transfer\u{ad}-Encoding: chunked",
        "Transfer-Encoding chunked",
        "Transfer_Encoding: chunked",
    ] {
        attacks.push(format!(
            "{POST}{line}\r\nContent-Length: {whole}\r\n\r\n0\r\n\r\n{HIDDEN}"
        ));
    }
    for coding in [
        "xchunked",
        "chunkedx",
        "chunked, identity",
        "identity, chunked",
        "gzip, chunked",
        "chunked\t,",
        ", chunked",
        "\"chunked\"",
        "'chunked'",
        "chunked\r\nTransfer-Encoding: x",
        "chunked\r\nTransfer-Encoding: chunked",
        "\x0bchunked",
        "chunked\x0c",
        "chunked\0",
        "chunked;q=1",
        "chunk",
        "CHUNKE\u{212a}D",
        "cow",
        "",
    ] {
        attacks.push(format!(
            "{POST}Transfer-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"
        ));
        attacks.push(format!(
            "{POST}Transfer-Encoding: {coding}\r\n\r\n0\r\n\r\n{HIDDEN}"
        ));
    }
    attacks
}

/// Chunks that two readers would cut differently.
fn chunks() -> Vec<String> {
    let length = HIDDEN.len();
    let bodies = [
        // Sizes.
        format!("10000000000000000\r\n{HIDDEN}"),
        format!("ffffffffffffffff\r\n{HIDDEN}"),
        format!("-1\r\n{HIDDEN}"),
        "+1\r\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "0x1\r\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "1_0\r\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        " 1\r\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "1 \r\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "0 \r\n\r\n".to_owned() + HIDDEN,
        "0\t\r\n\r\n".to_owned() + HIDDEN,
        "1,1\r\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "\r\n0\r\n\r\n".to_owned() + HIDDEN,
        ";a\r\n0\r\n\r\n".to_owned() + HIDDEN,
        // Extensions.
        "1;a=\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "1;\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "1\n;\r\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "1;a\rb\r\nx\r\n0\r\n\r\n".to_owned() + HIDDEN,
        format!("2;\n;\r\nxx\r\n{length:x}\r\n0\r\n\r\n{HIDDEN}"),
        format!("1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n{HIDDEN}"),
        format!("0;\n\r\n\r\n{HIDDEN}"),
        // Ends.
        "1\r\nxy\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "1\r\nx\n0\r\n\r\n".to_owned() + HIDDEN,
        "1\r\nx\r0\r\n\r\n".to_owned() + HIDDEN,
        "1\r\nx0\r\n\r\n".to_owned() + HIDDEN,
        "1\r\nx\r\r\n0\r\n\r\n".to_owned() + HIDDEN,
        "1\nx\n0\n\n".to_owned() + HIDDEN,
        "1\rx\r0\r\r".to_owned() + HIDDEN,
        // Trailers.
        format!("0\r\nX: y\n\r\n{HIDDEN}"),
        format!("0\r\nX: y\r\r\n{HIDDEN}"),
        format!("0\r\n\n{HIDDEN}"),
    ];
    let attacks = bodies
        .iter()
        .map(|body| format!("{POST}{CHUNKED}\r\n{body}"));
    attacks.collect()
}

/// Bodies of good chunks, with words in them and around them that are framing elsewhere.
fn good_chunks() -> Vec<String> {
    let length = HIDDEN.len();
    vec![
        format!("{POST}{CHUNKED}\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        format!("{POST}{CHUNKED}\r\n1;a=\"{length};b\"\r\nx\r\n000\r\n\r\n"),
        format!("{POST}{CHUNKED}\r\n0\r\nContent-Length: {length}\r\n\r\n"),
        format!("{POST}{CHUNKED}\r\n0\r\nTransfer-Encoding: x\r\nHost: other\r\n\r\n"),
        format!("{POST}{CHUNKED}Trailer: content-length\r\n\r\n0\r\nContent-Length: 9\r\n\r\n"),
        format!("{POST}Connection: transfer-encoding\r\n{CHUNKED}\r\n0\r\n\r\n"),
    ]
}

/// First lines, and lines without a place.
fn lines() -> Vec<String> {
    let mut attacks = vec![
        format!("{POST}Host: other\r\nContent-Length: 0\r\n\r\n"),
        format!("POST /attack\r\nHost: shop\r\n\r\n{HIDDEN}"),
        format!("{GET}\n{HIDDEN}"),
        format!("GET /attack HTTP/1.1\r\nHost: shop\r\nX: a\n\n{HIDDEN}"),
        format!("GET /attack HTTP/1.1\r\nHost: shop\r\nX: a\r\r\n\r\n{HIDDEN}"),
        format!("GET /attack HTTP/1.1\nHost: shop\n\n{HIDDEN}"),
        format!("GET /attack HTTP/1.1\rHost: shop\r\r{HIDDEN}"),
    ];
    for line in [
        "POST /attack HTTP/1.1 HTTP/1.1",
        "GET /attack HTTP/1.1\r\n Host: shop",
        "GET /attack?\rX HTTP/1.1",
        "GET /attack\tHTTP/1.1",
        "GET\t/attack HTTP/1.1",
        "GET  /attack HTTP/1.1",
        " GET /attack HTTP/1.1",
        "GET /attack HTTP/1.1 ",
        "GET /attack HTTP/1.1\x0b",
        "GET /attack HTTP/01.1",
        "GET /attack HTTP/1.10",
        "GET /attack HTTP/0.9",
        "GET /attack HTTP/2.0",
        "GET /attack\0 HTTP/1.1",
        "GET /attack#a HTTP/1.1",
        "GET http://other/attack HTTP/1.1",
        "GET http://shop:80@other/attack HTTP/1.1",
        "GET http://other@shop/attack HTTP/1.1",
        "GET http://shop:/attack HTTP/1.1",
        "GET http://shop:65536/attack HTTP/1.1",
        "GET http://:80/attack HTTP/1.1",
        "GET http:///attack HTTP/1.1",
        "GET http://shop,other/attack HTTP/1.1",
        "GET http:\\\\other/attack HTTP/1.1",
        "GET ftp://shop/attack HTTP/1.1",
        "GET //other/attack HTTP/1.1",
        "G\0T /attack HTTP/1.1",
        "\0GET /attack HTTP/1.1",
        "CONNECT shop:80 HTTP/1.1",
    ] {
        attacks.push(format!("{line}\r\nHost: shop\r\n\r\n"));
    }
    for host in ["shop\r\n other", "shop, other", "a@shop", "shop/..", ""] {
        attacks.push(format!("GET /attack HTTP/1.1\r\nHost: {host}\r\n\r\n"));
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
    let count = |what| told.matches(what).count();
    count("http/1.1 ") - count("http/1.1 100 ") - count("windlass-error: ")
}

fn attacks() -> Vec<String> {
    [lengths(), unexpected(), codings(), chunks(), lines()].concat()
}

fn withstands(server: Server, attacks: Vec<String>) {
    let mut counted = Counted::new(server);
    for attack in attacks {
        let answered = answers(counted.listener, &attack);
        let rest = counted.after(&attack, answered);
        let once = |path: &str| rest.iter().filter(|asked| asked.as_str() == path).count() <= 1;
        assert!(
            once("/last") && rest.len() <= 2,
            "the attack and what followed it: {attack:?}: {rest:?}"
        );
    }
}

#[test]
fn no_attack_hides_a_request_from_hyper() {
    withstands(Server::hyper(), [attacks(), good_chunks()].concat());
}

#[test]
fn no_attack_hides_a_request_from_nginx() {
    withstands(Server::nginx(), [attacks(), good_chunks()].concat());
}

/// It reads no chunks, whoever sends them: what it makes of good ones is its own.
#[test]
fn no_attack_hides_a_request_from_a_careless_python_server() {
    withstands(Server::python(), attacks());
}
