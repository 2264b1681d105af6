//! What is served where.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::{
    adoptions, deployments, down, events, figures, logs, plans, removals, rollbacks, status,
    version,
};
use crate::Controller;
use crate::answer::{not_found, wrong_method};
use crate::app::App;

/// Every path of the API.
pub(crate) fn routes<C: Controller>(app: App<C>) -> Router {
    Router::new()
        .route("/v1/version", get(version::get::<C>))
        .route("/v1/plans", post(plans::post::<C>))
        .route(
            "/v1/deployments",
            get(deployments::list::<C>).post(deployments::post::<C>),
        )
        .route("/v1/deployments/{id}", get(deployments::show::<C>))
        .route(
            "/v1/deployments/{id}/commands",
            post(deployments::command::<C>),
        )
        .route(
            "/v1/deployments/{id}/finalize",
            post(deployments::finalize::<C>),
        )
        .route(
            "/v1/deployments/{id}/repair",
            post(deployments::repair::<C>),
        )
        .route("/v1/rollbacks", post(rollbacks::post::<C>))
        .route("/v1/removals", post(removals::post::<C>))
        .route("/v1/adoptions", post(adoptions::post::<C>))
        .route("/v1/status", get(status::get::<C>))
        .route("/v1/figures", get(figures::get::<C>))
        .route("/v1/events", get(events::get::<C>))
        .route("/v1/logs", get(logs::get::<C>))
        .route("/v1/down", post(down::post::<C>))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(app.limits.body))
        .with_state(app)
}
