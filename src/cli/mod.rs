//! The command line: one file per verb. Tables for a terminal, plain text in a pipe, `--json` one
//! object per line. The exit code says what happened: 0 done, 1 failed, 2 wrong usage or
//! configuration, 3 refused by verification or policy.

mod ack;
mod annotate;
mod ask;
mod case;
mod cases;
mod connection;
mod demo;
mod escalate;
mod key;
mod list;
mod output;
mod provision;
mod publish;
mod quarantine;
mod relay;
mod respond;
mod sending;
mod status;
mod subscribe;
mod targets;
mod topology;
mod trace;
mod trust;
mod verify;
mod wait;
mod withdraw;

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
    /// Run the whole federation on this machine and account for every delivery
    Demo(demo::Arguments),
    /// Make a node's streams and durables on its server; run again after each change
    Provision(provision::Arguments),
    /// Run a node's relay
    Relay(relay::Arguments),
    /// Sign a document, send it, and wait for the node's word on it
    Publish(publish::Arguments),
    /// Say that own notices no longer count
    Withdraw(withdraw::WithdrawArguments),
    /// Say that the danger of own notices is over; they stay readable
    Close(withdraw::Arguments),
    /// Put a cover note on a notice that this node holds
    Annotate(annotate::Arguments),
    /// List what this node holds, newest first
    List(list::Arguments),
    /// Show one notice and what became of it
    Show(list::ShowArguments),
    /// Show who has a notice, who does not and why, and whom to phone
    Trace(trace::Arguments),
    /// Say that a person here has read a notice
    Ack(ack::Arguments),
    /// Send an incident report up
    Escalate(Box<escalate::Arguments>),
    /// Answer a case
    Respond(respond::Arguments),
    /// List open cases, the next deadline first
    Cases(cases::Arguments),
    /// One case: show, forward, admit, lift, export
    Case(case::Arguments),
    /// What this node has refused: list, show, release, drop
    Quarantine(quarantine::Arguments),
    /// Show notices as they come
    Subscribe(subscribe::Arguments),
    /// Check a saved notice, offline
    Verify(verify::Arguments),
    /// Say whether a relay does its work
    Status(status::Arguments),
    /// Make a signing key, or show the public half of one
    Key(key::Arguments),
    /// Draft, sign and check roots and bundles, offline
    Trust(trust::Arguments),
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
        Verb::Demo(arguments) => on_runtime(demo::run(arguments)),
        Verb::Provision(arguments) => on_runtime(provision::run(arguments)),
        Verb::Relay(arguments) => on_runtime(relay::run(arguments)),
        Verb::Publish(arguments) => on_runtime(publish::run(arguments)),
        Verb::Withdraw(arguments) => on_runtime(withdraw::withdraw(arguments)),
        Verb::Close(arguments) => on_runtime(withdraw::close(arguments)),
        Verb::Annotate(arguments) => on_runtime(annotate::run(arguments)),
        Verb::List(arguments) => on_runtime(list::run(arguments)),
        Verb::Show(arguments) => on_runtime(list::show(arguments)),
        Verb::Trace(arguments) => on_runtime(trace::run(arguments)),
        Verb::Ack(arguments) => on_runtime(ack::run(arguments)),
        Verb::Escalate(arguments) => on_runtime(escalate::run(*arguments)),
        Verb::Respond(arguments) => on_runtime(respond::run(arguments)),
        Verb::Cases(arguments) => on_runtime(cases::run(arguments)),
        Verb::Case(arguments) => on_runtime(case::run(arguments)),
        Verb::Quarantine(arguments) => on_runtime(quarantine::run(arguments)),
        Verb::Subscribe(arguments) => on_runtime(subscribe::run(arguments)),
        Verb::Verify(arguments) => verify::run(arguments),
        Verb::Status(arguments) => on_runtime(status::run(arguments)),
        Verb::Key(arguments) => key::run(arguments),
        Verb::Trust(arguments) => trust::run(arguments),
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
