//! SIGKILL at any moment: every acknowledged row is there afterwards.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use windlass_edge::Store;
use windlass_store::SqliteStore;

use crate::fixture::{Place, dep, deployment, environment, row};

/// Names the store file to the child; without it the child's test does nothing.
const CHILD: &str = "WINDLASS_STORE_TEST_CHILD";

/// Where the child's test is, for the test runner.
const CHILD_TEST: &str = "kill::appends_until_it_is_killed";

/// Rows after which the child gives up by itself.
const ROWS_MOST: u64 = 100_000;

/// Rows acknowledged before each kill: some at once, some after the WAL was checkpointed.
const KILL_AFTER: [usize; 8] = [1, 2, 3, 7, 20, 50, 150, 400];

#[test]
fn appends_until_it_is_killed() {
    let Some(file) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = SqliteStore::open(&file).expect("the store opens");
        let known = store.deployment(&dep("a")).await.expect("readable");
        let next = known.map_or(0, |a| a.entries.len() as u64);
        if next == 0 {
            // The parent may have killed an earlier child between the two.
            store
                .begin(&deployment("a"), &environment("shop"))
                .await
                .ok();
        }
        for number in next..next + ROWS_MOST {
            store.append(row("a", number)).await.expect("appended");
            let mut out = std::io::stdout().lock();
            writeln!(out, "\nacknowledged {number}").expect("the parent listens");
            out.flush().expect("the parent listens");
        }
    });
}

#[tokio::test]
async fn a_killed_writer_loses_no_acknowledged_row() {
    let place = Place::new();
    let mut epoch = 0;
    for after in KILL_AFTER {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", CHILD_TEST, "--nocapture", "--test-threads=1"])
            .env(CHILD, place.file())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the child starts");
        let said = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut acknowledged = said.lines().map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("acknowledged ")
                .and_then(|n| n.parse::<u64>().ok())
        });
        let mut last = acknowledged
            .by_ref()
            .nth(after - 1)
            .expect("the child appends");
        child.kill().expect("killed");
        // What it said before it died counts too.
        last = acknowledged.last().unwrap_or(last);
        child.wait().expect("reaped");

        let store = place.open();
        assert!(store.epoch().0 > epoch, "the child's opening counted");
        epoch = store.epoch().0;
        let found = store
            .deployment(&dep("a"))
            .await
            .expect("readable")
            .expect("there");
        assert_eq!(found.poisoned, None);
        let rows = found.entries.len() as u64;
        assert!(
            rows > last,
            "row {last} was acknowledged, {rows} rows are there"
        );
        assert!(
            rows <= last + 2,
            "at most the row under way is there unacknowledged"
        );
    }
}
