//! What mutation testing builds of the product: the domain, and what reads documents.

pub mod address;
pub mod case;
pub mod ceremony;
pub mod document;
pub mod jws;
pub mod lifecycle;
pub mod notice;
pub mod policy;
pub mod routing;
pub mod trust;
pub mod verify;
