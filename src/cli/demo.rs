//! `chappe demo`

use std::path::PathBuf;

use clap::Args;

use super::output::say;
use super::topology::read;
use super::{Failure, Outcome, complain, told_to_end};
use crate::demo::{self, DemoError, Options, Played};
use crate::time::Stopwatch;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Who is there
    #[arg(long, value_name = "FILE", default_value = "topology/france.toml")]
    topology: PathBuf,
    /// Keep keys, configuration, trust documents and logs in this folder [default: a temporary
    /// one, removed at the end]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The documents to publish
    #[arg(long, value_name = "DIR", default_value = "demo/documents")]
    documents: PathBuf,
    /// The incident report that climbs
    #[arg(long, value_name = "FILE", default_value = "demo/incident.json")]
    incident: PathBuf,
    /// End after the account instead of staying up
    #[arg(long)]
    once: bool,
    /// Print the account as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    // Its warnings are for who writes the file: `chappe topology check` has them.
    let (topology, _) = read(&arguments.topology)?;
    let (out, temporary) = match &arguments.dir {
        Some(dir) => (dir.clone(), false),
        None => (std::env::temp_dir().join(format!("chappe-demo-{}", std::process::id())), true),
    };
    demo::prepare(&out).map_err(Failure::usage)?;
    let options = Options {
        documents: arguments.documents.clone(),
        incident: arguments.incident.clone(),
        out: out.clone(),
        fast: arguments.once,
    };
    let json = arguments.json;
    let started = Stopwatch::start();
    let tell = move |line: &str| {
        let line = format!("[{:5.1} s] {line}", started.elapsed().as_secs_f64());
        if json { complain(&line) } else { say!("{line}") }
    };
    let outcome = tokio::select! {
        played = demo::run(&topology, &options, &tell) => match played {
            Ok(played) => finish(&arguments, played).await,
            Err(error) => Err(failure(&error)),
        },
        () = told_to_end() => Ok(()),
    };
    if temporary {
        std::fs::remove_dir_all(&out).ok();
    }
    outcome
}

fn failure(error: &DemoError) -> Failure {
    match error {
        DemoError::File(_) | DemoError::Find(_) => Failure::usage(error),
        _ => Failure::failed(error),
    }
}

async fn finish(arguments: &Arguments, played: Played) -> Outcome {
    let exact = played.summary.is_exact();
    if arguments.json {
        say!("{}", serde_json::to_string(&played.summary).map_err(Failure::failed)?);
    } else {
        say!("{}", played.summary);
    }
    for fault in &played.faults {
        complain(fault);
    }
    if !arguments.once {
        if let Some(dir) = &arguments.dir {
            complain(&format!("the federation stays up; {} says how to join", dir.display()));
        }
        complain("Ctrl-C ends it");
        told_to_end().await;
    }
    played.end().await;
    if exact { Ok(()) } else { Err(Failure::failed("the account is not exact")) }
}
