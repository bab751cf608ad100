//! Standard output of a command. Its reader may go away at any time, as `head` does when it has
//! enough: that is no error of ours, and no reason for a panic.

use std::fmt::Arguments;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Prints a line, as `say!`, without a panic if nobody reads it.
macro_rules! say {
    ($($line:tt)*) => { $crate::cli::output::line(format_args!($($line)*)) };
}
pub(super) use say;

pub(super) fn line(line: Arguments<'_>) {
    let mut output = std::io::stdout().lock();
    if writeln!(output, "{line}").and_then(|()| output.flush()).is_err() {
        CLOSED.store(true, Ordering::Relaxed);
    }
}

/// Writes over the line of progress on a terminal.
pub(super) fn progress(text: &str) {
    let mut output = std::io::stdout().lock();
    if write!(output, "\r\u{1b}[K{text}").and_then(|()| output.flush()).is_err() {
        CLOSED.store(true, Ordering::Relaxed);
    }
}

/// Whether a line could not be printed: what goes on until its reader has enough ends then.
pub(super) fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}
