//! Questions at a terminal for what a command was not told. In a pipe nobody is asked: there it is
//! wrong usage, with the flag that helps.

use std::io::{IsTerminal as _, Write as _};

use super::Failure;

/// Whether somebody is there to answer.
pub(super) fn is_possible() -> bool {
    std::io::stdin().is_terminal()
}

/// Asks, on standard error, so that what is piped on stays clean; the answer without blanks at its
/// ends.
pub(super) fn ask(question: &str) -> Result<String, Failure> {
    let mut output = std::io::stderr().lock();
    write!(output, "{question}: ").and_then(|()| output.flush()).map_err(Failure::failed)?;
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line).map_err(Failure::failed)? {
        0 => Err(Failure::usage("the input ended before the answer")),
        _ => Ok(line.trim().to_owned()),
    }
}
