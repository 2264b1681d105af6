//! `GET /v1/logs`: what a service's instances printed, one JSON object a line.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use windlass_api::LogQuery;
use windlass_model::{AppName, EnvironmentName, ServiceName};
use windlass_runtime::{LinesAt, ServiceAt};

use super::over::Over;
use crate::Controller;
use crate::access::Caller;
use crate::answer::{Refused, bad_name};
use crate::app::App;
use crate::body::{Asked, deployment};

/// Bytes per stream and instance that are read unless the client says how many.
const TAIL: u64 = 64 * 1024;

/// Most of them.
const TAIL_MAX: u64 = 64 * 1024 * 1024;

pub(super) async fn get<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Asked(query): Asked<LogQuery>,
) -> Result<Response, Refused> {
    let service = ServiceAt {
        app: AppName::new(&query.app).map_err(bad_name)?,
        environment: EnvironmentName::new(&query.environment).map_err(bad_name)?,
        service: ServiceName::new(&query.service).map_err(bad_name)?,
    };
    let deployment = query.deployment.as_deref().map(deployment);
    // Whoever counts lines or minutes wants them whole.
    let usual = if query.lines.is_some() || query.since_us.is_some() {
        TAIL_MAX
    } else {
        TAIL
    };
    let which = LinesAt {
        tail: query.tail.unwrap_or(usual).min(TAIL_MAX),
        lines: query.lines,
        since_us: query.since_us,
        deployment: deployment.transpose()?,
        version: query.version,
        instance: query.instance,
        follow: query.follow,
    };
    let lines = app.controller.logs(service, which).await?;
    let mut over = Over::of(&app, caller);
    let over = async move { over.comes().await };
    let lines = lines.take_until(Box::pin(over)).map(|line| {
        let mut bytes = serde_json::to_vec(&line).map_err(std::io::Error::other)?;
        bytes.push(b'\n');
        Ok::<_, std::io::Error>(Bytes::from(bytes))
    });
    let media = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((media, Body::from_stream(lines)).into_response())
}
