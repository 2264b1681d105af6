//! Every refusal that a client can meet: its code, its HTTP status and what it means.
//!
//! The API's document is made from this table, and a test holds it against the runtime's own problems.

/// One row: a code, the status it travels with, and what it means.
pub(crate) type Refusal = (&'static str, u16, &'static str);

/// A code may be in it with two statuses.
pub(crate) const REFUSALS: [Refusal; 62] = [
    ("WL01xx", 422, "the file has problems"),
    ("WL0301", 503, "the controller is ending"),
    ("WL0302", 429, "the controller is busy"),
    ("WL0303", 500, "the journal can't be read or written"),
    ("WL0304", 409, "another deployment runs here"),
    ("WL0305", 409, "the plan is stale"),
    ("WL0306", 404, "there is no such plan"),
    ("WL0307", 404, "there is no such deployment"),
    ("WL0308", 404, "there is no such service or environment"),
    ("WL0489", 404, "there is no such log any more"),
    ("WL0309", 409, "the application belongs to another folder"),
    ("WL0310", 422, "labels or addresses make a plan impossible"),
    ("WL0311", 422, "a release can't be kept"),
    ("WL0312", 503, "no address is left for an instance"),
    ("WL0313", 409, "the command no longer applies"),
    ("WL0314", 500, "the deployment's journal is damaged"),
    ("WL0315", 500, "something would not go down"),
    ("WL0316", 502, "the router can't be asked"),
    ("WL0325", 422, "the file says nothing of a score"),
    ("WL0330", 409, "the journal is older than what runs"),
    ("WL0331", 409, "there is nothing to adopt"),
    ("WL0332", 502, "what runs can't be seen"),
    ("WL0340", 409, "a person has halted every raise"),
    ("WL0341", 429, "too many deployments wait here already"),
    (
        "WL0342",
        409,
        "the wait for the deployment that runs ran out",
    ),
    ("WL0343", 409, "what should be superseded can't go back"),
    ("WL0344", 409, "nothing was promoted here yet"),
    ("WL0345", 409, "there is nothing to go back to"),
    ("WL0346", 409, "the kept files are not what was promoted"),
    ("WL0347", 409, "the service can't be taken away"),
    ("WL0348", 409, "the deployment has not ended"),
    (
        "WL0349",
        500,
        "what the deployment has left could not be dropped",
    ),
    ("WL0350", 409, "only giving up mends this deployment"),
    ("WL0351", 409, "a service that is needed is not ready"),
    ("WL0352", 409, "the deployment was abandoned"),
    ("WL0353", 409, "another deployment runs"),
    (
        "WL0354",
        409,
        "only a failed candidate is left of the service",
    ),
    ("WL0360", 400, "the request can't be understood"),
    ("WL0361", 404, "there is nothing at this path"),
    ("WL0362", 405, "this path has another method"),
    ("WL0363", 413, "the body is too long"),
    ("WL0364", 408, "the body did not arrive in time"),
    ("WL0365", 415, "the body is not JSON"),
    ("WL0366", 401, "a token is needed"),
    ("WL0367", 403, "the token does not allow this"),
    ("WL0368", 429, "too many requests"),
    (
        "WL0369",
        409,
        "the client speaks another version of the API",
    ),
    ("WL0370", 422, "the key was used for another request"),
    ("WL0371", 412, "it has changed since you looked"),
    (
        "WL0372",
        403,
        "relative paths are accepted on the private socket only",
    ),
    ("WL0373", 404, "there is no such token"),
    ("WL0374", 500, "the tokens can't be kept"),
    ("WL0375", 409, "there are too many tokens"),
    ("WL0376", 431, "the head is too long"),
    ("WL0377", 403, "the run of this command is not heard"),
    ("WL0379", 409, "what is to be stopped first gets requests"),
    ("WL0380", 409, "it was taken down while this waited"),
    ("WL0453", 409, "it was taken down, and nothing of it runs"),
    (
        "WL0464",
        409,
        "the router that runs is too old for what is asked",
    ),
    ("WL0471", 409, "the journal ends before that sequence"),
    ("WL0474", 422, "the request contradicts itself"),
    (
        "WL0490",
        400,
        "the request has something that is not known here",
    ),
];

/// Any request.
pub(crate) const ANY: &[&str] = &["WL0302", "WL0360", "WL0368", "WL0369", "WL0376", "WL0490"];

/// Any request that needs the controller.
pub(crate) const ASKS: &[&str] = &["WL0301", "WL0303", "WL0314"];

/// Any request that needs a token over the network.
pub(crate) const GUARDED: &[&str] = &["WL0366", "WL0367"];

/// Any request with a body.
pub(crate) const BODY: &[&str] = &["WL0363", "WL0364", "WL0365"];

/// Any request with an idempotency key.
pub(crate) const KEYED: &[&str] = &["WL0370"];

/// Any request that may name what it expects.
pub(crate) const CONDITIONAL: &[&str] = &["WL0371"];

/// The rows of these codes.
pub(crate) fn rows(codes: &[&str]) -> impl Iterator<Item = Refusal> {
    REFUSALS
        .into_iter()
        .filter(|(code, _, _)| codes.contains(code))
}
