//! What a proxy in front announces of a connection before its client speaks: the PROXY protocol,
//! versions 1 and 2.

use std::io;
use std::net::IpAddr;

use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::limits::{ANNOUNCED_BYTES, ANNOUNCED_LINE};

/// What version 2 begins with; no header of version 1 is as short.
const SECOND: &[u8; 12] = b"\r\n\r\n\x00\r\nQUIT\n";
/// Bytes of a header of version 2 up to its length.
const FIXED: usize = 16;
const FIRST: &[u8] = b"PROXY ";

/// Reads the header, and not one byte more. The client's address; none where the proxy speaks for
/// itself, as it does to see whether somebody is there. The caller bounds the time.
pub(crate) async fn announced(stream: &mut TcpStream) -> io::Result<Option<IpAddr>> {
    let mut header = vec![0; SECOND.len()];
    stream.read_exact(&mut header).await?;
    if header == SECOND {
        rest_of_second(stream, &mut header).await?;
    } else if header.starts_with(FIRST) {
        rest_of_first(stream, &mut header).await?;
    } else {
        return Err(invalid("no header of the PROXY protocol"));
    }
    let settings = ParseConfig {
        include_tlvs: false,
        allow_v1: true,
        allow_v2: true,
    };
    match ProxyHeader::parse(&header, settings) {
        Ok((parsed, length)) if length == header.len() => {
            let told = parsed.proxied_address();
            Ok(told.map(|told| told.source.ip().to_canonical()))
        }
        Ok(_) | Err(_) => Err(invalid("a malformed header of the PROXY protocol")),
    }
}

/// A length, then so many bytes.
async fn rest_of_second(stream: &mut TcpStream, header: &mut Vec<u8>) -> io::Result<()> {
    header.resize(FIXED, 0);
    stream.read_exact(&mut header[SECOND.len()..]).await?;
    let length = usize::from(u16::from_be_bytes([header[FIXED - 2], header[FIXED - 1]]));
    if length > ANNOUNCED_BYTES {
        return Err(invalid("a too long header of the PROXY protocol"));
    }
    header.resize(FIXED + length, 0);
    stream.read_exact(&mut header[FIXED..]).await?;
    Ok(())
}

/// Up to the end of the line: what is there is looked at before it is taken.
async fn rest_of_first(stream: &mut TcpStream, header: &mut Vec<u8>) -> io::Result<()> {
    let mut seen = [0; ANNOUNCED_LINE];
    while !header.ends_with(b"\n") {
        let room = ANNOUNCED_LINE - header.len();
        let count = stream.peek(&mut seen[..room]).await?;
        if count == 0 {
            return Err(invalid("no end of the PROXY protocol's line"));
        }
        let line = seen[..count].iter().position(|b| *b == b'\n');
        let taken = line.map_or(count, |end| end + 1);
        let start = header.len();
        header.resize(start + taken, 0);
        stream.read_exact(&mut header[start..]).await?;
    }
    Ok(())
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
