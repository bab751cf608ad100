//! Chappe.
pub mod address;
pub mod config;
pub mod jws;
pub mod keys;
pub mod lifecycle;
pub mod notice;
pub mod policy;
pub mod routing;
pub mod time;
pub mod topology;
pub mod trust;
pub mod verify;
