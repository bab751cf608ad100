//! `chappe status`: whether a relay does its work.

use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Failure, Outcome};

const PATIENCE: Duration = Duration::from_secs(5);
const MAX_ANSWER: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The relay's console
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9601")]
    console: String,
    /// The console's own JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let unreachable = |e: &dyn std::fmt::Display| {
        Failure::failed(format!("no relay answers at {}: {e}", arguments.console))
    };
    let asked = tokio::time::timeout(PATIENCE, ask(&arguments.console));
    let answer = asked.await.map_err(|e| unreachable(&e))?.map_err(|e| unreachable(&e))?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    let status: serde_json::Value =
        serde_json::from_str(body.trim()).map_err(|e| unreachable(&e))?;
    if arguments.json {
        println!("{status}");
    } else if let Some(conditions) = status.get("conditions").and_then(|c| c.as_object()) {
        for (name, holds) in conditions {
            let word = if holds.as_bool() == Some(true) { "ok" } else { "NOT OK" };
            println!("{name:<32} {word}");
        }
    }
    if status.get("ready").and_then(serde_json::Value::as_bool) == Some(true) {
        return Ok(());
    }
    Err(Failure::failed("the relay is not ready"))
}

/// One request of HTTP/1.0: a client library would be more than this.
async fn ask(console: &str) -> std::io::Result<String> {
    let mut stream = tokio::net::TcpStream::connect(console).await?;
    let request = format!("GET /readyz HTTP/1.0\r\nHost: {console}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer).await?;
    Ok(answer)
}
