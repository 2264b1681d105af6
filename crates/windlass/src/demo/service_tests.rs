//! The demo's service in one process, and as a process.

use std::io::{Read, Write};
use std::num::NonZeroU64;
use std::path::Path;
use std::process::{Command, Stdio};

use tokio::sync::oneshot;

use super::super::fault::Fault;
use super::super::ledger::Tally;
use super::*;

/// How long a condition may take to come true on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A service in this process, until it is stopped.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinSet<io::Result<()>>,
}

impl Running {
    async fn start(options: Options) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let service = Arc::new(Service::new(options).expect("good options"));
        let (stop, stopped) = oneshot::channel::<()>();
        let mut ended = JoinSet::new();
        ended.spawn(serve(listener, service, async { drop(stopped.await) }));
        Self {
            address,
            stop,
            ended,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks once; the status and the chain.
    async fn get(&self, path: &str) -> (u16, Option<String>) {
        let answer = Connections::new(self.address, 1)
            .ask(path, Reuse::Fresh)
            .await;
        let answer = answer.expect("an answer");
        (answer.status, answer.chain)
    }

    async fn stop(mut self) {
        self.stop.send(()).expect("it runs");
        let ended = timeout(PATIENCE, self.ended.join_next())
            .await
            .expect("in time");
        ended.expect("it ran").expect("no panic").expect("no error");
    }
}

fn options(name: &str, version: &str) -> Options {
    Options {
        name: name.to_owned(),
        version: version.to_owned(),
        port: 0,
        upstreams: Vec::new(),
        ledger: None,
        starts: None,
        fault: None,
        takes: Duration::ZERO,
    }
}

fn behind(upstream: &Running, name: &str, version: &str) -> Options {
    Options {
        upstreams: vec![upstream.url()],
        ..options(name, version)
    }
}

fn tally(file: &Path) -> Tally {
    Tally::read(file).expect("readable").expect("there")
}

#[tokio::test]
async fn each_answer_names_every_service_it_passed() {
    let auth = Running::start(options("auth", "1")).await;
    let api = Running::start(behind(&auth, "api", "2")).await;
    let web = Running::start(behind(&api, "web", "3")).await;
    for _ in 0..3 {
        assert_eq!(
            web.get("/cart?id=1").await,
            (200, Some("web=3,api=2,auth=1".to_owned()))
        );
    }
    assert_eq!(web.get(READY).await, (200, None));
    for service in [web, api, auth] {
        service.stop().await;
    }
}

#[tokio::test]
async fn readiness_asks_nobody_and_a_missing_upstream_is_a_502() {
    let gone = Running::start(options("auth", "1")).await;
    let api = Running::start(behind(&gone, "api", "2")).await;
    assert_eq!(api.get("/").await.0, 200);
    gone.stop().await;
    assert_eq!(api.get("/").await, (502, Some("api=2".to_owned())));
    assert_eq!(api.get(READY).await.0, 200);
}

#[tokio::test]
async fn a_faulty_release_is_ready_and_is_named_by_every_500() {
    let options = Options {
        fault: Some(Faulty {
            fault: Fault::Errors,
            every: NonZeroU64::MIN,
            load: 0,
        }),
        ..options("api", "4")
    };
    let api = Running::start(options).await;
    let web = Running::start(behind(&api, "web", "3")).await;
    assert_eq!(api.get(READY).await.0, 200);
    assert_eq!(api.get("/").await, (500, Some("api=4".to_owned())));
    assert_eq!(web.get("/").await, (500, Some("web=3,api=4".to_owned())));
}

#[tokio::test]
async fn the_ledger_counts_what_was_answered_and_not_its_health() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("web.json");
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let nobody = listener.local_addr().expect("an address");
    drop(listener);
    let options = Options {
        ledger: Some(file.clone()),
        starts: None,
        ..options("web", "1")
    };
    let web = Running::start(options.clone()).await;
    for _ in 0..5 {
        web.get("/").await;
        web.get(READY).await;
    }
    let deadline = Instant::now() + PATIENCE;
    while tally(&file).answered < 5 {
        assert!(
            Instant::now() < deadline,
            "the ledger is flushed while it runs"
        );
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((tally(&file).answered, tally(&file).errors), (5, 0));
    web.get("/").await;
    web.stop().await;
    assert_eq!(tally(&file).answered, 6, "the last flush is at the end");

    let again = Options {
        upstreams: vec![format!("http://{nobody}")],
        ..options
    };
    let web = Running::start(again).await;
    web.get("/").await;
    web.stop().await;
    assert_eq!((tally(&file).answered, tally(&file).errors), (7, 1));
}

#[tokio::test]
async fn an_answer_under_way_is_finished_and_its_connection_closed() {
    // An upstream that answers only when it is told to.
    let slow = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let upstreams = vec![format!("http://{}", slow.local_addr().expect("an address"))];
    let web = Running::start(Options {
        upstreams,
        ..options("web", "1")
    })
    .await;
    let mut client = TcpStream::connect(web.address).await.expect("connected");
    let idle = TcpStream::connect(web.address).await.expect("connected");
    let written = client
        .try_write(b"GET /a HTTP/1.1\r\nHost: web\r\n\r\n")
        .expect("written");
    assert!(written > 0);
    let (asked, _) = slow.accept().await.expect("it is asked");
    let address = web.address;
    let mut stopping = JoinSet::new();
    stopping.spawn(web.stop());
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).await.is_ok() {
        assert!(Instant::now() < deadline, "it stops accepting at once");
        sleep(Duration::from_millis(5)).await;
    }
    let mut asked = asked.into_std().expect("a socket");
    asked
        .write_all(b"HTTP/1.1 200 OK\r\nVersion-Chain: slow=1\r\nContent-Length: 0\r\n\r\n")
        .expect("answered");
    let mut answer = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut client, &mut answer)
        .await
        .expect("to the end");
    let answer = String::from_utf8(answer)
        .expect("text")
        .to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(answer.contains("version-chain: web=1,slow=1"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    stopping
        .join_next()
        .await
        .expect("spawned")
        .expect("it ended");
    let mut nothing = [0];
    assert_eq!(
        idle.into_std().expect("a socket").read(&mut nothing).ok(),
        Some(0),
        "closed"
    );
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let refused = |options| Service::new(options).err().map(|why| why.kind());
    let invalid = Some(io::ErrorKind::InvalidInput);
    assert_eq!(refused(options("a,b", "1")), invalid);
    assert_eq!(refused(options("a", "1\n")), invalid);
    for url in ["https://127.0.0.1:1", "127.0.0.1:1", "/auth", ""] {
        let upstreams = vec![url.to_owned()];
        assert_eq!(
            refused(Options {
                upstreams,
                ..options("a", "1")
            }),
            invalid,
            "{url}"
        );
    }
}

/// Names port and ledger to the child; without it the child's test does nothing.
const CHILD: &str = "WINDLASS_DEMO_TEST_CHILD";

#[test]
fn serves_until_sigterm() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (port, ledger) = told.split_once(' ').expect("port and ledger");
    let options = Options {
        port: port.parse().expect("a port"),
        ledger: Some(PathBuf::from(ledger)),
        starts: None,
        ..options("auth", "1")
    };
    run(options).expect("served");
}

#[tokio::test]
async fn sigterm_flushes_the_ledger_and_ends_with_0() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("auth.json");
    // Outside the range from which the kernel gives ports to other tests' connections.
    let first = 20_000 + u16::try_from(std::process::id() % 5_000).expect("below 5,000");
    let free = |port: &u16| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let port = (first..first + 1_000).find(free).expect("a port");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let this_test = std::thread::current()
        .name()
        .expect("named after the test")
        .to_owned();
    let other_half = this_test.replace(
        "sigterm_flushes_the_ledger_and_ends_with_0",
        "serves_until_sigterm",
    );
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", &other_half])
        .env(CHILD, format!("{port} {}", file.display()))
        .stdout(Stdio::null())
        .spawn()
        .expect("the child starts");
    let asker = Connections::new(address, 1);
    let deadline = Instant::now() + PATIENCE;
    while asker.ask(READY, Reuse::KeepAlive).await.is_err() {
        assert!(Instant::now() < deadline, "it becomes ready");
        sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..7 {
        asker.ask("/", Reuse::KeepAlive).await.expect("an answer");
    }
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("a pid"), rustix::process::Signal::TERM)
        .expect("signalled");
    let status = child
        .wait()
        .expect("it ends, though the asker keeps its connection");
    assert!(status.success(), "{status}");
    assert_eq!(tally(&file).answered, 7);
}
