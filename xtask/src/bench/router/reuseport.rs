//! What a second socket on the same port loses: the usual way to put another program in one's place. The kernel
//! deals connections out to both, and those that the old one has not taken yet end with it.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use rustix::net::{AddressFamily, SocketType, bind, listen, socket, sockopt};

/// Connections that may wait at each.
const BACKLOG: i32 = 1_024;
/// Longest wait for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Time between two looks for a connection.
const LOOK: Duration = Duration::from_millis(1);

/// Opens so many connections while nobody takes any, closes the old socket, and takes what comes at the new one;
/// how many had no answer.
///
/// # Errors
/// There can't be two sockets.
pub(crate) fn trial(connections: usize) -> anyhow::Result<u64> {
    let old = listening(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = old.local_addr().context("read a listener's address")?;
    let new = listening(address)?;
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut client = TcpStream::connect(address).context("reach a listener")?;
        client
            .set_read_timeout(Some(ANSWER_WITHIN))
            .context("limit the wait for an answer")?;
        client.write_all(b"?").context("ask")?;
        clients.push(client);
    }
    drop(old);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| answer(&new, &over));
        let answered = |client: &mut TcpStream| client.read_exact(&mut [0]).is_ok();
        let failed = clients
            .iter_mut()
            .filter_map(|client| (!answered(client)).then_some(1));
        let failed = failed.sum();
        over.store(true, Ordering::Relaxed);
        Ok(failed)
    })
}

fn listening(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).context("make a socket")?;
    sockopt::set_socket_reuseport(&socket, true).context("share a port")?;
    bind(&socket, &address).with_context(|| format!("bind {address}"))?;
    listen(&socket, BACKLOG).with_context(|| format!("listen on {address}"))?;
    Ok(socket.into())
}

/// Answers whoever comes.
fn answer(listener: &TcpListener, over: &AtomicBool) {
    listener.set_nonblocking(true).ok();
    while !over.load(Ordering::Relaxed) {
        match listener.accept() {
            // Its question is there already. One that has left is counted by who asked.
            Ok((mut stream, _peer)) => {
                let heard = stream.read_exact(&mut [0]);
                heard.and_then(|()| stream.write_all(b"!")).ok();
            }
            Err(_nobody) => thread::sleep(LOOK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_at_the_new_socket_is_answered() {
        // How many wait at the other one is the kernel's matter.
        let failed = trial(64).expect("two sockets");
        assert!(failed < 64, "{failed} of 64");
    }
}
