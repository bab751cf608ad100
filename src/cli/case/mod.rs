//! `chappe case`: one case: show it, pass it on, admit a node, end an embargo, hand it over.

mod admit;
mod export;
mod forward;
mod held;
mod lift;
mod pages;
mod show;

use clap::{Args, Subcommand};

pub(in crate::cli) use self::held::{Held, json};
pub(in crate::cli) use self::pages::every;
use super::Outcome;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show a case: where it stands, and its thread in order
    Show(show::Arguments),
    /// Pass a report on yourself: what names a victim goes further only so
    Forward(forward::Arguments),
    /// Let a node below into a case that was reported for it
    Admit(admit::Arguments),
    /// End an embargo: report again, with the true scope and title
    Lift(lift::Arguments),
    /// Write the open cases into a file that only its recipient can read
    Export(export::Arguments),
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    match arguments.verb {
        Verb::Show(arguments) => show::run(arguments).await,
        Verb::Forward(arguments) => forward::run(arguments).await,
        Verb::Admit(arguments) => admit::run(arguments).await,
        Verb::Lift(arguments) => lift::run(arguments).await,
        Verb::Export(arguments) => export::run(arguments).await,
    }
}
