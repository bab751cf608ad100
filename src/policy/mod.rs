//! What may go where: rules, the TLP table, entitlement.

pub use crate::notice::Reason;
