//! The modules of the product that are handed bytes of others, compiled from their own files.

#[path = "../../src/address/mod.rs"]
pub mod address;
#[path = "../../src/document/mod.rs"]
pub mod document;
#[path = "../../src/jws/mod.rs"]
pub mod jws;
#[path = "../../src/notice/mod.rs"]
pub mod notice;
#[path = "../../src/policy/mod.rs"]
pub mod policy;
#[path = "../../src/trust/mod.rs"]
pub mod trust;
#[path = "../../src/verify/mod.rs"]
pub mod verify;
