//! A federation in operation, on the real server: what its people do at the command line, and what
//! its relays do when there is too much of something, or too little.
//!
//! One binary for all, since each would link the whole program once more, and since most of the
//! time of such a test is waiting, which several can do at once.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../lies/mod.rs"]
mod lies;
#[path = "../rendering/mod.rs"]
mod rendering;
#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod cases;
mod crash;
mod desk_cases;
mod disk;
mod endings;
mod erase;
mod flood;
mod held;
mod hostile;
mod injection;
mod lapse;
mod one_hop;
mod poison;
mod quarantine;
mod reach;
mod replay;
mod restored;
mod room;
mod rotation;
mod secrets;
mod seeds;
mod silence;
mod slow;
mod spool;
mod standby;
mod theft;
mod trace;
mod tree;
