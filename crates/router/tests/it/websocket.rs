//! A library of others on both sides of the router: the handshake, long messages, questions, the end, and
//! who is slow.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use crate::multiplexed::speaking;
use crate::rig::{Rig, eventually, key, serving, slot};

/// Bytes of a long message.
const LONG: usize = 1024 * 1024;
/// Long messages that an instance has to say: more than the kernel takes between it and a client.
const MANY: usize = 64;
/// Nothing moves any more when nothing has for so long.
const QUIET: Duration = Duration::from_millis(500);

/// Gives back what it is told; who says `more` gets it as fast as it is taken, which is counted.
async fn converse(stream: TcpStream, said: Arc<AtomicUsize>) {
    let mut socket = accept_async(stream).await.expect("a handshake");
    while let Some(Ok(message)) = socket.next().await {
        if message == Message::text("more") {
            for _ in 0..MANY {
                let long = Message::binary(vec![0; LONG]);
                if socket.send(long).await.is_err() {
                    return;
                }
                said.fetch_add(1, SeqCst);
            }
        } else if message.is_text() || message.is_binary() {
            socket.send(message).await.ok();
        }
    }
}

async fn serve(listener: TcpListener, said: Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let mut conversations = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        conversations.spawn(converse(stream, said.clone()));
    }
}

/// A router in front of an instance that talks; how many long messages it was rid of.
fn routed() -> (Rig, SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("as tokio wants it");
    let said = Arc::<AtomicUsize>::default();
    let mine = said.clone();
    // Ends with the test's process.
    std::thread::spawn(move || speaking(serve(listener, mine)));
    let rig = Rig::start();
    let listener = rig.listener();
    rig.route(
        &key("web"),
        serving(listener, vec![slot(1, 100, &[address])]),
    );
    (rig, listener, said)
}

async fn connect(listener: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(listener).await.expect("connected");
    let hands = client_async("ws://shop/chat", stream).await;
    hands.expect("a handshake").0
}

#[test]
fn messages_of_any_length_questions_and_the_end_pass_as_if_there_were_no_router() {
    let (rig, listener, _) = routed();
    speaking(async {
        let mut socket = connect(listener).await;
        let long: Bytes = (0..LONG).map(|n| n.to_le_bytes()[0]).collect();
        for message in [
            Message::text("hello"),
            Message::text(""),
            Message::binary(long),
        ] {
            socket.send(message.clone()).await.expect("sent");
            let heard = socket.next().await.expect("a message");
            assert_eq!(heard.expect("whole"), message);
        }
        let asks = Message::Ping(Bytes::from_static(b"there?"));
        socket.send(asks).await.expect("sent");
        let heard = socket.next().await.expect("an answer").expect("whole");
        assert_eq!(heard, Message::Pong(Bytes::from_static(b"there?")));
        assert_eq!(rig.in_flight(&key("web"), 1), 1);
        let farewell = CloseFrame {
            code: CloseCode::Away,
            reason: "enough".into(),
        };
        socket.close(Some(farewell.clone())).await.expect("said");
        let heard = socket.next().await.expect("an answer").expect("whole");
        assert_eq!(heard, Message::Close(Some(farewell)));
    });
    eventually("the tunnel is no longer in flight", || {
        rig.in_flight(&key("web"), 1) == 0
    });
}

#[test]
fn an_instance_says_no_more_than_its_client_takes() {
    let (_rig, listener, said) = routed();
    speaking(async {
        let mut socket = connect(listener).await;
        socket.send(Message::text("more")).await.expect("sent");
        let mut before = 0;
        loop {
            let goes_on = timeout(QUIET, std::future::pending::<()>());
            assert!(goes_on.await.is_err());
            let now = said.load(SeqCst);
            if now == before && now > 0 {
                break;
            }
            before = now;
        }
        assert!(before < MANY, "{before} messages that nobody took");
        for _ in 0..MANY {
            let heard = socket.next().await.expect("a message").expect("whole");
            assert_eq!(heard.len(), LONG);
        }
        assert_eq!(said.load(SeqCst), MANY);
    });
}
