//! The certificates that a router shows, as its disk tells: also when it is dead.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::Serialize;
use windlass_acme::{Note, Store, renewal};
use windlass_client::StatePaths;
use windlass_model::{Host, Listen, Tls, TlsFiles};
use windlass_router::look;
use windlass_tls::{About, Pair};

use crate::ui::time::of_calendar;
use crate::ui::words::harmless;
use crate::wire;

/// A certificate could not be ordered.
const NOT_ORDERED: &str = "WL0476";
/// A certificate expires soon, or has.
const EXPIRES: &str = "WL0477";

/// How long before its end a certificate is told of, in seconds: a fortnight, or the last quarter of a
/// life that is shorter than eight weeks.
const SOON: i64 = 14 * 24 * 60 * 60;
const SOON_PART: i64 = 4;

/// One certificate. Times are in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Shown {
    /// Whom it is for; none where a listener has any host.
    pub(crate) host: Option<Host>,
    /// Where it comes from: the file, or the directory of the authority that issues it.
    pub(crate) source: String,
    /// Whether the router orders it itself.
    pub(crate) ordered: bool,
    /// Who made it; like the times none where there is nothing to show.
    pub(crate) issuer: Option<String>,
    pub(crate) from: Option<i64>,
    pub(crate) until: Option<i64>,
    /// When it is renewed, if all goes well.
    pub(crate) renewed_from: Option<i64>,
    /// Why the last order failed, if it did.
    pub(crate) failed: Option<Failed>,
}

/// An order that failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Failed {
    pub(crate) code: &'static str,
    pub(crate) why: String,
    /// How many did in a row.
    pub(crate) failures: u32,
    /// When the next one begins at the earliest.
    pub(crate) again: i64,
}

/// Something about a certificate that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// In one line, with its code.
    pub(crate) saw: String,
    /// Whether clients see it already.
    pub(crate) is_felt: bool,
}

/// What is shown by the table on disk; nothing if that can't be read, which is told elsewhere.
pub(crate) fn on_disk(paths: &StatePaths) -> Vec<Shown> {
    let state = wire::router_state(paths);
    let table = look(&state).ok().and_then(|on_disk| on_disk.table);
    let services = table.iter().flat_map(|table| table.services.values());
    shown(services.flat_map(|entry| &entry.route.listeners), &state)
}

/// What `listeners` show, by the router's folder `state`. Each once.
pub(crate) fn shown<'a>(listeners: impl Iterator<Item = &'a Listen>, state: &Path) -> Vec<Shown> {
    let store = Store::new(state);
    let mut all = BTreeSet::new();
    for listen in listeners {
        match &listen.tls {
            None => {}
            Some(Tls::Files(files)) => {
                all.insert(of_files(listen.host.as_ref(), files));
            }
            Some(Tls::Acme { acme }) => {
                let hosts = acme.hosts.iter();
                all.extend(hosts.map(|host| ordered(&store, &acme.directory, host)));
            }
        }
    }
    all.into_iter().collect()
}

fn of_files(host: Option<&Host>, files: &TlsFiles) -> Shown {
    let about = about(Path::new(&files.certificate), Path::new(&files.key));
    Shown {
        host: host.cloned(),
        source: files.certificate.clone(),
        ordered: false,
        issuer: about.as_ref().map(|about| harmless(&about.issuer)),
        from: about.as_ref().map(|about| about.from),
        until: about.as_ref().map(|about| about.until),
        renewed_from: None,
        failed: None,
    }
}

fn ordered(store: &Store, directory: &str, host: &Host) -> Shown {
    let path = store.pair(directory, host);
    let about = about(&path, &path);
    let failed = match store.note(directory, host) {
        Ok(note) => note.and_then(failed),
        Err(why) => Some(Failed {
            code: NOT_ORDERED,
            why: why.to_string(),
            failures: 0,
            again: i64::MIN,
        }),
    };
    let renewed = |about: &About| renewal(host, about.from, about.until);
    Shown {
        host: Some(host.clone()),
        source: directory.to_owned(),
        ordered: true,
        issuer: about.as_ref().map(|about| harmless(&about.issuer)),
        from: about.as_ref().map(|about| about.from),
        until: about.as_ref().map(|about| about.until),
        renewed_from: about.as_ref().map(renewed),
        failed,
    }
}

fn failed(note: Note) -> Option<Failed> {
    Some(Failed {
        code: NOT_ORDERED,
        why: harmless(&note.why?),
        failures: note.failures,
        again: note.not_before,
    })
}

fn about(certificate: &Path, key: &Path) -> Option<About> {
    Pair::read(certificate, key).ok()?.about().cloned()
}

impl Shown {
    /// Whom it is for, in words.
    pub(crate) fn whose(&self) -> String {
        self.host
            .as_ref()
            .map_or_else(|| "any host".to_owned(), ToString::to_string)
    }

    /// Until when it is good, in words.
    pub(crate) fn expires(&self, zone: &TimeZone) -> String {
        self.until
            .map_or_else(|| "not there yet".to_owned(), |until| day(until, zone))
    }

    /// How it stands, in words.
    pub(crate) fn standing(&self, zone: &TimeZone) -> String {
        if let Some(failed) = &self.failed {
            return failed.told(zone);
        }
        match self.renewed_from {
            Some(from) => format!("renewed from {}", day(from, zone)),
            None if self.ordered => "being ordered".to_owned(),
            None => format!("from {}", harmless(&self.source)),
        }
    }

    /// What is not as it should be at `now`.
    pub(crate) fn trouble(&self, now: i64, zone: &TimeZone) -> Option<Trouble> {
        let whose = self.whose();
        if let Some(until) = self.until.filter(|until| *until <= now) {
            let why = self.failed.as_ref().map(|failed| failed.told(zone));
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            let saw = format!(
                "that of {whose} expired {} ({EXPIRES}){why}",
                day(until, zone)
            );
            return Some(Trouble { saw, is_felt: true });
        }
        if let Some(failed) = &self.failed {
            let is_felt = self.until.is_none();
            let stands = self.until.map_or_else(
                || "there is none yet".to_owned(),
                |until| format!("the old one is good until {}", day(until, zone)),
            );
            let saw = format!("{whose}: {stands}; {}", failed.told(zone));
            return Some(Trouble { saw, is_felt });
        }
        let (from, until) = (self.from?, self.until?);
        let soon = SOON.min(until.saturating_sub(from) / SOON_PART);
        (until.saturating_sub(now) < soon).then(|| Trouble {
            saw: format!("that of {whose} expires {} ({EXPIRES})", day(until, zone)),
            is_felt: false,
        })
    }
}

impl Failed {
    fn told(&self, zone: &TimeZone) -> String {
        let (why, code) = (&self.why, self.code);
        match self.failures {
            0 => format!("{why} ({code})"),
            failures => {
                let count = match failures {
                    1 => "once".to_owned(),
                    more => format!("{more} times"),
                };
                let again = day(self.again, zone);
                format!("{why} ({code}); failed {count}, next try from {again}")
            }
        }
    }
}

fn day(at: i64, zone: &TimeZone) -> String {
    of_calendar(at.saturating_mul(1_000_000), zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn one(until: Option<i64>, failed: Option<Failed>) -> Shown {
        Shown {
            host: Host::new("shop.example").ok(),
            source: "https://ca.example/dir".to_owned(),
            ordered: true,
            issuer: None,
            from: until.map(|_| 0),
            until,
            renewed_from: until.map(|until| until / 3 * 2),
            failed,
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_code_and_when_it_is_tried_again() {
        let failed = |failures| {
            Some(Failed {
                code: NOT_ORDERED,
                why: "nobody answers".to_owned(),
                failures,
                again: 60 * DAY + 120,
            })
        };
        let told = |shown: Shown, now| {
            let trouble = shown.trouble(now, &TimeZone::UTC);
            trouble.map_or_else(
                || "fine".to_owned(),
                |it| format!("{} {}", it.is_felt, it.saw),
            )
        };
        let life = Some(90 * DAY);
        let all = [
            told(one(life, None), DAY),
            told(one(None, None), DAY),
            told(one(None, failed(1)), 60 * DAY),
            told(one(life, failed(3)), 60 * DAY),
            told(one(life, None), 77 * DAY),
            told(one(life, failed(9)), 91 * DAY),
            told(one(Some(6 * DAY), None), 4 * DAY),
            told(one(Some(6 * DAY), None), 5 * DAY),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
        fine
        fine
        true shop.example: there is none yet; nobody answers (WL0476); failed once, next try from 1970-03-02 00:02:00
        false shop.example: the old one is good until 1970-04-01 00:00:00; nobody answers (WL0476); failed 3 times, next try from 1970-03-02 00:02:00
        false that of shop.example expires 1970-04-01 00:00:00 (WL0477)
        true that of shop.example expired 1970-04-01 00:00:00 (WL0477): nobody answers (WL0476); failed 9 times, next try from 1970-03-02 00:02:00
        fine
        false that of shop.example expires 1970-01-07 00:00:00 (WL0477)
        ");
    }
}
