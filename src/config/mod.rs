//! Files and environment to checked configuration: a typo is an error, never a default.
//!
//! The `config` crate layers file and environment, but names neither file nor line for an unknown
//! key and stops at the first error; so `spans` finds all of those before it.

mod desk;
mod relay;
mod schema;
pub mod spans;

pub use self::desk::DeskProfile;
pub use self::relay::{
    ClimbConfig, ClimbWord, ConfigError, ENV_PREFIX, RelayConfig, RuleConfig, RuleThen, Server,
    Upstream,
};
