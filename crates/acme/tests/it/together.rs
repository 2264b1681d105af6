//! Orders that are under way side by side.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio::net::TcpListener;
use windlass_acme::Wanted;

use crate::front::{is_good, show};
use crate::orders::{HOUR, MINUTE, as_well, begun, note, turn, turns, wanted};
use crate::pebble::Pebble;
use crate::silent::authority;

/// The folder of the one authority below a state folder.
fn authority_of(state: &Path) -> PathBuf {
    let mut all = std::fs::read_dir(state.join("acme")).expect("a folder");
    all.next().expect("an authority").expect("readable").path()
}

/// How many files of accounts there are, by how their names end.
fn accounts(state: &Path) -> BTreeMap<&'static str, usize> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(authority_of(state)).expect("a folder") {
        let path = file.expect("readable").path();
        let ending = path.extension().and_then(|it| it.to_str());
        let ending = ["json", "lost"].into_iter().find(|it| ending == Some(it));
        if let Some(ending) = ending {
            *found.entry(ending).or_default() += 1;
        }
    }
    found
}

/// The file of the one account below a state folder.
pub(crate) fn account_file(state: &Path) -> PathBuf {
    let all = std::fs::read_dir(authority_of(state)).expect("a folder");
    let mut paths = all.map(|file| file.expect("readable").path());
    let is_account = |path: &PathBuf| path.extension().is_some_and(|it| it == "json");
    paths.find(is_account).expect("an account")
}

fn read_account(state: &Path) -> Vec<u8> {
    std::fs::read(account_file(state)).expect("readable")
}

#[tokio::test]
async fn an_authority_that_says_nothing_holds_up_its_own_orders_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let front = listener.local_addr().expect("an address");
    let pebble = Pebble::start(front, 24 * HOUR);
    let (silent, came, _keeps) = authority(None).await;
    let folder = tempfile::tempdir().expect("a folder");
    let orders = begun(folder.path());
    let _serving = show(listener, &orders, &pebble);
    // First by name, and more of it than one authority is asked for at once.
    let held = wanted(&format!("https://localhost:{}/", silent.port()), "shop.pem");
    let held: BTreeSet<Wanted> = (0..6)
        .map(|number| as_well(&held, &format!("a{number}.example")))
        .collect();
    let good = wanted(&pebble.directory(), "shop.pem");
    let now = SystemTime::now();
    let took = RefCell::new(Vec::new());
    let mut round = orders.round(|one| took.borrow_mut().push(one.clone()));
    round.begin(&held, now);
    tokio::select! {
        () = round.ended() => panic!("nobody answers"),
        () = came.notified() => {}
    }
    // What is wanted meanwhile waits for nothing.
    let mut all = held.clone();
    all.insert(good.clone());
    round.begin(&all, now);
    round.ended().await;
    assert_eq!(*took.borrow(), std::slice::from_ref(&good));
    assert!(is_good(front, "shop.example", &pebble).await);
    let asked = held.iter().filter(|one| {
        let note = orders.store().note(&one.directory, &one.host);
        note.expect("readable").is_some_and(|note| note.under_way)
    });
    assert_eq!(asked.count(), 4, "the others wait for these");
    assert!(!round.is_idle());
}

#[tokio::test]
async fn one_host_is_ordered_once_at_a_time_and_hosts_wait_apart_after_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let front = listener.local_addr().expect("an address");
    let pebble = Pebble::start(front, 24 * HOUR);
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    let (address, _, _keeps) = authority(Some(busy)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let orders = begun(folder.path());
    let _serving = show(listener, &orders, &pebble);
    let good = wanted(&pebble.directory(), "shop.pem");
    let same = Wanted {
        email: None,
        ..good.clone()
    };
    let bad = wanted(
        &format!("https://localhost:{}/", address.port()),
        "shop.pem",
    );
    let bad = as_well(&bad, "www.shop.example");
    let all = BTreeSet::from([good.clone(), same, bad.clone()]);
    let now = SystemTime::now();
    assert_eq!(turns(&orders, &all, now).await, 1, "the other one found it");
    assert_eq!(note(&orders, &good).failures, 0);
    assert_eq!(note(&orders, &bad).failures, 1);
    assert_eq!(turns(&orders, &all, now + 3 * MINUTE).await, 0);
    assert_eq!(note(&orders, &bad).failures, 2);
    assert_eq!(note(&orders, &good).tried, note(&orders, &bad).tried - 180);
}

#[tokio::test]
async fn orders_that_begin_together_share_one_account_also_when_it_is_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let front = listener.local_addr().expect("an address");
    let mut pebble = Pebble::start(front, HOUR);
    let folder = tempfile::tempdir().expect("a folder");
    let orders = begun(folder.path());
    let _serving = show(listener, &orders, &pebble);
    let first = wanted(&pebble.directory(), "shop.pem");
    let all: BTreeSet<Wanted> = (0..5)
        .map(|number| as_well(&first, &format!("h{number}.example")))
        .collect();
    let now = SystemTime::now();
    assert_eq!(turns(&orders, &all, now).await, all.len());
    assert_eq!(accounts(folder.path()), [("json", 1)].into());
    let kept = read_account(folder.path());
    // It knows nobody any more.
    pebble.stop();
    pebble.again(24 * HOUR);
    assert_eq!(turns(&orders, &all, now + 45 * MINUTE).await, all.len());
    assert_eq!(accounts(folder.path()), [("json", 1), ("lost", 1)].into());
    let now = now + 45 * MINUTE;
    assert_ne!(read_account(folder.path()), kept);
    let more = as_well(&first, "more.example");
    let (account, lost) = (read_account(folder.path()), accounts(folder.path()));
    assert_eq!(
        turn(&orders, &more, now).await,
        1,
        "it is the one that is known"
    );
    assert_eq!(
        (read_account(folder.path()), accounts(folder.path())),
        (account, lost)
    );
}
