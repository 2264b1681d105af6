//! Three parties counted the same requests: the client, the router, and the services themselves.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Serialize;
use windlass_api::FiguresView;
use windlass_load::{ChainCounts, Counts};

use super::ledger::Tally;

/// Answers by service and version.
type Ledger = BTreeMap<(String, String), u64>;

/// One service in one version, counted three times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Counted {
    /// Which service.
    pub(crate) service: String,
    /// Which version.
    pub(crate) version: String,
    /// Answers that the client saw it in.
    pub(crate) client: u64,
    /// Answers that the router took from it.
    pub(crate) router: u64,
    /// Answers in its own ledger.
    pub(crate) service_ledger: u64,
    /// Answers that the client saw it in and that were not good.
    pub(crate) failed: u64,
}

impl Counted {
    /// Whether all three agree.
    pub(crate) fn agrees(&self) -> bool {
        self.client == self.router && self.router == self.service_ledger
    }
}

/// Sets the three counts beside each other.
pub(crate) fn compare(client: &Counts, router: &FiguresView, own: &Ledger) -> Vec<Counted> {
    let failed = by_client(client, |seen| seen.server_errors + seen.other);
    let client = by_client(client, ChainCounts::total);
    let router = by_router(router);
    let mut keys: Vec<&(String, String)> = client
        .keys()
        .chain(router.keys())
        .chain(own.keys())
        .collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .map(|key| Counted {
            service: key.0.clone(),
            version: key.1.clone(),
            client: client.get(key).copied().unwrap_or_default(),
            router: router.get(key).copied().unwrap_or_default(),
            service_ledger: own.get(key).copied().unwrap_or_default(),
            failed: failed.get(key).copied().unwrap_or_default(),
        })
        .collect()
}

/// `web=2,api=1,auth=1` is one answer of each.
fn by_client(counts: &Counts, of: fn(&ChainCounts) -> u64) -> Ledger {
    let mut ledger = Ledger::new();
    for (chain, seen) in &counts.by_chain {
        for link in chain.split(',') {
            if let Some((service, version)) = link.split_once('=') {
                *ledger
                    .entry((service.to_owned(), version.to_owned()))
                    .or_default() += of(seen);
            }
        }
    }
    ledger
}

fn by_router(figures: &FiguresView) -> Ledger {
    let mut ledger = Ledger::new();
    for (key, versions) in &figures.services {
        for seen in versions {
            if let Some(version) = &seen.version {
                let answers: u64 = seen.answers.iter().sum();
                *ledger
                    .entry((key.service.to_string(), version.to_string()))
                    .or_default() += answers;
            }
        }
    }
    ledger
}

/// Adds up the ledger files of a folder.
pub(crate) fn by_services(folder: &Path) -> io::Result<Ledger> {
    let mut ledger = Ledger::new();
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        let whole = file.extension().is_some_and(|kind| kind == "json");
        if let Some(tally) = whole.then(|| Tally::read(&file)).transpose()?.flatten() {
            *ledger.entry((tally.service, tally.version)).or_default() += tally.answered;
        }
    }
    Ok(ledger)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(ok: u64) -> ChainCounts {
        ChainCounts {
            ok,
            ..ChainCounts::default()
        }
    }

    #[test]
    fn an_answer_counts_for_each_service_of_its_chain() {
        let counts = Counts {
            by_chain: BTreeMap::from([
                ("web=2,api=1,auth=1".to_owned(), seen(3)),
                ("web=1,api=1,auth=1".to_owned(), seen(4)),
            ]),
            ..Counts::default()
        };
        let ledger = by_client(&counts, ChainCounts::total);
        let of = |service: &str, version: &str| {
            ledger
                .get(&(service.to_owned(), version.to_owned()))
                .copied()
        };
        assert_eq!((of("web", "2"), of("web", "1")), (Some(3), Some(4)));
        assert_eq!((of("api", "1"), of("auth", "1")), (Some(7), Some(7)));
    }

    #[test]
    fn a_count_that_one_party_misses_does_not_agree() {
        let own = Ledger::from([(("web".to_owned(), "1".to_owned()), 2)]);
        let rows = compare(&Counts::default(), &FiguresView::default(), &own);
        assert_eq!(rows.len(), 1);
        assert!(rows.iter().all(|row| !row.agrees()));
    }
}
