//! Notices that a client has left while nothing of it is read: its answer is awaited, or an instance takes
//! no more of its body.
//!
//! As long as nothing unread lies in the kernel, the end of what a client sends wakes whoever peeks. Behind
//! bytes that nobody reads it does not, so it is looked for now and then.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::LEFT_TIME;
use crate::stream::{Peer, Stream};

/// What is known of whether a client is there. Costs a connection that is read nothing.
#[derive(Default)]
pub(crate) struct Presence {
    /// Bytes went one way or the other since `look` began.
    moved: bool,
    /// When it is looked again; none as long as the end would wake.
    look: Option<Pin<Box<Sleep>>>,
}

impl Presence {
    /// Notes that bytes went one way or the other.
    pub(crate) fn moved(&mut self) {
        self.moved = true;
    }

    /// To be called with each turn in which nothing is read. An error once the client has left: it has reset
    /// the connection, or has closed its side, and then nothing moved for a while. Not at once, since one
    /// that closed only its side may wait for the answer to all that it sent.
    pub(crate) fn poll(&mut self, stream: &Stream, cx: &mut Context<'_>) -> io::Result<()> {
        loop {
            if let Some(look) = &mut self.look {
                if look.as_mut().poll(cx).is_pending() {
                    return Ok(());
                }
                self.look = None;
                match stream.peer() {
                    Peer::Gone => return Err(io::ErrorKind::ConnectionReset.into()),
                    Peer::Closed if !self.moved => {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                    Peer::Closed | Peer::Open => {}
                }
            }
            match stream.poll_more(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(more) => more?,
            }
            self.moved = false;
            self.look = Some(Box::pin(sleep_until(Instant::now() + LEFT_TIME)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::task::Waker;

    use super::*;

    /// Both ends of a connection.
    fn pair() -> (TcpStream, Stream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        let client = TcpStream::connect(address).expect("connected");
        let (server, _) = listener.accept().expect("accepted");
        server.set_nonblocking(true).expect("set");
        let server = tokio::net::TcpStream::from_std(server).expect("registered");
        (client, server.into())
    }

    fn polling<F: Future>(test: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(test)
    }

    /// Polls it until the time of a next look is set.
    async fn until_next(presence: &mut Presence, stream: &Stream) -> io::Result<()> {
        let set = |presence: &Presence| {
            let look = presence.look.as_ref();
            look.is_some_and(|look| look.deadline() > Instant::now())
        };
        while !set(presence) {
            presence.poll(stream, &mut Context::from_waker(Waker::noop()))?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Has the time until the next look pass.
    async fn looked(presence: &mut Presence, stream: &Stream) -> io::Result<()> {
        let look = presence.look.as_mut().expect("a look is due");
        look.as_mut().reset(Instant::now());
        until_next(presence, stream).await
    }

    #[test]
    fn who_closed_its_side_has_left_once_nothing_moves() {
        polling(async {
            for unread in [&b""[..], b"more"] {
                let (mut client, server) = pair();
                let mut presence = Presence::default();
                client.write_all(unread).expect("sent");
                client.shutdown(Shutdown::Write).expect("shut down");
                until_next(&mut presence, &server).await.expect("not yet");
                for _ in 0..5 {
                    presence.moved();
                    looked(&mut presence, &server).await.expect("it is there");
                }
                let left = looked(&mut presence, &server).await.expect_err("left");
                assert_eq!(left.kind(), io::ErrorKind::ConnectionAborted);
            }
        });
    }

    #[test]
    fn who_sends_what_nobody_reads_is_there_until_it_leaves() {
        polling(async {
            let (mut client, server) = pair();
            let mut presence = Presence::default();
            client.write_all(b"more").expect("sent");
            until_next(&mut presence, &server).await.expect("there");
            for _ in 0..5 {
                looked(&mut presence, &server).await.expect("it is there");
            }
            drop(client);
            looked(&mut presence, &server).await.expect_err("left");
        });
    }

    #[test]
    fn nothing_is_looked_for_as_long_as_the_end_would_wake() {
        polling(async {
            let (_client, server) = pair();
            let mut presence = Presence::default();
            let mut cx = Context::from_waker(Waker::noop());
            presence.poll(&server, &mut cx).expect("it is there");
            assert!(presence.look.is_none());
        });
    }
}
