//! What a router is, and what it understands: a controller may be newer than the router that it finds.

use serde::{Deserialize, Serialize};
use windlass_model::{Listen, Tls, Traffic};

/// How much of what a service may ask for a router understands: whoever understands one level
/// understands those below it too.
///
/// It rises with each release that adds something to a [`Route`](windlass_model::Route) or to what is
/// armed with it. An older reader passes over a field that it does not know, so that nobody would be told
/// that nothing is done about it; [`needs`] says what begins at which level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(pub u32);

impl Level {
    /// That of a router that does not say.
    pub const FIRST: Self = Self(1);
    /// That of this code.
    pub const OWN: Self = Self(2);
}

/// The program that a router is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterProgram {
    /// Its version; none: it is too old to say so.
    pub version: Option<String>,
    /// What it understands.
    pub level: Level,
}

impl Default for RouterProgram {
    /// One that does not say.
    fn default() -> Self {
        Self {
            version: None,
            level: Level::FIRST,
        }
    }
}

impl RouterProgram {
    /// This one.
    pub fn own() -> Self {
        Self {
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            level: Level::OWN,
        }
    }

    /// Whether `other` is a later one. Two builds of one version differ by their level alone.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.age() < other.age()
    }

    fn age(&self) -> (Level, Vec<u64>, Option<&str>) {
        let version = self.version.as_deref();
        let numbers = version
            .unwrap_or_default()
            .split(|c: char| !c.is_ascii_digit());
        let numbers = numbers.map_while(|number| number.parse().ok()).collect();
        (self.level, numbers, version)
    }
}

/// What a service asks for of which not every router knows, as the file calls it, and the level that it
/// needs. All that is matched away was there at the first one.
pub fn needs(listen: &Listen, traffic: &Traffic) -> Vec<(&'static str, Level)> {
    let Listen {
        address: _,
        host: _,
        path: _,
        tls,
        proxies: _,
        access_log: _,
        connections: _,
        metrics,
    } = listen;
    let Traffic {
        sticky: _,
        candidate_for: _,
        limits: _,
        timeouts: _,
        eject: _,
        retries: _,
        mirror: _,
        maintenance: _,
    } = traffic;
    let mut needs = Vec::new();
    match tls {
        Some(Tls::Acme { .. }) => needs.push(("tls: acme", Level(2))),
        Some(Tls::Files(_)) | None => {}
    }
    if metrics.is_some() {
        needs.push(("router: metrics", Level(2)));
    }
    needs
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::ObservedTable;

    fn program(version: Option<&str>, level: u32) -> RouterProgram {
        RouterProgram {
            version: version.map(str::to_owned),
            level: Level(level),
        }
    }

    #[test]
    fn the_later_of_two_programs_understands_more_or_has_the_later_version() {
        let ages = [
            program(None, 1),
            program(Some("0.1.0"), 1),
            program(Some("0.9.0"), 1),
            program(Some("0.10.0"), 1),
            program(Some("0.10.1"), 1),
            program(Some("0.2.0"), 2),
        ];
        for (at, one) in ages.iter().enumerate() {
            for (other_at, other) in ages.iter().enumerate() {
                assert_eq!(one.is_older_than(other), at < other_at, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_router_that_does_not_say_what_it_understands_is_one_of_the_first() {
        let table = r#"{"boot":"b","epoch":3,"services":{}}"#;
        let table: ObservedTable = serde_json::from_str(table).expect("of an older router");
        assert_eq!(table.program, RouterProgram::default());
        assert!(table.program.is_older_than(&RouterProgram::own()));
    }

    #[test]
    fn nothing_needs_more_than_this_code_understands() {
        let plain = Listen::from(SocketAddr::from(([127, 0, 0, 1], 80)));
        let usual = Traffic::default();
        assert_eq!(needs(&plain, &usual), []);
        let measured = Listen {
            metrics: Some(SocketAddr::from(([127, 0, 0, 1], 9180))),
            ..plain
        };
        let all = needs(&measured, &usual);
        assert_eq!(all, [("router: metrics", Level(2))]);
        assert!(all.iter().all(|(_, level)| *level <= Level::OWN));
    }
}
