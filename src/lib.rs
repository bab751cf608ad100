//! Chappe.
pub mod address;
pub mod jws;
pub mod notice;
pub mod policy;
pub mod trust;
