//! How the requests of a service are treated on their way, beside how they are split.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{Millis, Percent, Token};

/// The traffic policy of one service. Nothing is said of it in what travels or is stored where it is
/// as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Traffic {
    /// What keeps a visitor at one release while two share the traffic; none: each request takes its
    /// turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// Whose requests go to the candidate whatever its share: those that one entry fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidate_for: Vec<Fits>,
    /// How much is taken.
    #[serde(default, skip_serializing_if = "RequestLimits::are_usual")]
    pub limits: RequestLimits,
    /// How long what may take.
    #[serde(default, skip_serializing_if = "Timeouts::are_usual")]
    pub timeouts: Timeouts,
    /// When an instance that fails is left alone.
    #[serde(default, skip_serializing_if = "Eject::is_usual")]
    pub eject: Eject,
    /// How requests are sent again that an instance may have had; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// Who gets copies of requests; none: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Mirror>,
    /// What is said while it is worked on.
    #[serde(default, skip_serializing_if = "Maintenance::is_usual")]
    pub maintenance: Maintenance,
}

impl Traffic {
    /// Whether it is what nobody has to say.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Whether each request takes its turn, so that their shares are those of the split.
    pub const fn deals_by_turn(&self) -> bool {
        self.sticky.is_none() && self.candidate_for.is_empty()
    }
}

/// What clients are told while a service is worked on; none: the router's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Maintenance {
    /// A line for people, whatever form they read it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The page itself for those who read HTML: not its file, so that a table never waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// When it is worth another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Millis>,
}

impl Maintenance {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What keeps a visitor at one release while two share the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sticky {
    /// A cookie that the router sets.
    Cookie,
    /// The value of a header of this name; a request without it takes its turn.
    Header(Token),
}

/// A kind of request. All that it names must be so; what it does not name is as it likes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fits {
    /// One of these; none: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Token>,
    /// Headers, by name in any case, and their whole values; [`Fits::ANY`] stands for any value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<Token, String>,
    /// Cookies, likewise, their names as written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cookies: BTreeMap<Token, String>,
}

impl Fits {
    /// The value that stands for any.
    pub const ANY: &'static str = "*";
}

/// How much of a service's requests is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestLimits {
    /// Requests and tunnels at once, per router; none: no limit of the service's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u16>,
    /// Bytes of a request's body; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<u64>,
    /// Bytes of a request's target and headers; none: what the router takes of anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<u64>,
}

impl RequestLimits {
    fn are_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// How long a service's instances and its clients may take; none: what the router gives anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timeouts {
    /// To accept a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Millis>,
    /// To begin an answer, from the last byte of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Millis>,
    /// Longest silence inside an answer's body; in a tunnel, of both sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Millis>,
    /// Longest pause of a client inside its request's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Millis>,
    /// Longest time that a client takes nothing of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<Millis>,
}

impl Timeouts {
    fn are_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// When an instance that fails several times in a row is left alone, as long as at least half of its
/// slot's are not; none: what the router does for anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Eject {
    /// Failures in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u16>,
    /// For how long.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub within: Option<Millis>,
}

impl Eject {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// How requests are sent again that change nothing when they come twice, and have no body, if an
/// instance broke off or could not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retries {
    /// How often each.
    pub at_most: u16,
    /// How many of all, beside a few.
    pub budget: Percent,
}

impl Default for Retries {
    /// Once, and one request in five.
    fn default() -> Self {
        Self {
            at_most: 1,
            budget: Percent::new(20).expect("less than a hundred"),
        }
    }
}

/// Who gets copies of requests that ask for something and have no body. Its answers are not waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mirror {
    /// Where it is; it speaks HTTP/1.1.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub to: SocketAddr,
    /// Of how many.
    pub share: Percent,
}
