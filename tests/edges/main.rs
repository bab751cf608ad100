//! Where the world comes in: the command line, configuration, documents, keys, topologies, and what
//! is rendered from them. No server.
//!
//! One binary for all, since each would link the whole program once more.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "../rendering/mod.rs"]
mod rendering;

mod ceremony;
mod cli;
mod config;
mod deploy;
mod documents;
mod ed25519;
mod europe;
mod keys;
mod openssl;
mod render;
mod topology;
