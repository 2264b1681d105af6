//! Health, as the host says it is.

use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;
use windlass_edge::{Examined, Prober};
use windlass_model::{Instance, Millis, Probe, ProbeKind, Probed};

use crate::target::{Host, Listener};
use crate::time::pass;

/// How long an answer takes.
const ANSWER: Millis = Millis::from_millis(1);

/// Answers from the state of a [`Host`].
#[derive(Clone, Debug)]
pub struct FakeProber {
    host: Rc<Host>,
}

impl FakeProber {
    /// Asks the instances of `host`.
    pub fn new(host: &Rc<Host>) -> Self {
        Self {
            host: Rc::clone(host),
        }
    }
}

fn unready(saw: &str) -> Probed {
    Probed::Unready {
        saw: saw.to_owned(),
    }
}

#[async_trait(?Send)]
impl Prober for FakeProber {
    async fn probe(&self, probe: &Probe, instance: &Instance) -> Probed {
        pass(ANSWER).await;
        match (self.host.listens(instance), &probe.kind) {
            (Listener::Nobody, _) => unready("connection refused"),
            (Listener::Foreign, _)
            | (
                Listener::Own,
                ProbeKind::Tcp | ProbeKind::Alive { .. } | ProbeKind::Command { .. },
            ) => Probed::Ready,
            (Listener::Own, ProbeKind::Http { .. }) if self.host.is_ready(&instance.id) => {
                Probed::Ready
            }
            (Listener::Own, ProbeKind::Http { .. }) => unready("HTTP 503"),
        }
    }

    async fn examine(&self, probe: &Probe, instance: &Instance) -> Examined {
        let whole = self.probe(probe, instance).await;
        let parts = match &whole {
            Probed::Ready => self.host.told.said(&instance.id),
            Probed::Unready { .. } => BTreeMap::new(),
        };
        Examined { whole, parts }
    }
}
