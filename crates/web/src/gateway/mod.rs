//! MSNP over HTTP (`/gateway/gateway.dll`). Not in this version: it answers 404.

use axum::Router;
use axum::routing::any;
use http::StatusCode;

/// Where clients find it, as the router compares paths: in lower case.
const PATH: &str = "/gateway/gateway.dll";

/// The gateway's part of the router.
pub(crate) fn routes() -> Router {
    Router::new().route(PATH, any(async || StatusCode::NOT_FOUND))
}
