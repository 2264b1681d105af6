//! What is on disk and can't be read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::front::Scene;
use crate::orders::{HOUR, MINUTE, note, pair, turn, turns, wanted};
use crate::together::account_file;

/// Something else in place of a file.
enum Instead {
    Bytes(Vec<u8>),
    Folder,
}

/// Ways in which a file may be damaged.
fn damages() -> Vec<(&'static str, Instead)> {
    let bytes = |bytes: &[u8]| Instead::Bytes(bytes.to_vec());
    vec![
        ("empty", bytes(b"")),
        ("cut", bytes(br#"{"format":1,"directory":"https://lo"#)),
        ("another type", bytes(br#"[1,"two",null]"#)),
        ("no text", bytes(&[0xff, 0, 0xfe, b'{'])),
        (
            "a number too large",
            bytes(br#"{"format":99999999999999999999}"#),
        ),
        ("too long", Instead::Bytes(vec![b' '; 100_000])),
        ("a folder", Instead::Folder),
    ]
}

/// Damages it, whatever is there and was laid aside before.
fn damage(path: &Path, instead: &Instead) {
    for path in [path, &path.with_extension("lost")] {
        if path.is_dir() {
            fs::remove_dir(path).expect("removed");
        } else {
            drop(fs::remove_file(path));
        }
    }
    match instead {
        Instead::Bytes(bytes) => fs::write(path, bytes).expect("written"),
        Instead::Folder => fs::create_dir(path).expect("made"),
    }
}

/// Of a Windlass that is yet to come, which says it in words of its own.
const NEWER: &str = r#"{"format":2,"said":{"otherwise":true}}"#;

fn is_laid_aside(path: &Path) -> bool {
    path.with_extension("lost").exists()
}

#[tokio::test]
async fn what_can_not_be_read_is_laid_aside_and_stops_no_order() {
    let Scene {
        pebble,
        folder,
        orders,
        ..
    } = &Scene::set().await;
    let wanted = wanted(&pebble.directory(), "shop.pem");
    let mut now = SystemTime::now();
    assert_eq!(turn(orders, &wanted, now).await, 1);
    let kept = orders.store().pair(&wanted.directory, &wanted.host);
    let order = kept.with_file_name("order.json");
    let account = account_file(folder.path());
    for (how, instead) in damages() {
        // What is there is not ordered sooner for it.
        turns(orders, &BTreeSet::new(), now).await;
        damage(&order, &instead);
        damage(&account, &instead);
        let before = pair(orders, &wanted);
        assert_eq!(turn(orders, &wanted, now).await, 0, "{how}");
        assert!(is_laid_aside(&order) && !order.exists(), "{how}");
        assert_eq!(pair(orders, &wanted), before, "{how}");
        // And what is not there is ordered.
        fs::remove_file(&kept).expect("removed");
        turns(orders, &BTreeSet::new(), now).await;
        damage(&order, &instead);
        now += MINUTE;
        assert_eq!(turn(orders, &wanted, now).await, 1, "{how}");
        assert!(is_laid_aside(&order) && is_laid_aside(&account), "{how}");
        let after = note(orders, &wanted);
        assert_eq!((after.failures, after.why), (0, None), "{how}");
    }
}

#[tokio::test]
async fn what_a_newer_one_wrote_stays_and_nothing_is_ordered_past_it() {
    let Scene {
        pebble,
        folder,
        orders,
        ..
    } = &Scene::set().await;
    let wanted = wanted(&pebble.directory(), "shop.pem");
    let now = SystemTime::now();
    assert_eq!(turn(orders, &wanted, now).await, 1);
    let kept = orders.store().pair(&wanted.directory, &wanted.host);
    let order = kept.with_file_name("order.json");
    let account = account_file(folder.path());
    let known = [&order, &account].map(|path| fs::read(path).expect("readable"));
    fs::remove_file(&kept).expect("removed");
    let stays = |path: &Path| {
        let text = fs::read_to_string(path).expect("readable");
        assert!(text == NEWER && !is_laid_aside(path), "{text}");
    };
    fs::write(&order, NEWER).expect("written");
    turns(orders, &BTreeSet::new(), now).await;
    assert_eq!(turn(orders, &wanted, now + HOUR).await, 0);
    stays(&order);
    fs::write(&order, &known[0]).expect("written");
    fs::write(&account, NEWER).expect("written");
    assert_eq!(turn(orders, &wanted, now + 2 * HOUR).await, 0);
    stays(&account);
    let why = note(orders, &wanted).why.expect("a reason");
    assert!(why.ends_with("is of a newer Windlass"), "{why}");
    fs::write(&account, &known[1]).expect("written");
    assert_eq!(
        turn(orders, &wanted, now + 3 * HOUR).await,
        1,
        "once it can"
    );
}
