//! The router's own probes: which instances are ready now.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use windlass_model::{Probe, ProbeKind, Speaks};

use crate::core::Core;
use crate::limits::PROBE_EVERY;
use crate::live::{InstanceState, is_probed};
use crate::multiplexed::Here;
use crate::origin::is_own_lack;
use crate::watch::Alarm;

/// Probes every instance that a table names, and no other, until it is dropped.
pub(crate) async fn watch(core: Arc<Core>) {
    let mut swapped = core.swapped.subscribe();
    let mut tasks = JoinSet::new();
    let mut asked: BTreeMap<u64, (Probe, AbortHandle)> = BTreeMap::new();
    loop {
        swapped.mark_unchanged();
        let wanted = wanted(&core);
        asked.retain(|number, (probe, task)| {
            let same = wanted.get(number).is_some_and(|(_, now)| now == probe);
            if !same {
                task.abort();
            }
            same
        });
        for (number, (instance, probe)) in wanted {
            asked.entry(number).or_insert_with(|| {
                let task = tasks.spawn_local(ask(instance, probe.clone(), core.alarm.clone()));
                (probe, task)
            });
        }
        while tasks.try_join_next().is_some() {}
        if swapped.changed().await.is_err() {
            return;
        }
    }
}

/// Asks every instance that a table names until it answers well once, and holds it for ready then. Returns
/// when all have.
pub(crate) async fn see(core: Arc<Core>) {
    let mut tasks = JoinSet::new();
    for (instance, probe) in wanted(&core).into_values() {
        tasks.spawn_local(async move {
            while !matches!(once(&instance, &probe).await, Saw::Good) {
                sleep(PROBE_EVERY).await;
            }
            instance.set_ready(true);
        });
    }
    while tasks.join_next().await.is_some() {}
}

fn wanted(core: &Core) -> BTreeMap<u64, (Arc<InstanceState>, Probe)> {
    let live = core.live.load();
    let slots = live.services.values().flat_map(|entry| &entry.slots);
    slots
        .filter(|slot| is_probed(&slot.probe))
        .flat_map(|slot| {
            let probe = &slot.probe;
            let of_slot = slot.instances.iter();
            of_slot.map(move |i| (i.number, (i.clone(), probe.clone())))
        })
        .collect()
}

/// Asks one instance again and again.
async fn ask(instance: Arc<InstanceState>, probe: Probe, alarm: Arc<Alarm>) {
    let mut against = 0u16;
    loop {
        let saw = once(&instance, &probe).await;
        let good = saw == Saw::Good;
        if let Saw::Nothing(why) = &saw {
            tracing::debug!(instance.id = %instance.id, %why, "nothing left to probe with");
        } else if good == instance.is_ready() {
            against = 0;
        } else {
            against = against.saturating_add(1);
            let needed = if good { probe.rise } else { probe.fall };
            if against >= needed {
                against = 0;
                let lapse = (!good).then(|| saw.to_string());
                instance.turn(lapse);
                // A candidate may be gone, or what it would go back to may be there again.
                alarm.ring();
                tracing::info!(instance.id = %instance.id, target.addr = %instance.address, ready = good, %saw, "readiness changed");
            }
        }
        sleep(probe.every.duration().max(PROBE_EVERY)).await;
    }
}

/// What one probe saw.
#[derive(Debug, PartialEq, Eq)]
enum Saw {
    Good,
    Bad(String),
    /// Nothing, for want of what this router needs to look: that says nothing of the instance.
    Nothing(String),
}

impl fmt::Display for Saw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("a good answer"),
            Self::Bad(why) | Self::Nothing(why) => f.write_str(why),
        }
    }
}

async fn once(instance: &InstanceState, probe: &Probe) -> Saw {
    let answer = async {
        let stream = TcpStream::connect(instance.address).await?;
        match &probe.kind {
            ProbeKind::Tcp | ProbeKind::Alive { .. } | ProbeKind::Command { .. } => Ok(200),
            ProbeKind::Http { path, speaks } => {
                // A table of an older router says so of the slot alone.
                if [*speaks, instance.speaks].contains(&Speaks::Http2) {
                    status_multiplexed(stream, instance, path).await
                } else {
                    status(stream, instance, path).await
                }
            }
        }
    };
    match timeout(probe.timeout.duration(), answer).await {
        Err(_late) => Saw::Bad(format!("no answer in {}", probe.timeout)),
        Ok(Err(why)) if is_own_lack(&why) => Saw::Nothing(why.to_string()),
        Ok(Err(why)) => Saw::Bad(why.to_string()),
        Ok(Ok(200..=399)) => Saw::Good,
        Ok(Ok(status)) => Saw::Bad(format!("HTTP {status}")),
    }
}

/// The status of an answer, while its connection is driven.
async fn answered(
    connection: impl Future,
    answer: impl Future<Output = hyper::Result<Response<Incoming>>>,
) -> io::Result<u16> {
    let mut answer = std::pin::pin!(answer);
    let answer = tokio::select! {
        biased;
        answer = answer.as_mut() => answer,
        _ended = connection => answer.await,
    };
    Ok(answer.map_err(io::Error::other)?.status().as_u16())
}

/// The same in HTTP/2.
async fn status_multiplexed(
    stream: TcpStream,
    instance: &InstanceState,
    path: &str,
) -> io::Result<u16> {
    let request = Request::get(format!("http://{}{path}", instance.address))
        .header("user-agent", "windlass-router")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(Here, TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
    answered(connection, sender.send_request(request)).await
}

/// The status of a GET on a connection of its own.
async fn status(stream: TcpStream, instance: &InstanceState, path: &str) -> io::Result<u16> {
    let request = Request::get(path)
        .header("host", instance.address.to_string())
        .header("user-agent", "windlass-router")
        .header("connection", "close")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    answered(connection, sender.send_request(request)).await
}
