//! `chappe trust`: for the people who hold the keys, offline, in one place or in several. Files
//! in, files out; a document is drafted, looked at, signed, and only then distributed: `send`
//! alone needs a server.

mod check;
mod files;
mod grant;
mod init;
mod proposal;
mod revoke;
mod rotate;
mod send;
mod show;
mod sign;
mod times;

use clap::{Args, Subcommand};

use super::Outcome;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Draft the first root of a union or State, or the first bundle of a node
    Init(Box<init::Arguments>),
    /// Say what a draft changes, then sign it; or gather signatures made on copies
    Sign(sign::Arguments),
    /// Draft a bundle's next version: nodes and own keys added, changed or removed, contact, life
    Grant(Box<grant::Arguments>),
    /// Draft a bundle's or root's next version, with one key in another's place
    Rotate(Box<rotate::Arguments>),
    /// Draft a bundle's next version, in which keys count no more
    Revoke(revoke::Arguments),
    /// Show what documents say and who signed them
    Show(show::Arguments),
    /// Check the documents of a folder: exit code 0 if all is well, 1 with warnings, 3 if something
    /// does not hold
    Check(check::Arguments),
    /// Hand signed documents to the own node's relay, which passes them on to every node
    Send(send::Arguments),
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    match arguments.verb {
        Verb::Init(arguments) => init::run(&arguments),
        Verb::Sign(arguments) => sign::run(&arguments),
        Verb::Grant(arguments) => grant::run(&arguments),
        Verb::Rotate(arguments) => rotate::run(&arguments),
        Verb::Revoke(arguments) => revoke::run(&arguments),
        Verb::Show(arguments) => show::run(&arguments),
        Verb::Check(arguments) => check::run(&arguments),
        Verb::Send(arguments) => super::on_runtime(send::run(arguments)),
    }
}
