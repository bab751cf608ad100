//! From files and the environment to checked values.
//!
//! A mistake in a file is answered with its line, and with every other mistake of that file at
//! once: who edits configuration during an incident has no time for one error per try. Two forms,
//! one conversion: the layers of file and environment, where everything is text, and checked
//! structs, where nothing has to be looked at again.

mod beats;
mod cases;
mod context;
mod desk;
mod environment;
mod layers;
mod local;
mod relay;
mod rules;
mod server;
pub mod spans;
mod table;
mod values;

use std::fmt;
use std::path::PathBuf;

pub use self::cases::{CasesConfig, DEFAULT_KEEP, DEFAULT_SILENCE, DEFAULT_UNANSWERED};
pub use self::context::{ContextError, NatsContext, context, selected_context};
pub use self::desk::DeskProfile;
pub use self::environment::{Environment, OTHER_VARIABLES, PREFIX};
pub use self::layers::MAX_CONFIG_BYTES;
pub use self::local::{DEFAULT_AMBER, DEFAULT_DRILLS, DEFAULT_SUBSCRIBER_TLP};
pub use self::relay::{DEFAULT_LISTEN, RelayConfig};
pub use self::server::{DEFAULT_REPLICAS, Server, Upstream};
use self::spans::Finding;

/// One thing that is wrong, in a file or in the environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Mistake {
    /// On a line of the file.
    #[error(transparent)]
    File(Finding),
    /// In a variable.
    #[error("{name}: {text}")]
    Variable {
        /// Its name.
        name: String,
        /// What was found and what was expected.
        text: String,
    },
}

impl Mistake {
    fn variable(name: &str, text: &str) -> Self {
        Self::Variable { name: name.to_owned(), text: text.to_owned() }
    }
}

/// Why there is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot read the configuration: {why}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Everything that is wrong with it, in order of position.
    #[error("{}", Lines(.0))]
    Mistakes(Vec<Mistake>),
}

struct Lines<'m>(&'m [Mistake]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}
