//! This machine's clock, ids and the runtime's own thread.

use std::pin::Pin;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use data_encoding::BASE32HEX_NOPAD;
use windlass_edge::{Clock, Ids, Spawner};
use windlass_model::{DeploymentId, InstanceId, Millis};

/// The kernel's clocks. Work time is `CLOCK_MONOTONIC`, which stands still while the machine sleeps,
/// so that a suspend passes and fails nothing.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Work time counts from now.
    #[expect(
        clippy::new_without_default,
        reason = "a clock that starts is no default value"
    )]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

#[async_trait(?Send)]
impl Clock for SystemClock {
    fn work(&self) -> Millis {
        let passed = self.start.elapsed().as_millis();
        Millis::from_millis(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    fn calendar_us(&self) -> i64 {
        // Before 1970 only by a broken clock, and calendar time decides nothing.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    async fn sleep(&self, after: Millis) {
        tokio::time::sleep(after.duration()).await;
    }
}

/// UUIDv7 in base 32: later ids sort behind earlier ones.
pub struct RandomIds;

fn tail() -> String {
    BASE32HEX_NOPAD
        .encode(uuid::Uuid::now_v7().as_bytes())
        .to_lowercase()
}

impl Ids for RandomIds {
    fn deployment(&self) -> DeploymentId {
        DeploymentId::from_tail(&tail()).expect("base 32 is letters and digits")
    }

    fn instance(&self) -> InstanceId {
        InstanceId::from_tail(&tail()).expect("base 32 is letters and digits")
    }
}

/// Tasks of the current [`tokio::task::LocalSet`]; they end when it is dropped.
pub struct LocalTasks;

impl Spawner for LocalTasks {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()>>>) {
        drop(tokio::task::spawn_local(task));
    }
}
