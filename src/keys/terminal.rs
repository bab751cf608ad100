//! A question at the terminal whose answer does not show.
//!
//! Not a library for it: the usual one leaves the terminal without echo when its user gives up with
//! Ctrl-C, and shows its question before it hides the answer.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::os::fd::AsFd as _;

use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use zeroize::Zeroizing;

use super::secret::Secret;

/// The terminal of this process, wherever its input and output go.
pub(super) const TERMINAL: &str = "/dev/tty";
/// A terminal hands over no longer line (`MAX_CANON` of Linux).
const MAX_LINE: usize = 4096;
const CTRL_C: u8 = 3;

/// A terminal that hides what is typed; as it was before when dropped.
struct Hidden {
    terminal: File,
    before: Termios,
}

impl Hidden {
    fn open() -> Result<Self> {
        let terminal = File::options().read(true).write(true).open(TERMINAL)?;
        let before = termios::tcgetattr(terminal.as_fd())?;
        let mut hiding = before.clone();
        // Ctrl-C ends the line instead of the process, which could not put the terminal right.
        hiding.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        hiding.local_modes.insert(LocalModes::ICANON | LocalModes::ECHONL);
        hiding.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        // What was typed before the question was meant for something else.
        termios::tcsetattr(terminal.as_fd(), OptionalActions::Flush, &hiding)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = termios::tcsetattr(self.terminal.as_fd(), OptionalActions::Now, &self.before);
    }
}

/// Asks, and returns the line that is typed, without its end.
///
/// # Errors
/// The terminal's own; [`ErrorKind::Interrupted`] for Ctrl-C, [`ErrorKind::InvalidData`] for what
/// is not UTF-8.
pub(super) fn ask(question: &str) -> Result<Secret> {
    let mut hidden = Hidden::open()?;
    hidden.terminal.write_all(question.as_bytes())?;
    let mut line = Zeroizing::new([0; MAX_LINE]);
    let length = hidden.terminal.read(line.as_mut_slice())?;
    let typed = line.get(..length).unwrap_or_default();
    if typed.contains(&CTRL_C) {
        hidden.terminal.write_all(b"\n")?;
        return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
    }
    let text = std::str::from_utf8(typed)
        .map_err(|_| Error::new(ErrorKind::InvalidData, "what was typed is not UTF-8"))?;
    Ok(Secret::new(text.strip_suffix('\n').unwrap_or(text).to_owned()))
}
