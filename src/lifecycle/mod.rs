//! What is in force: threads of versions, closings, withdrawals, in any order of arrival.

mod ledger;
mod manifest;
mod thread;

pub use self::ledger::{EXPIRES_SOON, Kept, Ledger, Standing};
pub use self::manifest::{Channel, Manifest};
pub use self::thread::{Thread, ThreadKey, Version};
