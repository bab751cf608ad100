//! What must hold for every input, beyond "it does not panic". One module for each fuzz target.

#[path = "../../tests/forge/mod.rs"]
pub mod forge;

pub mod custody;
pub mod document;
pub mod edits;
pub mod file;
pub mod json;
pub mod jws;
pub mod statement;
pub mod trust;
