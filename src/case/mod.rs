//! Cases: threads of reports and answers, where each stands, and which clock runs.
//!
//! Everything here is a function of the notices that a node holds, in whatever order they came: a
//! restart changes nothing, and two nodes that hold the same see the same. Nothing is kept and no
//! clock is read; who asks hands in what counts (neither withdrawn nor void) and `now`.
//!
//! ```text
//!  Item, Item, ...  ─▶ group ─▶ Case ─▶ states, is_open, deadlines, unanswered_since
//!  Case, Case, ...  ─▶ similar         receipts ─▶ silent         data/clocks.toml ─▶ Clocks
//! ```

mod clocks;
mod deadline;
mod group;
mod open;
mod reading;
mod silence;
mod similar;
mod states;
mod told;

pub use self::clocks::{Anchor, Clock, ClockError, Clocks, Duty, Span};
pub use self::deadline::{Deadline, DeadlineStanding};
pub use self::group::group;
pub use self::silence::{Silence, silent};
pub use self::similar::{Alike, Cluster, Ground, Similar, similar};
pub use self::states::{Illegal, Standing, answers_after, may_answer, may_follow};
pub use self::told::{Case, Item, Told, Word};
