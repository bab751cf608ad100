//! Chappe.
pub mod address;
pub mod bus;
pub mod jws;
pub mod notice;
pub mod policy;
pub mod topology;
