//! Request bodies, paths and queries, refused with a problem document.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use windlass_model::DeploymentId;

use crate::Controller;
use crate::answer::{Refused, bad_request};
use crate::app::App;

/// A body that is JSON of a type, whole within its time.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, C: Controller> FromRequest<App<C>> for Json<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App<C>) -> Result<Self, Refused> {
        let whole = Bytes::from_request(request, app);
        let bytes = tokio::time::timeout(app.limits.body_within, whole)
            .await
            .map_err(|_late| bad_request(408, "the body did not arrive in time"))?
            .map_err(|why| bad_request(why.status().as_u16(), why.body_text()))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|why| bad_request(400, why.to_string()))
    }
}

/// The query as a type.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, C: Controller> FromRequestParts<App<C>> for Asked<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App<C>) -> Result<Self, Refused> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query
            .map(|Query(query)| Self(query))
            .map_err(|why| bad_request(400, why.body_text()))
    }
}

/// The deployment that the path names.
pub(crate) struct Named(pub(crate) DeploymentId);

impl<C: Controller> FromRequestParts<App<C>> for Named {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App<C>) -> Result<Self, Refused> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let Path(text) = path.map_err(|why| bad_request(400, why.body_text()))?;
        deployment(&text).map(Self)
    }
}

/// A text as a deployment's id.
pub(crate) fn deployment(text: &str) -> Result<DeploymentId, Refused> {
    DeploymentId::parse(text).map_err(|why| bad_request(400, why.to_string()))
}
