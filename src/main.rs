//! The `chappe` program: arguments, dispatch, exit code.

use std::process::ExitCode;

use clap::Parser as _;

/// A start with a full board makes and frees some millions of small pieces, made by one thread and
/// freed by another: the system's allocator takes a tenth longer for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chappe::cli::main(chappe::cli::Arguments::parse())
}
