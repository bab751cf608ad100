//! `/metrics`, `/livez` and `/readyz` of one relay.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::telemetry::Metrics;

/// Metrics of one relay have some tens of kilobytes.
const MAX_ANSWER: u64 = 1024 * 1024;

/// What must hold for a relay to do its work, by name. Asked at each request.
pub type Readiness = Arc<dyn Fn() -> BTreeMap<String, bool> + Send + Sync>;

/// Why the console does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address is taken, or not this machine's.
    #[error("console: cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Serving ended.
    #[error("console: {0}")]
    Serve(std::io::Error),
}

#[derive(Clone)]
struct Shared {
    metrics: Arc<Metrics>,
    ready: Readiness,
}

/// Takes the address now, so that a taken one fails at start.
///
/// # Errors
/// [`ConsoleError::Listen`].
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ConsoleError> {
    TcpListener::bind(address).await.map_err(|source| ConsoleError::Listen { address, source })
}

/// Serves until told to stop.
///
/// # Errors
/// [`ConsoleError::Serve`].
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    ready: Readiness,
    stop: CancellationToken,
) -> Result<(), ConsoleError> {
    let routes = Router::new()
        .route("/metrics", get(numbers))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readiness))
        .with_state(Shared { metrics, ready });
    axum::serve(listener, routes)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .map_err(ConsoleError::Serve)
}

/// Asks a console, here or elsewhere on this machine. One request of HTTP/1.0: a client library
/// would be more than this.
///
/// # Errors
/// The connection's.
pub async fn ask(console: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(console).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {console}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer).await?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    body.ok_or_else(|| std::io::Error::other("no HTTP answer"))
}

async fn numbers(State(shared): State<Shared>) -> Response {
    match shared.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn readiness(State(shared): State<Shared>) -> Response {
    let conditions = (shared.ready)();
    let ready = conditions.values().all(|holds| *holds);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({ "ready": ready, "conditions": conditions });
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
