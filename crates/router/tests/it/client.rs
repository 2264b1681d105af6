//! A client that sees every byte.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for any byte.
const PATIENCE: Duration = Duration::from_secs(20);

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of an answer that the router gave by itself.
    pub(crate) fn error(&self) -> Option<&str> {
        self.header("windlass-error")
    }
}

/// One connection.
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("connected")
    }

    pub(crate) fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            reader: BufReader::new(stream),
        })
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    pub(crate) fn send(&self, text: &str) {
        self.try_send(text.as_bytes()).expect("sent");
    }

    pub(crate) fn try_send(&self, bytes: &[u8]) -> io::Result<()> {
        self.stream().write_all(bytes)
    }

    pub(crate) fn end_sending(&self) {
        self.stream().shutdown(Shutdown::Write).expect("shut down");
    }

    /// Asks `GET path` on this connection.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.try_get(path).expect("an answer")
    }

    pub(crate) fn try_get(&mut self, path: &str) -> io::Result<Answer> {
        self.try_send(format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n").as_bytes())?;
        self.try_answer("GET")
    }

    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer("GET").expect("an answer")
    }

    /// Reads an answer to its end.
    pub(crate) fn try_answer(&mut self, method: &str) -> io::Result<Answer> {
        let mut answer = self.head()?;
        let bodyless = method == "HEAD" || matches!(answer.status, 101 | 204 | 304);
        if bodyless {
            return Ok(answer);
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk()? {
                answer.body.extend(chunk);
            }
        } else if let Some(length) = answer.header("content-length") {
            let length = length.parse().map_err(io::Error::other)?;
            answer.body = vec![0; length];
            self.reader.read_exact(&mut answer.body)?;
        } else {
            self.reader.read_to_end(&mut answer.body)?;
        }
        Ok(answer)
    }

    /// Reads an answer's head only.
    pub(crate) fn head(&mut self) -> io::Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).unwrap_or_default();
        let status = status.parse().map_err(io::Error::other)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").unwrap_or((&line, ""));
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        Ok(Answer {
            status,
            headers,
            body: Vec::new(),
        })
    }

    /// Reads one chunk; none at the last.
    pub(crate) fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = usize::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; size];
        self.reader.read_exact(&mut chunk)?;
        self.line()?;
        Ok((size > 0).then_some(chunk))
    }

    pub(crate) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Reads exactly so many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).expect("bytes");
        bytes
    }

    /// Whether what still comes ends by a reset, and not in order.
    pub(crate) fn is_reset(&mut self) -> bool {
        let Err(why) = self.reader.read_to_end(&mut Vec::new()) else {
            return false;
        };
        assert_eq!(why.kind(), io::ErrorKind::ConnectionReset, "{why}");
        true
    }

    /// Whatever still comes until the other side closes; a reset is an end too, silence is not.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let mut piece = [0; 1024];
        loop {
            match self.reader.read(&mut piece) {
                Ok(0) => return rest,
                Ok(count) => rest.extend_from_slice(&piece[..count]),
                Err(why) => {
                    let silent = why.kind() == io::ErrorKind::WouldBlock;
                    assert!(!silent, "the connection is still open");
                    return rest;
                }
            }
        }
    }
}
