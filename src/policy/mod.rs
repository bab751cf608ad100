//! What may go where: rules, the TLP table, entitlement.

mod cases;
mod entitled;
mod rules;

pub use self::cases::{may_forward, may_refer, may_respond};
pub use self::entitled::{
    Concern, carries, entitled, follows, is_above, is_upward, may_lead, next_up, once_entitled,
    passed, passes, serves_entities, ways,
};
pub use self::rules::{Climb, ClimbThen, Policy, Rule, Then};
pub use crate::notice::Reason;
