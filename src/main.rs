//! The `chappe` program: arguments, dispatch, exit code.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    chappe::cli::main(chappe::cli::Arguments::parse())
}
