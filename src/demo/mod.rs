//! The whole federation on this machine, from one command: every node with its own accounts, keys
//! and relay process on a real nats-server; real documents go down, an incident climbs up, and
//! what arrived is compared with what an oracle says should have.

mod account;
mod case;
mod federation;
mod oracle;
mod play;
mod relays;
mod run;
mod script;
mod seats;
mod story;
mod summary;
mod watch;

pub use self::case::CaseAccount;
pub use self::run::{DemoError, Options, Played, prepare, run};
pub use self::summary::Summary;
