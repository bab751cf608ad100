//! What may go where: reasons, rules, the TLP table, entitlement.

mod reason;

pub use self::reason::Reason;
