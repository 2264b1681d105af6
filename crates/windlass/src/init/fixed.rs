//! A port that is fixed in a command: each release is given one of its own instead.

/// What stands for the port.
const PORT: &str = "${PORT}";

/// Hosts that are every address of a machine.
const EVERY: [&str; 4] = ["", "0.0.0.0", "*", "[::]"];

/// Hosts that are the machine itself.
const HERE: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Words of an option whose value is a port.
const OPTIONS: [&str; 4] = ["port", "listen", "bind", "addr"];

/// A place where the number of the port stands alone.
struct Found {
    /// From where something else is written.
    from: usize,
    to: usize,
    instead: String,
    is_sure: bool,
}

/// The command with the port that it is given in the place of `port`; none where it does not say it.
pub(super) fn ported(run: &str, port: u16) -> Option<String> {
    let number = port.to_string();
    let found: Vec<Found> = run
        .match_indices(&number)
        .filter_map(|(at, _)| found(run, at, at + number.len()))
        .collect();
    let is_only = found.len() == 1;
    let any_sure = found.iter().any(|found| found.is_sure);
    let mut made = String::new();
    let mut done = 0;
    let taken = found
        .iter()
        .filter(|found| found.is_sure || (is_only && !any_sure));
    for found in taken {
        made.push_str(run.get(done..found.from)?);
        made.push_str(&found.instead);
        done = found.to;
    }
    made.push_str(run.get(done..)?);
    (done > 0).then_some(made)
}

/// The value of a variable, likewise: where its name says that it is a port, or it is an address.
pub(super) fn ported_value(name: &str, value: &str, port: u16) -> Option<String> {
    let is_port = name.to_ascii_lowercase().contains("port") && value == port.to_string();
    if is_port {
        return Some(PORT.to_owned());
    }
    value
        .contains(&format!(":{port}"))
        .then(|| ported(value, port))?
}

fn found(run: &str, from: usize, to: usize) -> Option<Found> {
    let (before, after) = (run.get(..from)?, run.get(to..)?);
    if after.starts_with(|c: char| c.is_alphanumeric() || "._:-%".contains(c)) {
        return None;
    }
    if let Some(before) = before.strip_suffix(':') {
        let begin = before.rfind([' ', '=', '"', '\'', '/', ',']);
        let begin = begin.map_or(0, |at| at + 1);
        let host = before.get(begin..)?;
        let every = EVERY.contains(&host);
        let kept = if every { "127.0.0.1" } else { host };
        return (every || HERE.contains(&host)).then(|| Found {
            from: begin,
            to,
            instead: format!("{kept}:{PORT}"),
            is_sure: true,
        });
    }
    let is_begun = before.ends_with([' ', '=', '"', '\'']);
    let option = before.trim_end_matches([' ', '=', '"', '\'']);
    let option = option.rsplit(' ').next().unwrap_or_default();
    let named = option == "-p" || OPTIONS.iter().any(|word| option.contains(word));
    is_begun.then(|| Found {
        from,
        to,
        instead: PORT.to_owned(),
        is_sure: option.starts_with('-') && named,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_command_is_the_one_that_it_is_given() {
        for (given, ours) in [
            (
                "/srv/app --listen 0.0.0.0:3000",
                "/srv/app --listen 127.0.0.1:${PORT}",
            ),
            ("./a --addr=:3000", "./a --addr=127.0.0.1:${PORT}"),
            (
                "./a -b [::]:3000 -t 3000",
                "./a -b 127.0.0.1:${PORT} -t 3000",
            ),
            (
                "./a http://localhost:3000/x",
                "./a http://localhost:${PORT}/x",
            ),
            (
                "./a --port 3000 --wait 3000",
                "./a --port ${PORT} --wait 3000",
            ),
            ("./a -p 3000", "./a -p ${PORT}"),
            ("./a 3000", "./a ${PORT}"),
            ("sh -c \"./a --port=3000\"", "sh -c \"./a --port=${PORT}\""),
        ] {
            assert_eq!(ported(given, 3000).as_deref(), Some(ours), "{given}");
        }
    }

    #[test]
    fn another_number_or_the_port_of_another_machine_stays() {
        for given in [
            "./a",
            "./a --port 30001",
            "./a --version 3000.1",
            "./a --to db:3000",
            "./a --to http://10.0.0.1:3000",
            "./a 3000 3000",
            "./a-3000",
            "./a 3000:80",
        ] {
            assert_eq!(ported(given, 3000), None, "{given}");
        }
        assert_eq!(ported_value("WAIT", "3000", 3000), None);
        let port = ported_value("APP_PORT", "3000", 3000);
        assert_eq!(port.as_deref(), Some("${PORT}"));
        let address = ported_value("BIND", "0.0.0.0:3000", 3000);
        assert_eq!(address.as_deref(), Some("127.0.0.1:${PORT}"));
    }
}
