//! A client that asks which origin it meets.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;

/// One kept connection that asks which origin it meets.
pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("reach the router")?;
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .context("limit the wait for an answer")?;
        stream.set_nodelay(true).context("send at once")?;
        Ok(Self(stream))
    }

    /// The name of the origin: the whole body.
    pub(crate) fn ask(&mut self) -> anyhow::Result<String> {
        self.say()?;
        self.hear()
    }

    /// Asks, and leaves the answer for later.
    pub(crate) fn say(&mut self) -> anyhow::Result<()> {
        let asked = b"GET /name HTTP/1.1\r\nhost: bench\r\n\r\n";
        self.0.write_all(asked).context("ask")
    }

    /// The name of the origin that was asked for.
    pub(crate) fn hear(&mut self) -> anyhow::Result<String> {
        let mut text = String::new();
        let mut piece = [0; 1_024];
        // The origin's names are as long as each other, and nothing follows them.
        while !text.contains("\r\n\r\norigin-") {
            let count = self.0.read(&mut piece).context("hear an answer")?;
            anyhow::ensure!(count > 0, "the router closed a connection");
            text.push_str(&String::from_utf8_lossy(
                piece.get(..count).unwrap_or_default(),
            ));
        }
        let name = text.rsplit("\r\n\r\n").next().unwrap_or_default();
        Ok(name.to_owned())
    }
}
