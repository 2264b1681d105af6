//! Numbers by the query API of Prometheus, version 1.
//!
//! <https://prometheus.io/docs/prometheus/latest/querying/api/>. An instant query is asked, of now. What
//! answers with no series, or with `NaN` or an infinite value, has no data: that is neither good nor
//! bad.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::Builder;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use windlass_edge::{EdgeError, ErrorKind, MetricSource, Retry};
use windlass_model::{Access, PrometheusUrl};

use super::identify;
use super::secure::Tls;

/// Bytes of an answer: one number, with the labels of its series.
const ANSWER_BYTES: usize = 256 * 1024;

/// Characters of what it said that are repeated.
const SAID_CHARS: usize = 200;

/// Longest wait for a connection and an answer, whoever waits for it.
const WITHIN: Duration = Duration::from_secs(30);

/// The ports where the address names none: plain, and by TLS.
const PORTS: [u16; 2] = [80, 443];

/// Asks over the network, from here, each time on a connection of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prometheus;

#[async_trait(?Send)]
impl MetricSource for Prometheus {
    async fn read(
        &self,
        prometheus: &PrometheusUrl,
        access: &Access,
        query: &str,
    ) -> Result<Option<f64>, EdgeError> {
        let failed = |kind, why: String| {
            EdgeError::new(
                kind,
                Retry::Now,
                format!("{prometheus} gave no number: {why}"),
            )
        };
        match timeout(WITHIN, ask(prometheus, access, query)).await {
            Ok(Ok((status, body))) => {
                number(status, &body).map_err(|(kind, why)| failed(kind, why))
            }
            Ok(Err(why)) => Err(failed(ErrorKind::Unreachable, why)),
            Err(_late) => Err(failed(
                ErrorKind::Timeout,
                format!("no answer in {}s", WITHIN.as_secs()),
            )),
        }
    }
}

async fn ask(
    prometheus: &PrometheusUrl,
    access: &Access,
    query: &str,
) -> Result<(StatusCode, Bytes), String> {
    let (authority, prefix) = prometheus.parts();
    let form = format!("query={}", utf8_percent_encode(query, NON_ALPHANUMERIC));
    let mut request = Request::post(format!("{prefix}/api/v1/query"))
        .header("host", authority)
        .header("user-agent", "windlass")
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("connection", "close");
    if let Some(who) = &access.who {
        request = request.header("authorization", identify::header(who)?);
    }
    let request = request
        .body(Full::new(Bytes::from(form)))
        .map_err(|why| format!("no question: {why}"))?;
    let stream = connect(prometheus).await?;
    if prometheus.is_secure() {
        let tls = Tls::new(authority, access.ca.as_deref())?;
        answer(tls.secure(stream).await?, request).await
    } else {
        answer(stream, request).await
    }
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), String> {
    let (mut sender, connection) = Builder::new()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|why| why.to_string())?;
    let answer = async {
        let answer = sender.send_request(request).await;
        let (head, body) = answer.map_err(|why| why.to_string())?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let body = body.map_err(|why| why.to_string())?.to_bytes();
        Ok((head.status, body))
    };
    // The connection moves only while it is polled; its end still leaves the answer's word.
    let (mut connection, mut answer) = (std::pin::pin!(connection), std::pin::pin!(answer));
    tokio::select! {
        biased;
        answer = answer.as_mut() => answer,
        _ended = connection.as_mut() => answer.await,
    }
}

async fn connect(prometheus: &PrometheusUrl) -> Result<TcpStream, String> {
    let (authority, _) = prometheus.parts();
    let has_port = !authority.ends_with(']') && authority.contains(':');
    let stream = if has_port {
        TcpStream::connect(authority).await
    } else {
        let port = PORTS[usize::from(prometheus.is_secure())];
        TcpStream::connect(format!("{authority}:{port}")).await
    };
    stream.map_err(|why| why.to_string())
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Answer {
    Success { data: Data },
    Error { error: String },
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Value,
}

#[derive(Deserialize)]
struct Series {
    /// When, and the number as a text.
    value: (Value, String),
}

/// The number of an answer.
fn number(status: StatusCode, body: &[u8]) -> Result<Option<f64>, (ErrorKind, String)> {
    if let StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN = status {
        // What else is said may repeat who asked.
        let why = format!("it does not answer whoever asks: HTTP {}", status.as_u16());
        return Err((ErrorKind::Rejected, why));
    }
    let answer = match serde_json::from_slice(body) {
        Ok(Answer::Success { data }) => data,
        Ok(Answer::Error { error }) => {
            let said = error.chars().take(SAID_CHARS).collect();
            return Err((ErrorKind::Rejected, said));
        }
        Err(_) if !status.is_success() => {
            return Err((ErrorKind::Rejected, format!("HTTP {}", status.as_u16())));
        }
        Err(why) => return Err(unreadable(&why)),
    };
    let text = match answer.kind.as_str() {
        "scalar" => read::<(Value, String)>(answer.result)?.1,
        "vector" => {
            let mut series: Vec<Series> = read(answer.result)?;
            match (series.pop(), series.len()) {
                (None, _) => return Ok(None),
                (Some(only), 0) => only.value.1,
                (Some(_), more) => {
                    let all = more + 1;
                    let why =
                        format!("the query has {all} series and should have one: sum them up");
                    return Err((ErrorKind::Rejected, why));
                }
            }
        }
        other => {
            let why = format!("the query is answered with a {other}, and not with a number");
            return Err((ErrorKind::Rejected, why));
        }
    };
    let number: f64 = text.parse().map_err(|why| unreadable(&why))?;
    Ok(number.is_finite().then_some(number))
}

fn read<T: DeserializeOwned>(result: Value) -> Result<T, (ErrorKind, String)> {
    serde_json::from_value(result).map_err(|why| unreadable(&why))
}

fn unreadable(why: &dyn std::error::Error) -> (ErrorKind, String) {
    let why = format!("its answer can't be read: {why}");
    (ErrorKind::Malformed, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> Result<Option<f64>, String> {
        number(StatusCode::OK, body.as_bytes()).map_err(|(_, why)| why)
    }

    fn vector(values: &[&str]) -> String {
        let series: Vec<String> = values
            .iter()
            .map(|value| format!(r#"{{"metric":{{"a":"b"}},"value":[1700000000.123,"{value}"]}}"#))
            .collect();
        let series = series.join(",");
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#)
    }

    #[test]
    fn one_series_or_a_scalar_is_a_number() {
        assert_eq!(said(&vector(&["0.125"])), Ok(Some(0.125)));
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1.5,"3e2"]}}"#;
        assert_eq!(said(scalar), Ok(Some(300.0)));
    }

    #[test]
    fn nothing_and_no_finite_number_are_no_data() {
        assert_eq!(said(&vector(&[])), Ok(None));
        for value in ["NaN", "+Inf", "-Inf"] {
            assert_eq!(said(&vector(&[value])), Ok(None), "{value}");
        }
    }

    #[test]
    fn several_series_are_refused_for_nobody_said_which() {
        let refused = said(&vector(&["1", "2", "3"])).expect_err("three");
        assert_eq!(
            refused,
            "the query has 3 series and should have one: sum them up"
        );
    }

    #[test]
    fn what_it_says_of_a_bad_query_is_repeated() {
        let error = r#"{"status":"error","errorType":"bad_data","error":"parse error: unclosed left parenthesis"}"#;
        assert_eq!(
            number(StatusCode::BAD_REQUEST, error.as_bytes()).map_err(|(_, why)| why),
            Err("parse error: unclosed left parenthesis".to_owned())
        );
        let other = number(StatusCode::NOT_FOUND, b"<html>").map_err(|(_, why)| why);
        assert_eq!(other, Err("HTTP 404".to_owned()));
    }

    #[test]
    fn whoever_is_turned_away_is_not_told_what_was_shown() {
        let error = r#"{"status":"error","error":"no such token: hush"}"#;
        for (status, why) in [
            (
                StatusCode::UNAUTHORIZED,
                "it does not answer whoever asks: HTTP 401",
            ),
            (
                StatusCode::FORBIDDEN,
                "it does not answer whoever asks: HTTP 403",
            ),
        ] {
            let said = number(status, error.as_bytes()).map_err(|(_, why)| why);
            assert_eq!(said, Err(why.to_owned()));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_answer_brings_it_down(body in ".{0,200}") {
            let _said = said(&body);
        }
    }
}
