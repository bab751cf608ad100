//! What one node does with one verified message. No clock, no I/O, no key, no body.
//!
//! `decide` reads state and never writes it, and never asks "seen before?": a redelivery after a
//! crash gets the same places, so a crash between two acknowledged publishes loses neither. State
//! changes in `keep` alone, after every place is safe.

mod account;
mod beats;
mod cases;
mod counts;
mod erase;
mod follow;
mod over;
mod receipts;
mod reconcile;
mod router;
mod shares;
mod step;
mod stock;
mod stored;
mod unanswered;

pub use self::account::{Account, Entities, Known, Part, State};
pub use self::beats::{Beats, Links, Outlook, own_beats};
pub use self::cases::{Filed, cases};
pub use self::router::{Back, Router, Verdict};
pub use self::shares::{Shares, fits};
pub use self::step::{covers, is_urgent, own_hop, time_to_live};
pub use self::stock::Stock;
pub use self::stored::Stored;
pub use self::unanswered::Heard;
