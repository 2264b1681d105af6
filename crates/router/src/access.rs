//! What the access log is told of a request: noted as it goes, handed over when its answer ends.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hyper::header::{HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri, Version};
use windlass_model::{InstanceId, ServiceKey};

use crate::asked::Asked;
use crate::connection::Line;
use crate::core::{Core, locked};
use crate::doors::Destination;
use crate::limits::ACCESS_QUEUE;
use crate::live::InstanceState;
use crate::ticket::Ticket;
use crate::ticks::Who;

/// One request, as it is written down. What it shares with the request costs nothing to take.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) at_us: i64,
    pub(crate) request_id: HeaderValue,
    pub(crate) client: IpAddr,
    pub(crate) listener: SocketAddr,
    pub(crate) scheme: &'static str,
    pub(crate) version: Version,
    pub(crate) method: Method,
    pub(crate) host: Option<HeaderValue>,
    pub(crate) uri: Uri,
    /// Whether its query is wanted.
    pub(crate) query: bool,
    /// None for nobody's.
    pub(crate) who: Option<Arc<Who>>,
    pub(crate) instance: Option<InstanceId>,
    pub(crate) status: u16,
    /// The code of the router's own answer.
    pub(crate) error: Option<HeaderValue>,
    /// Of the answer's body.
    pub(crate) bytes: u64,
    /// Whether the answer came to its end.
    pub(crate) whole: bool,
    pub(crate) phases: Phases,
}

/// How long each part took, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Phases {
    /// Until a connection to an instance was had; none if none was.
    pub(crate) connect: Option<u64>,
    /// From then to the answer's head.
    pub(crate) answer: u64,
    /// From then to the end of its body.
    pub(crate) body: u64,
}

/// Chooses an exact share of the requests of each service that one data thread has.
#[derive(Debug, Default)]
pub(crate) struct Sampled {
    services: RefCell<BTreeMap<ServiceKey, u8>>,
    nobodys: Cell<u8>,
}

impl Sampled {
    /// Whether the next one of a service is chosen, with a share in hundredths; of nobody's where none is named.
    fn next(&self, service: Option<&ServiceKey>, share: u8) -> bool {
        let Some(service) = service else {
            let (sum, chosen) = with(self.nobodys.get(), share);
            self.nobodys.set(sum);
            return chosen;
        };
        let mut services = self.services.borrow_mut();
        if let Some(sum) = services.get_mut(service) {
            let (next, chosen) = with(*sum, share);
            *sum = next;
            return chosen;
        }
        let (sum, chosen) = with(0, share);
        services.insert(service.clone(), sum);
        chosen
    }
}

/// What is left of a sum of shares with one more, and whether that made a whole.
fn with(sum: u8, share: u8) -> (u8, bool) {
    let sum = sum + share.min(100);
    (sum % 100, sum >= 100)
}

/// A request on its way to the log. Dropping it hands over what is known.
pub(crate) struct Told {
    core: Arc<Core>,
    access: Option<Box<Access>>,
    begun: Instant,
    /// Who has it, and since when it had a connection there.
    reached: RefCell<Option<(Arc<Who>, InstanceId, Instant)>>,
    head: Option<Instant>,
    end: Option<Instant>,
}

impl Told {
    /// None for a request that nobody wants written down.
    pub(crate) fn begin<B>(
        line: &Rc<Line>,
        request: &Request<B>,
        asked: &Asked,
    ) -> Option<Box<Self>> {
        let core = &line.thread.core;
        let (log, who) = {
            let live = core.live.load();
            let behind = live.doors.get(&line.listener)?;
            let most = behind.log?;
            let to = Destination::new(line.listener, request.uri(), request.headers());
            match behind.find(&to) {
                // Nobody's requests are for whoever wants most.
                None => (most, None),
                Some(entry) => {
                    let places = entry.route.listeners.iter();
                    let here = places.filter(|listen| listen.address == line.listener);
                    let log = here.filter_map(|listen| listen.access_log).max()?;
                    (log, Some(entry.service.who.clone()))
                }
            }
        };
        let service = who.as_deref().map(|who: &Who| &who.service);
        if !line.thread.sampled.next(service, log.share.get()) {
            return None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let at_us = now.map_or(0, |since| since.as_micros());
        let access = Access {
            at_us: i64::try_from(at_us).unwrap_or(i64::MAX),
            request_id: asked.id.clone(),
            client: line.client.address,
            listener: line.listener,
            scheme: line.client.scheme,
            version: request.version(),
            method: request.method().clone(),
            host: request.headers().get(HOST).cloned(),
            uri: request.uri().clone(),
            query: log.query,
            who,
            instance: None,
            status: 0,
            error: None,
            bytes: 0,
            whole: false,
            phases: Phases::default(),
        };
        Some(Box::new(Self {
            core: core.clone(),
            access: Some(Box::new(access)),
            begun: Instant::now(),
            reached: RefCell::new(None),
            head: None,
            end: None,
        }))
    }

    /// Notes an instance to which there is a connection.
    pub(crate) fn reached(&self, ticket: &Ticket, instance: &InstanceState) {
        let reached = (ticket.who().clone(), instance.id.clone(), Instant::now());
        self.reached.replace(Some(reached));
    }

    /// Notes the head of the answer, and the code of one of the router's own.
    pub(crate) fn answered(&mut self, status: StatusCode, code: Option<HeaderValue>) {
        self.head = Some(Instant::now());
        if let Some(access) = &mut self.access {
            access.status = status.as_u16();
            access.error = code;
            // Nobody asks for what stands in the place of its body.
            if access.method == Method::HEAD {
                self.ended();
            }
        }
    }

    /// Notes a part of the body.
    pub(crate) fn passed(&mut self, bytes: usize) {
        if let Some(access) = &mut self.access {
            access.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        }
    }

    /// Notes that the answer is whole.
    pub(crate) fn ended(&mut self) {
        self.end.get_or_insert_with(Instant::now);
        if let Some(access) = &mut self.access {
            access.whole = true;
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let Some(mut access) = self.access.take() else {
            return;
        };
        let micros = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX)
        };
        let end = self.end.unwrap_or_else(Instant::now);
        let head = self.head.unwrap_or(end);
        let reached = self.reached.take();
        access.phases = Phases {
            connect: reached.as_ref().map(|(_, _, at)| micros(self.begun, *at)),
            answer: micros(reached.as_ref().map_or(self.begun, |(_, _, at)| *at), head),
            body: micros(head, end),
        };
        if let Some((who, instance, _)) = reached {
            access.who = Some(who);
            access.instance = Some(instance);
        }
        self.core.access.put(access);
    }
}

/// Requests on their way from the data threads to the one that writes.
pub(crate) struct AccessQueue {
    put: SyncSender<Put>,
    taken: Mutex<Option<Receiver<Put>>>,
    /// Those for which there was no room.
    missing: AtomicU64,
    over: AtomicBool,
}

/// What is handed over.
pub(crate) enum Put {
    Access(Box<Access>),
    /// Nothing comes after it.
    End,
}

impl AccessQueue {
    pub(crate) fn new() -> Self {
        let (put, taken) = sync_channel(ACCESS_QUEUE);
        Self {
            put,
            taken: Mutex::new(Some(taken)),
            missing: AtomicU64::new(0),
            over: AtomicBool::new(false),
        }
    }

    /// Waits for nothing: where there is no room it is only counted.
    fn put(&self, access: Box<Access>) {
        match self.put.try_send(Put::Access(access)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.missing.fetch_add(1, Relaxed);
            }
        }
    }

    /// How many there was no room for since the last call.
    pub(crate) fn missing(&self) -> u64 {
        self.missing.swap(0, Relaxed)
    }

    /// The end at which they come out; none after the first call.
    pub(crate) fn take(&self) -> Option<Receiver<Put>> {
        locked(&self.taken).take()
    }

    /// Has what waits written, and then nothing more. Called once the data threads have ended.
    pub(crate) fn end(&self) {
        self.over.store(true, Relaxed);
        // Only a nudge: without room for it, the writer finds out when it has written all.
        self.put.try_send(Put::End).ok();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exact_in_any_hundred_of_each_service_whoever_asks_between() {
        let key = |name: &str| ServiceKey::try_from(format!("shop/default/{name}")).expect("a key");
        let (one, two) = (key("one"), key("two"));
        for share in [1, 7, 50, 99, 100] {
            let sampled = Sampled::default();
            for _ in 0..5 {
                let mut chosen = [0; 3];
                for _ in 0..100 {
                    for (of, service) in [Some(&one), None, Some(&two)].into_iter().enumerate() {
                        chosen[of] += usize::from(sampled.next(service, share));
                    }
                }
                assert_eq!(chosen, [usize::from(share); 3]);
            }
        }
    }
}
