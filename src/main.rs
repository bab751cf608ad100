//! The `chappe` program.
fn main() {}
