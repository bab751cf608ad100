//! The decision core by itself: no server, no disk, no clock; every `now` is a number.
//!
//! One binary for all, since each would link the whole program once more.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "../forge/mod.rs"]
mod forge;
#[path = "../random/mod.rs"]
mod random;

mod account;
mod bounds;
mod cases;
mod counts;
mod heartbeats;
mod lifecycle;
mod mutations;
mod narrowed;
mod outages;
mod pages;
mod policy;
mod receipts;
mod routing;
mod verification;
