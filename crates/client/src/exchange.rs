//! One HTTP request to the controller, one connection each.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use windlass_api::{API_HEADER, API_VERSION, KEY_HEADER, Problem, VERSION_HEADER};

use crate::reach::Stream;
use crate::{ClientError, Reach};

/// Longest answer that is read, in bytes: a plan of a thousand services is about ten megabytes.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// A connection that must be driven while its answer is read.
pub(crate) type Driven = Connection<TokioIo<Stream>, Full<Bytes>>;

/// Random bytes of a key.
const KEY_BYTES: usize = 16;

/// By what a request is known when it is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// One that nobody had before.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn fresh() -> Result<Self, ClientError> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|why| ClientError::broken(std::io::Error::other(why)))?;
        Ok(Self(data_encoding::HEXLOWER.encode(&bytes)))
    }
}

/// What is asked: a method, a path with its query, and a JSON body where there is one.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Vec<u8>>,
    /// Set where the request begins something: sent again, it begins nothing twice.
    pub(crate) key: Option<Key>,
}

impl Ask {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: None,
            key: None,
        }
    }

    pub(crate) fn post<T: serde::Serialize>(
        path: impl Into<String>,
        body: &T,
    ) -> Result<Self, ClientError> {
        Self::post_as(path, body, Key::fresh()?)
    }

    /// The same under a key that it may have been sent with before.
    pub(crate) fn post_as<T: serde::Serialize>(
        path: impl Into<String>,
        body: &T,
        key: Key,
    ) -> Result<Self, ClientError> {
        let body = serde_json::to_vec(body).map_err(|why| ClientError::Malformed {
            what: why.to_string(),
        })?;
        Ok(Self {
            method: Method::POST,
            path: path.into(),
            body: Some(body),
            key: Some(key),
        })
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self {
            method: Method::DELETE,
            path: path.into(),
            body: None,
            key: None,
        }
    }

    fn request(self, reach: &Reach) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header(HOST, reach.host())
            .header(API_HEADER, API_VERSION)
            .header(VERSION_HEADER, env!("CARGO_PKG_VERSION"));
        if let Some(who) = reach.authorization() {
            request = request.header(AUTHORIZATION, who);
        }
        if let Some(Key(key)) = self.key {
            request = request.header(KEY_HEADER, key);
        }
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = Full::new(Bytes::from(self.body.unwrap_or_default()));
        request.body(body).map_err(|why| ClientError::Malformed {
            what: why.to_string(),
        })
    }
}

/// Connects, sends the request and reads the head of the answer.
pub(crate) async fn begin(
    reach: &Reach,
    ask: Ask,
) -> Result<(Response<Incoming>, Driven), ClientError> {
    let request = ask.request(reach)?;
    let stream = reach.open().await?;
    let broken = |why| reach.broken(why);
    let (mut sender, mut driven) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer.map_err(broken)?,
        ended = &mut driven => match ended {
            // The connection may end with the answer already handed over.
            Ok(()) => answer.await.map_err(broken)?,
            Err(why) => return Err(broken(why)),
        },
    };
    reach.is_windlass(answer.status(), answer.headers())?;
    Ok((answer, driven))
}

/// Reads the rest of an answer.
pub(crate) async fn finish(
    answer: Response<Incoming>,
    driven: Driven,
) -> Result<(StatusCode, Bytes), ClientError> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_MAX).collect();
    tokio::pin!(body);
    tokio::pin!(driven);
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            body = &mut body => {
                let body = body.map_err(|source| ClientError::Broken { source })?;
                return Ok((status, body.to_bytes()));
            }
            _ended = &mut driven, if open => open = false,
        }
    }
}

/// The whole exchange, within a deadline.
pub(crate) async fn exchange<T: DeserializeOwned>(
    reach: &Reach,
    ask: Ask,
    within: Duration,
) -> Result<T, ClientError> {
    let whole = async {
        let (answer, driven) = begin(reach, ask).await?;
        finish(answer, driven).await
    };
    let (status, body) = tokio::time::timeout(within, whole)
        .await
        .unwrap_or_else(|_late| Err(reach.silent(within)))?;
    read(status, &body)
}

/// An answer as what it should be, or as the problem that it is.
pub(crate) fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, ClientError> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(|why| ClientError::Malformed {
            what: why.to_string(),
        });
    }
    Err(refused(status, body))
}

/// The problem that an answer is.
pub(crate) fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => ClientError::Refused(Box::new(problem)),
        Err(_other) => ClientError::Malformed {
            what: format!("HTTP {status} without a problem document"),
        },
    }
}
