//! Chappe.
pub mod address;
pub mod config;
pub mod jws;
pub mod notice;
pub mod policy;
pub mod topology;
