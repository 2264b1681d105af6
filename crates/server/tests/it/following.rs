//! Events: in order, each once, across slow watchers and the deaths of the controller.

use windlass_client::{Client, ClientError, Followed, Following, Starting};

use crate::contract::ask;
use crate::fake::{Fake, held, id};
use crate::misspelt::private;
use crate::standing::{Standing, folder};
use windlass_server::Limits;

/// A program that must not be started: the controller of these tests is there already.
fn starting() -> Starting {
    Starting {
        program: "/nonexistent/windlass".into(),
        arguments: Vec::new(),
    }
}

async fn sequences(following: &mut Following, count: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match following.next().await.unwrap() {
            Followed::Event(event) => seen.push(event.sequence),
            Followed::Reconnected { pid } => seen.push(u64::from(pid)),
            Followed::Ended => panic!("it ended after {seen:?}"),
        }
    }
    seen
}

#[tokio::test]
async fn past_events_come_first_then_new_ones_without_a_gap() {
    let folder = folder();
    let server = Standing::new(folder.path());
    server.fake.state().streams_stay = true;
    for _ in 0..3 {
        server.fake.commit(held("mira"));
    }
    let client = server.client().await;
    let mut following = Following::new(&client, &starting(), 1, Some(id("dep_01a")));
    assert_eq!(sequences(&mut following, 2).await, [2, 3]);
    server.fake.commit(held("jo"));
    assert_eq!(sequences(&mut following, 1).await, [4]);
}

#[tokio::test]
async fn a_watcher_that_was_too_slow_goes_on_after_its_last_event() {
    let folder = folder();
    let server = Standing::new(folder.path());
    server.fake.state().stream_ends_after = Some(3);
    for _ in 0..10 {
        server.fake.commit(held("mira"));
    }
    let client = server.client().await;
    let mut following = Following::new(&client, &starting(), 0, None);
    let all: Vec<u64> = (1..=10).collect();
    assert_eq!(sequences(&mut following, 10).await, all);
}

#[tokio::test]
async fn a_controller_that_only_ends_streams_is_not_followed_for_ever() {
    let folder = folder();
    let server = Standing::new(folder.path());
    let client = server.client().await;
    let mut following = Following::new(&client, &starting(), 0, None);
    let met = following.next().await;
    assert!(matches!(met, Err(ClientError::Malformed { .. })), "{met:?}");
}

#[tokio::test]
async fn a_replaced_controller_is_told_and_no_event_is_lost_or_repeated() {
    let folder = folder();
    let fake = Fake::default();
    fake.state().streams_stay = true;
    fake.commit(held("mira"));
    let first = Standing::with(folder.path(), fake.clone(), Limits::default(), 1001);
    let client = first.client().await;
    let mut following = Following::new(&client, &starting(), 0, None);
    assert_eq!(sequences(&mut following, 1).await, [1]);
    first.end().await;
    fake.commit(held("jo"));
    let _second = Standing::with(folder.path(), fake.clone(), Limits::default(), 1002);
    assert_eq!(sequences(&mut following, 2).await, [1002, 2]);
    assert_eq!(following.client().controller().pid, 1002);
}

#[tokio::test]
async fn a_follower_begins_anew_where_the_journal_is_an_older_one() {
    let folder = folder();
    let fake = Fake::default();
    fake.state().streams_stay = true;
    for by in ["mira", "jo", "kim"] {
        fake.commit(held(by));
    }
    let first = Standing::with(folder.path(), fake.clone(), Limits::default(), 1001);
    let client = first.client().await;
    let mut following = Following::new(&client, &starting(), 0, None);
    assert_eq!(sequences(&mut following, 3).await, [1, 2, 3]);
    first.end().await;
    // A backup of before was restored.
    fake.state().events.truncate(1);
    let _second = Standing::with(folder.path(), fake.clone(), Limits::default(), 1002);
    assert_eq!(sequences(&mut following, 2).await, [1002, 1]);
    fake.commit(held("jo"));
    assert_eq!(sequences(&mut following, 1).await, [2]);
    let gone = Some(id("dep_gone"));
    let met = Following::new(&client, &starting(), 9, gone).next().await;
    assert!(
        matches!(&met, Err(ClientError::Refused(why)) if why.status == 404),
        "{met:?}"
    );
}

#[tokio::test]
async fn who_follows_a_deployment_learns_that_it_was_all() {
    let folder = folder();
    let server = Standing::new(folder.path());
    server.fake.state().streams_are_whole = true;
    server.fake.commit(held("mira"));
    let client = server.client().await;
    let mut following = Following::new(&client, &starting(), 0, Some(id("dep_01a")));
    assert_eq!(sequences(&mut following, 1).await, [1]);
    for _ in 0..2 {
        assert_eq!(following.next().await.unwrap(), Followed::Ended);
    }
}

#[tokio::test]
async fn server_sent_events_end_with_why() {
    let folder = folder();
    let server = Standing::new(folder.path());
    server.fake.commit(held("mira"));
    for (whole, word) in [(true, "ended"), (false, "again")] {
        server.fake.state().streams_are_whole = whole;
        let line = "GET /v1/events?deployment=dep_01a";
        let heard = ask(private(&server).await, line, "", "").await;
        let end = format!("event: end\ndata: {{\"end\":\"{word}\"");
        assert!(heard.body.contains(&end), "{}", heard.body);
    }
}

#[tokio::test]
async fn the_end_of_the_server_ends_its_streams() {
    let folder = folder();
    let server = Standing::new(folder.path());
    server.fake.state().streams_stay = true;
    let client: Client = server.client().await;
    let mut events = client.events(0, None).await.unwrap();
    server.end().await;
    assert!(matches!(events.next().await, Ok(None)));
}
