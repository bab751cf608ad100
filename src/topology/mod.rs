//! Authoring: from a description of the federation to what its servers need.

mod conf;

pub use self::conf::{ServerSettings, ServerTls, server_conf};
