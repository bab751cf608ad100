//! Cases: what belongs together, where it stands and which clock runs, as statements about the
//! notices that a node holds, in any order; and what a node refuses to take into a case.

mod clocks;
mod deadlines;
mod grouping;
mod made;
mod open;
mod orders;
mod relations;
mod states;
mod watching;
