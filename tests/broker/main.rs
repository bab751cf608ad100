//! The bus against the real server: what it places, reads and survives, and the model of a stream
//! that the simulation plays on.
//!
//! One binary for all, since each would link the whole program once more.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![allow(unreachable_pub)] // what is shared by several binaries

#[path = "../chaos/links.rs"]
mod links;
#[allow(dead_code, reason = "the simulation uses the rest")]
#[path = "../simulation/model.rs"]
mod model;
#[path = "../random/mod.rs"]
mod random;
#[path = "../servers/mod.rs"]
mod servers;

mod bus;
mod link;
mod outage;
mod server;
mod stream_model;
mod tls;
