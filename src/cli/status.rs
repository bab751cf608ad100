//! `chappe status`: whether a relay does its work.

use std::time::Duration;

use clap::Args;

use super::output::say;
use super::{Failure, Outcome};
use crate::console;

const PATIENCE: Duration = Duration::from_secs(5);

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
    let asked = tokio::time::timeout(PATIENCE, console::ask(&arguments.console, "/readyz"));
    let body = asked.await.map_err(|e| unreachable(&e))?.map_err(|e| unreachable(&e))?;
    let status: serde_json::Value =
        serde_json::from_str(body.trim()).map_err(|e| unreachable(&e))?;
    if arguments.json {
        say!("{status}");
    } else if let Some(conditions) = status.get("conditions").and_then(|c| c.as_object()) {
        for (name, holds) in conditions {
            let word = if holds.as_bool() == Some(true) { "ok" } else { "NOT OK" };
            say!("{name:<32} {word}");
        }
    }
    if status.get("ready").and_then(serde_json::Value::as_bool) == Some(true) {
        return Ok(());
    }
    Err(Failure::failed("the relay is not ready"))
}
