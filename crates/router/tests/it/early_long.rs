//! Long bodies that an instance refuses before it has had them: its own answer comes, whatever each side speaks.

use std::io::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Request;
use hyper::body::Frame;
use windlass_model::{RouteSlot, Speaks};

use crate::client::Client;
use crate::multiplexed::{Body, Speaker, get, speaking, text};
use crate::rig::{Rig, key, serving, slot};
use crate::servers::Server;
use crate::terms::broken;

/// More than is kept of a body to be sent again: one that all buffers on the way take, and one that they don't.
const LONG: [usize; 2] = [100 * 1024, 16 * 1024 * 1024];
const ROUNDS: usize = 5;
/// What nginx calls it.
const SAYS: &str = "Request Entity Too Large";

/// A router in front of an nginx that takes bodies of a kilobyte at the most.
struct Strict {
    rig: Rig,
    listener: SocketAddr,
    _nginx: Server,
}

impl Strict {
    fn speaking(speaks: Speaks) -> Self {
        let word = match speaks {
            Speaks::Http1 => "",
            Speaks::Http2 => "http2",
        };
        let says = "client_max_body_size 1k; location / { proxy_pass http://127.0.0.1:1; }
            location /well { return 200 well; }";
        let nginx = Server::nginx_with(word, says);
        let rig = Rig::with_threads(1);
        let listener = rig.listener();
        let slot = RouteSlot {
            speaks,
            ..slot(1, 100, &[nginx.address])
        };
        rig.route(&key("web"), serving(listener, vec![slot]));
        Self {
            rig,
            listener,
            _nginx: nginx,
        }
    }

    /// It answers others, and nothing of it is held against it.
    fn is_well(&self) {
        let well = Client::connect(self.listener).get("/well");
        assert_eq!((well.status, &*well.text()), (200, "well"));
        assert_eq!(broken(&self.rig), 0);
    }
}

/// Sends a body of `length`, as this head announces it, in a thread of its own, and reads the answer meanwhile.
fn refused_in_turn(listener: SocketAddr, length: usize, framing: &str) {
    let mut client = Client::connect(listener);
    client.send(&format!(
        "POST / HTTP/1.1\r\nHost: shop\r\n{framing}\r\n\r\n"
    ));
    let mut sender = client.stream().try_clone().expect("a descriptor");
    let (head, tail) = if framing.contains("chunked") {
        (format!("{length:x}\r\n"), "\r\n0\r\n\r\n")
    } else {
        (String::new(), "")
    };
    let sending = std::thread::spawn(move || {
        // It may have been closed: what counts is the answer.
        sender.write_all(head.as_bytes()).ok();
        sender.write_all(&vec![b'x'; length]).ok();
        sender.write_all(tail.as_bytes()).ok();
    });
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.error()),
        (413, None),
        "{length} {framing}"
    );
    assert!(answer.text().contains(SAYS), "{length} {framing}");
    drop(client);
    sending.join().expect("no panic");
}

#[test]
fn a_client_of_http_1_1_gets_the_answer_of_an_instance_of_http_1_1() {
    in_turn(Speaks::Http1);
}

#[test]
fn a_client_of_http_1_1_gets_the_answer_of_an_instance_of_http_2() {
    in_turn(Speaks::Http2);
}

#[test]
fn a_client_of_http_2_gets_the_answer_of_an_instance_of_http_1_1() {
    multiplexed(Speaks::Http1);
}

#[test]
fn a_client_of_http_2_gets_the_answer_of_an_instance_of_http_2() {
    multiplexed(Speaks::Http2);
}

fn in_turn(speaks: Speaks) {
    let strict = Strict::speaking(speaks);
    for length in LONG {
        for _ in 0..ROUNDS {
            let announced = format!("Content-Length: {length}");
            refused_in_turn(strict.listener, length, &announced);
            refused_in_turn(strict.listener, length, "Transfer-Encoding: chunked");
        }
    }
    strict.is_well();
}

/// A body that says how long it is, and one that does not.
fn bodies(length: usize) -> [Body; 2] {
    let (say, said) = futures_channel::mpsc::unbounded::<Result<Frame<Bytes>, _>>();
    let piece = Bytes::from(vec![b'x'; 16 * 1024]);
    for _ in 0..length.div_ceil(piece.len()) {
        say.unbounded_send(Ok(Frame::data(piece.clone())))
            .expect("said");
    }
    let whole = Full::new(Bytes::from(vec![b'x'; length]));
    [whole.boxed(), StreamBody::new(said).boxed()]
}

fn multiplexed(speaks: Speaks) {
    let strict = Strict::speaking(speaks);
    speaking(async {
        let mut speaker = Speaker::connect(strict.listener).await;
        for length in LONG {
            for _ in 0..ROUNDS {
                for body in bodies(length) {
                    let request = Request::post("http://shop/").body(body).expect("a request");
                    let answer = speaker.ask(request).await;
                    assert_eq!(answer.status(), 413, "{length}");
                    assert!(text(answer).await.contains(SAYS), "{length}");
                }
            }
        }
        assert_eq!(text(speaker.ask(get("/well")).await).await, "well");
    });
    strict.is_well();
}
