//! The command line: one file per verb. Tables for a terminal, plain text in a pipe, `--json` one
//! object per line. The exit code says what happened: 0 done, 1 failed, 2 wrong usage or
//! configuration, 3 refused by verification or policy.

mod provision;
mod relay;
mod topology;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::telemetry::{self, Format};

/// Signed security advisories down, incident escalations up.
#[derive(Debug, Parser)]
#[command(name = "chappe", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a node's streams and durables on its server; run again after each change
    Provision(provision::Arguments),
    /// Run a node's relay
    Relay(relay::Arguments),
    /// Check, draw or render a topology file
    Topology(topology::Arguments),
}

/// How a verb failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// It could not be done: exit code 1.
    pub(crate) fn failed(why: impl ToString) -> Self {
        Self { code: 1, text: why.to_string() }
    }

    /// Wrong usage or configuration: exit code 2.
    pub(crate) fn usage(why: impl ToString) -> Self {
        Self { code: 2, text: why.to_string() }
    }

    /// Refused by verification or policy: exit code 3.
    #[allow(dead_code)]
    pub(crate) fn refused(why: impl ToString) -> Self {
        Self { code: 3, text: why.to_string() }
    }
}

type Outcome = Result<(), Failure>;

/// Runs the verb and tells how it went.
#[must_use]
pub fn main(arguments: Arguments) -> ExitCode {
    let service = matches!(arguments.verb, Verb::Relay(_));
    telemetry::start(if service { Format::Json } else { Format::Text });
    let outcome = match arguments.verb {
        Verb::Provision(arguments) => on_runtime(provision::run(arguments)),
        Verb::Relay(arguments) => on_runtime(relay::run(arguments)),
        Verb::Topology(arguments) => topology::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure.text);
            ExitCode::from(failure.code)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the one place where a command says what went wrong")]
fn complain(text: &str) {
    eprintln!("chappe: {text}");
}

fn on_runtime(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    runtime.block_on(work)
}

/// Ends with SIGINT or SIGTERM.
async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
