//! What is in force: threads of versions, closings, withdrawals, in any order of arrival.

mod before;
mod erase;
mod filed;
mod ledger;
mod manifest;
mod relation;
mod standing;
mod thread;

pub use self::erase::{Due, Tombstone, is_erasing};
pub use self::ledger::{EXPIRES_SOON, Kept, Ledger};
pub use self::manifest::{Channel, Manifest};
pub use self::standing::Standing;
pub use self::thread::{Thread, ThreadKey, Version};
