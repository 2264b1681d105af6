//! A request on its way to an instance.

use std::rc::Rc;
use std::sync::Arc;

use hyper::body::{Body, Incoming};
use hyper::http::request;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request};

use crate::choice::Says;
use crate::connection::Line;
use crate::doors::Destination;
use crate::expectation::Expectation;
use crate::headers;
use crate::inflow::Open;
use crate::retry::Spare;
use crate::standing::Standing;
use crate::terms::Size;
use crate::ticket::{Ticket, Wish};
use crate::upload::{Progress, Upload};

/// A request as it goes to an instance.
pub(crate) struct Outgoing {
    pub(crate) head: request::Parts,
    pub(crate) body: Upload,
    pub(crate) progress: Rc<Progress>,
    /// It can be sent again although it may have arrived: it changes nothing and has no body.
    pub(crate) repeatable: bool,
    /// Its connection takes no other request: an instance that has no use for its body may take
    /// that for the next one.
    pub(crate) last: bool,
}

/// Whether servers expect a body with this method, and read it (RFC 9110, 9.3).
fn takes_a_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

impl Outgoing {
    /// Makes one of a client's request as the slot that it entered takes them; and where the client's
    /// connection goes if both switch to another protocol.
    pub(crate) fn new(
        mut request: Request<Incoming>,
        line: &Line,
        ticket: &Ticket,
    ) -> (Self, Option<OnUpgrade>) {
        let last = !takes_a_body(request.method()) && !request.body().is_end_stream();
        let wanted = headers::wanted_upgrade(request.headers(), request.version());
        let wanted = wanted.filter(|_| !last);
        let upgrade = wanted.is_some().then(|| hyper::upgrade::on(&mut request));
        let expectation = Expectation::of(&mut request);
        let (mut head, body) = request.into_parts();
        let standing = head.extensions.remove::<Arc<Standing>>();
        let open = standing.map_or_else(|| Open::InTurn(line.inflow.clone()), Open::Multiplexed);
        headers::to_instance(&mut head, &line.client, wanted);
        let safe = head.method == Method::GET || head.method == Method::HEAD;
        let repeatable = safe && body.is_end_stream() && upgrade.is_none();
        if last {
            headers::end_after(&mut head.headers);
        }
        let room = ticket.terms().body;
        let (mut body, progress) = Upload::new((body, open), room, ticket.begun().into());
        if let Some(expectation) = expectation {
            body.hold(expectation);
        }
        let outgoing = Self {
            head,
            body,
            progress,
            repeatable,
            last,
        };
        (outgoing, upgrade)
    }

    /// The same again, of one without a body.
    pub(crate) fn again(spare: &Spare) -> Self {
        let (body, progress) = Upload::nothing();
        Self {
            head: spare.head.clone(),
            body,
            progress,
            repeatable: true,
            last: false,
        }
    }

    /// What it wants when it enters again.
    pub(crate) fn wish<'r>(&'r self, to: &'r Destination) -> Wish<'r> {
        let says = Says {
            method: &self.head.method,
            headers: &self.head.headers,
        };
        Wish {
            to,
            says,
            size: None,
        }
    }
}

/// What a request wants that has just come.
pub(crate) fn wish<'r>(to: &'r Destination, request: &'r Request<Incoming>) -> Wish<'r> {
    let (method, headers) = (request.method(), request.headers());
    let size = Size {
        uri: request.uri(),
        headers,
        body: request.body().size_hint().exact(),
    };
    Wish {
        to,
        says: Says { method, headers },
        size: Some(size),
    }
}
