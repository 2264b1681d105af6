//! One request: enter the table, reach an instance, send, answer.

use std::rc::Rc;
use std::sync::Arc;

use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue, SET_COOKIE};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use tokio::time::{Instant, sleep};

use crate::access::Told;
use crate::answer::AnswerBody;
use crate::asked::Asked;
use crate::connection::Line;
use crate::counts::{Came, Head};
use crate::doors::{Behind, Destination};
use crate::frames;
use crate::head::Fault;
use crate::headers;
use crate::limits::{ACCEPT_PAUSE, CONNECT_BUDGET, CONNECT_TRIES, SEND_TRIES};
use crate::live::InstanceState;
use crate::maintenance;
use crate::mirror::{self, Marks};
use crate::origin;
use crate::outgoing::{Outgoing, wish};
use crate::pool::{Care, Lent};
use crate::refused::{Refused, WINDLASS_ERROR};
use crate::sending::{Lost, Reached, Sent, send};
use crate::standing::{Standing, has_no_room};
use crate::ticket::{NotEntered, Ticket};
use crate::tunnel::Tunnel;
use crate::unshared::Unshared;
use crate::waiting::{enter, enter_again};

/// Answers one request of a connection; one with a `fault` is refused.
pub(crate) async fn respond(
    line: &Rc<Line>,
    mut request: Request<Incoming>,
    fault: Option<Fault>,
) -> Response<AnswerBody> {
    let begun = std::time::Instant::now();
    let asked = Asked::of(request.headers_mut(), &line.thread.names);
    let busy = line.begin();
    let core = &line.thread.core;
    let told = if fault.is_none() {
        Told::begin(line, &request, &asked)
    } else {
        None
    };
    let exchanged = if let Some(fault) = fault {
        let live = core.live.load();
        let behind = live.doors.get(&line.listener);
        // One that can't be read can't be asked whose it is.
        let only = behind.and_then(Behind::only);
        let service = only.map(|entry| entry.service.clone());
        Err(NotEntered::new(fault.into(), service))
    } else {
        exchange(line, request, begun, told.as_deref()).await
    };
    let is_own = exchanged.is_err();
    let mut answer = exchanged.unwrap_or_else(|not| own(line, not, &asked, begun));
    answer.body_mut().keep_busy(busy);
    if let Some(mut told) = told {
        // That of an instance may carry another router's, or say what it likes.
        let code = answer.headers().get(WINDLASS_ERROR).filter(|_| is_own);
        told.answered(answer.status(), code.cloned());
        answer.body_mut().tell(told);
    }
    answer
}

/// An answer of the router's own, counted as such.
fn own(
    line: &Line,
    not: NotEntered,
    asked: &Asked,
    begun: std::time::Instant,
) -> Response<AnswerBody> {
    let head = Head {
        status: not.why.status().as_u16(),
        after: begun.elapsed(),
    };
    let service = not.service.as_ref();
    let counts = service.map_or(&line.thread.core.nobodys, |service| &service.own);
    counts.answer(line.thread.shard, Came::Timely, head);
    if let Some(service) = not.service.filter(|_| not.why == Refused::Maintenance)
        && let Some(entry) = line
            .thread
            .core
            .live
            .load()
            .services
            .get(&service.who.service)
    {
        return maintenance::answer(&entry.route.traffic.maintenance, asked);
    }
    not.why.answer(asked)
}

/// What was tried for one request so far.
struct Tries {
    /// Instances that could not be connected to, or failed.
    left: Vec<u64>,
    /// A kept connection has failed: take a new one.
    fresh: bool,
    sends: usize,
    since: Instant,
}

impl Tries {
    /// Whether a request may be sent once more that was lost. What went out is charged to its service's budget,
    /// counted and judged, for it is load, and may be all that is wrong with a release.
    fn resends(&mut self, lost: Lost, ticket: &mut Ticket) -> bool {
        if self.sends >= SEND_TRIES || !ticket.affords_again(lost) {
            return false;
        }
        self.sends += 1;
        // What was handed back went to a connection that is known now to be closed; another one may do.
        self.fresh = lost != Lost::Unsent || self.sends > 1;
        match lost {
            Lost::Unsent => {}
            Lost::Refused => ticket.next_attempt(),
            Lost::Stale => {
                ticket.broke();
                ticket.next_attempt();
            }
        }
        true
    }

    /// Asks another instance next, if the slot has one.
    fn leave(&mut self, instance: u64, ticket: &Ticket) {
        self.fresh = true;
        self.left.push(instance);
        if ticket.instance(&self.left).is_none() {
            self.left.clear();
        }
    }
}

async fn exchange(
    line: &Rc<Line>,
    request: Request<Incoming>,
    begun: std::time::Instant,
    told: Option<&Told>,
) -> Result<Response<AnswerBody>, NotEntered> {
    let thread = &line.thread;
    let to = Destination::new(line.listener, request.uri(), request.headers());
    let body = request.extensions().get::<Arc<Standing>>().cloned();
    let mut ticket = enter(thread, (wish(&to, &request), body.as_deref()), begun).await?;
    line.pauses.set(ticket.terms());
    ticket.brings();
    let marks = ticket
        .mirror()
        .map(|_looks_on| Marks::of(request.headers(), &line.client));
    let (mut outgoing, upgrade) = Outgoing::new(request, line, &ticket);
    let mut spare = ticket.spare(&outgoing, upgrade.is_some());
    if let (Some(mirror), Some(marks), None) = (ticket.mirror(), &marks, &upgrade) {
        mirror::copy(thread, (mirror, marks), &outgoing);
    }
    let mut tries = Tries {
        left: Vec::new(),
        fresh: false,
        sends: 0,
        since: ticket.begun().into(),
    };
    loop {
        let (entered, instance, reached) =
            reach(line, (ticket, &to), &outgoing, &mut tries).await?;
        ticket = entered;
        let number = instance.number;
        if let Some(told) = told {
            told.reached(&ticket, &instance);
        }
        // What has a body may wait for its client.
        if outgoing.body.is_end_stream() {
            ticket.awaits_answer();
        } else {
            ticket.follow(&outgoing.progress);
        }
        let sent = tokio::select! {
            biased;
            () = ticket.cut() => Sent::Failed(Refused::Drained),
            () = has_no_room(body.as_deref()) => Sent::Failed(Refused::NoRoom),
            sent = send(line, instance, reached, (outgoing, ticket.terms())) => sent,
        };
        outgoing = match sent {
            Sent::Again(lost, back) if tries.resends(lost, &mut ticket) => *back,
            sent => {
                let again = spare.as_mut().filter(|_| sent.may_pass());
                let paid = again.is_some_and(|spare| ticket.affords(spare));
                let Some(spare) = spare.as_ref().filter(|_| paid) else {
                    return ended(line, ticket, sent, upgrade);
                };
                note(&mut ticket, &sent);
                tries.leave(number, &ticket);
                Outgoing::again(spare)
            }
        };
        ticket = enter_again(thread, ticket, outgoing.wish(&to)).await?;
    }
}

/// Ends a request with what became of it.
fn ended(
    line: &Rc<Line>,
    ticket: Ticket,
    sent: Sent,
    upgrade: Option<OnUpgrade>,
) -> Result<Response<AnswerBody>, NotEntered> {
    match sent {
        Sent::Answered(answered) => {
            let (response, lent) = *answered;
            answer(line, ticket, response, lent, upgrade)
        }
        Sent::Again(..) => Err(broken(ticket, Refused::AnswerBroken)),
        Sent::Failed(why) => Err(broken(ticket, why)),
    }
}

/// Has what an attempt came to counted and judged, if another one follows.
fn note(ticket: &mut Ticket, sent: &Sent) {
    match sent {
        Sent::Answered(answered) => {
            let (response, lent) = &**answered;
            ticket.answered(response.status().as_u16(), lent.progress.last().into_std());
        }
        Sent::Again(..) | Sent::Failed(_) => ticket.broke(),
    }
    ticket.next_attempt();
}

/// Ends a request that an instance did not answer.
fn broken(mut ticket: Ticket, why: Refused) -> NotEntered {
    if why.is_no_evidence() {
        ticket.told();
    } else if why != Refused::BadRequest {
        ticket.broke();
    }
    // What can't be read is mostly a body that its client broke off: it counts as left.
    NotEntered::new(why, Some(ticket.service()))
}

/// Finds a connection to an instance of the ticket's slot; re-enters the table before each attempt
/// after the first.
async fn reach(
    line: &Line,
    (mut ticket, to): (Ticket, &Destination),
    outgoing: &Outgoing,
    tries: &mut Tries,
) -> Result<(Ticket, Arc<InstanceState>, Reached), NotEntered> {
    let care = if outgoing.repeatable {
        Care::Repeatable
    } else {
        Care::OnlyOnce
    };
    loop {
        let Some(instance) = ticket.instance(&tries.left) else {
            return Err(unreachable(ticket));
        };
        let unshared = Unshared::at(&instance, outgoing, &line.thread.core.outlets);
        if !tries.fresh
            && let Some(link) = line.thread.pool.take(&instance, care, unshared).await
        {
            return Ok((ticket, instance, Reached::kept(link, unshared)));
        }
        let within = ticket.terms().connect;
        match origin::connect(&instance, within, &line.thread.core.outlets).await {
            Ok(link) => {
                ticket.connected();
                if unshared.is_none() {
                    line.thread.pool.share(&link, &instance);
                }
                return Ok((ticket, instance, Reached::opened(link, unshared)));
            }
            Err(why) if origin::is_own_lack(&why) => {
                tracing::debug!(%why, "nothing left to connect with");
                if tries.since.elapsed() >= CONNECT_BUDGET {
                    ticket.told();
                    let service = Some(ticket.service());
                    return Err(NotEntered::new(Refused::NoCapacity, service));
                }
                // No evidence against the instance: others end, and then there is something again.
                line.thread.pool.let_go();
                sleep(ACCEPT_PAUSE).await;
                ticket = enter_again(&line.thread, ticket, outgoing.wish(to)).await?;
                continue;
            }
            Err(why) => {
                tracing::debug!(instance.id = %instance.id, target.addr = %instance.address, %why, "could not connect");
                ticket.connect_failed();
                instance.resting.failed(ticket.terms());
                tries.left.push(instance.number);
            }
        }
        let enough = tries.left.len() >= CONNECT_TRIES;
        if enough || tries.since.elapsed() >= CONNECT_BUDGET {
            return Err(unreachable(ticket));
        }
        ticket = enter_again(&line.thread, ticket, outgoing.wish(to)).await?;
    }
}

fn unreachable(mut ticket: Ticket) -> NotEntered {
    ticket.unreachable();
    NotEntered::new(Refused::ConnectFailed, Some(ticket.service()))
}

/// Passes an instance's answer on. One without a body is whole with its head: an instance that speaks HTTP/2
/// may end its stream later, and whoever sends the head on does not ask for that.
fn answer(
    line: &Rc<Line>,
    mut ticket: Ticket,
    mut response: Response<Incoming>,
    mut lent: Lent,
    upgrade: Option<OnUpgrade>,
) -> Result<Response<AnswerBody>, NotEntered> {
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let instance = switches.then(|| hyper::upgrade::on(&mut response));
    let (mut head, body) = response.into_parts();
    if headers::to_client(&mut head).is_err() {
        return Err(broken(ticket, Refused::AnswerBroken));
    }
    let tunnel = match (instance, upgrade) {
        (None, _) => None,
        (Some(instance), Some(client)) => Some((client, instance)),
        // A switch that nobody asked for.
        (Some(_), None) => return Err(broken(ticket, Refused::AnswerBroken)),
    };
    if let Some(cookie) = ticket.cookie(line.client.scheme == "https") {
        head.headers.append(SET_COOKIE, cookie);
    }
    if tunnel.is_none() && (lent.progress.is_held() || lent.progress.leaves_much()) {
        // It may send what it was not told to send, or its next request: nobody could tell (RFC 9112, 9.3).
        let last = HeaderValue::from_static("close");
        head.headers.insert(CONNECTION, last);
    }
    ticket.answered(head.status.as_u16(), lent.progress.last().into_std());
    let Some((client, instance)) = tunnel else {
        let body = if lent.is_bare {
            ticket.told();
            if lent.goes_on(&body) {
                lent.see_end(body);
            } else {
                lent.give_back();
            }
            AnswerBody::none()
        } else {
            AnswerBody::origin(body, ticket, lent)
        };
        return Ok(Response::from_parts(head, body));
    };
    // Either side may end a tunnel.
    ticket.told();
    lent.switched();
    let permit = line.permit.clone();
    let tunnel = Tunnel {
        client,
        instance,
        frames: frames::of(&head.headers),
    };
    // Ends with either side or with the slot's time; ticket and permit keep the drain and the thread
    // until then.
    tokio::task::spawn_local(async move {
        if let Err(why) = tunnel.carry(ticket).await {
            tracing::debug!(%why, "a tunnel ended");
        }
        drop((permit, lent));
    });
    Ok(Response::from_parts(head, AnswerBody::none()))
}
