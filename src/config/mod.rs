//! From files and the environment to checked values.
//!
//! A mistake in a file is answered with its line, and with every other mistake of that file at
//! once: who edits configuration during an incident has no time for one error per try.

pub mod spans;
