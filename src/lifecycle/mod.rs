//! What is in force: threads of versions, closings, withdrawals, in any order of arrival.

mod ledger;
mod thread;

pub use self::ledger::{Kept, Ledger, Standing};
pub use self::thread::{Thread, ThreadKey, Version};
