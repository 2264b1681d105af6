//! What a switch is with nginx, and with Caddy: a file that is read again, and a change of what it was told.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::program;
use crate::bench::router::anchors;
use crate::bench::router::bed::Doors;

/// Longest time for one.
const WITHIN: Duration = Duration::from_secs(5);
/// Where `caddy.json` has its origins.
const UPSTREAMS: &str = "/config/apps/http/servers/front/routes/0/handle/0/upstreams";

/// Has nginx give everything to one origin once it has read its file again; it does not say when that is.
///
/// # Errors
/// nginx is not there, or refuses.
pub(crate) fn nginx(folder: &Path, doors: &Doors, to: SocketAddr) -> anyhow::Result<()> {
    let file = anchors::rewrite_nginx(folder, doors, [to; 2])?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).args(["-s", "reload"]);
    program::run(&mut command, folder, WITHIN)?;
    Ok(())
}

/// Has Caddy give everything to one origin. Only that is told, not the whole of its file.
///
/// # Errors
/// Caddy is not there, or refuses.
pub(crate) fn caddy(doors: &Doors, to: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(doors.told).context("reach Caddy")?;
    stream
        .set_read_timeout(Some(WITHIN))
        .context("limit the wait for Caddy")?;
    stream
        .write_all(change(doors.told, to).as_bytes())
        .context("tell Caddy")?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard).context("hear Caddy")?;
    let first = heard.lines().next().unwrap_or_default();
    anyhow::ensure!(first.starts_with("HTTP/1.1 200"), "Caddy said {heard:?}");
    Ok(())
}

/// The request that changes it.
fn change(told: SocketAddr, to: SocketAddr) -> String {
    let body = format!("[{{\"dial\":\"{to}\"}}]");
    let length = body.len();
    format!(
        "PATCH {UPSTREAMS} HTTP/1.1\r\nHost: {told}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_changed_is_where_the_file_has_it() {
        let file: Value = serde_json::from_str(include_str!("caddy.json")).expect("it is JSON");
        let place = UPSTREAMS.strip_prefix("/config").expect("its prefix");
        let origins = file.pointer(place).and_then(Value::as_array);
        assert_eq!(origins.map(Vec::len), Some(2));
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let said = change(at(1), at(2));
        let (_head, body) = said.split_once("\r\n\r\n").expect("a head");
        let body: Value = serde_json::from_str(body).expect("it is JSON");
        assert_eq!(body[0]["dial"], "127.0.0.1:2");
        assert!(said.contains("Content-Length: 24\r\n"), "{said}");
    }
}
