//! `/metrics`, `/livez` and `/readyz` of one relay.
//!
//! Live and ready are two questions. A relay whose server is away is alive: ending it would help
//! nobody. It is not ready, and the answer says which condition does not hold. The console shows
//! counts and conditions, never a notice; it has no password, and listens on this machine unless
//! the configuration says otherwise.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

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
/// How long an answer that is under way may still take once the console is told to end: a reader
/// who never finishes must not hold the relay.
const GRACE: Duration = Duration::from_secs(2);
/// The content type of Prometheus' text form.
const TEXT_FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What must hold for a relay to do its work, by name. Asked at each request.
pub type Readiness = Arc<dyn Fn() -> BTreeMap<String, bool> + Send + Sync>;

/// Why the console does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address is taken, or not this machine's.
    #[error("console: cannot listen on {address}: {source}; set console.listen to another")]
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

/// Serves until told to stop, and at most two seconds longer.
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
    let told = stop.clone().cancelled_owned();
    let served = axum::serve(listener, routes).with_graceful_shutdown(told);
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = served => served.map_err(ConsoleError::Serve),
        () = late => Ok(()),
    }
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
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORM)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

/// 200 only if every condition holds; the body names them all, and those that do not hold apart.
async fn readiness(State(shared): State<Shared>) -> Response {
    let conditions = (shared.ready)();
    let failing: Vec<&String> =
        conditions.iter().filter(|(_, holds)| !**holds).map(|(name, _)| name).collect();
    // No condition at all is a relay that has not said yet what it waits for.
    let ready = failing.is_empty() && !conditions.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({ "ready": ready, "failing": failing, "conditions": conditions });
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::notice::Time;

    struct Console {
        address: SocketAddr,
        conditions: Arc<Mutex<BTreeMap<String, bool>>>,
        stop: CancellationToken,
        served: tokio::task::JoinSet<Result<(), ConsoleError>>,
    }

    async fn console() -> Console {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let node = "eu-fr".parse().expect("a node id");
        let metrics = Arc::new(Metrics::new(&node, &[], Time::from_secs(1)).expect("metrics"));
        let conditions = Arc::new(Mutex::new(BTreeMap::new()));
        let asked = Arc::clone(&conditions);
        let ready: Readiness = Arc::new(move || asked.lock().expect("unpoisoned").clone());
        let stop = CancellationToken::new();
        let mut served = tokio::task::JoinSet::new();
        served.spawn(serve(listener, metrics, ready, stop.clone()));
        Console { address, conditions, stop, served }
    }

    impl Console {
        fn set(&self, name: &str, holds: bool) {
            self.conditions.lock().expect("unpoisoned").insert(name.to_owned(), holds);
        }

        async fn get(&self, path: &str) -> String {
            let mut stream = TcpStream::connect(self.address).await.expect("connected");
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("an answer");
            answer
        }
    }

    #[tokio::test]
    async fn ready_is_said_only_while_every_condition_holds() {
        let console = console().await;
        assert!(console.get("/readyz").await.starts_with("HTTP/1.1 503"));
        console.set("server", true);
        console.set("upstream eu", false);
        let answer = console.get("/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains(r#""failing":["upstream eu"]"#), "{answer}");
        console.set("upstream eu", true);
        let answer = console.get("/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(r#""ready":true"#), "{answer}");
    }

    #[tokio::test]
    async fn a_relay_that_is_not_ready_is_alive() {
        let console = console().await;
        console.set("server", false);
        assert!(console.get("/livez").await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn metrics_are_served_in_prometheus_text_form_and_nothing_else_is() {
        let console = console().await;
        let answer = console.get("/metrics").await;
        assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
        assert!(answer.contains("# TYPE chappe_server_up gauge"), "{answer}");
        for path in ["/", "/notices", "/metrics/../livez"] {
            assert!(console.get(path).await.starts_with("HTTP/1.1 404"), "{path}");
        }
    }

    #[tokio::test]
    async fn a_taken_address_is_an_error_that_names_it() {
        let console = console().await;
        let error = bind(console.address).await.expect_err("taken").to_string();
        assert!(error.contains(&console.address.to_string()), "{error}");
    }

    #[tokio::test]
    async fn it_ends_with_its_owner_even_if_a_reader_never_finishes() {
        let mut console = console().await;
        let mut half = TcpStream::connect(console.address).await.expect("connected");
        half.write_all(b"GET /metrics HTT").await.expect("sent");
        assert!(console.get("/livez").await.starts_with("HTTP/1.1 200"));
        console.stop.cancel();
        let ended = tokio::time::timeout(GRACE * 3, console.served.join_next()).await;
        ended.expect("in time").expect("a task").expect("no panic").expect("served");
    }
}
