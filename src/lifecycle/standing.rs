//! How a notice stands.

/// How a notice stands, as operators read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Counts.
    InForce,
    /// A higher version is here.
    Superseded,
    /// Over, still readable.
    Closed,
    /// Counts no more.
    Withdrawn,
    /// Past its `exp`.
    Expired,
    /// An erasing withdrawal: what it names is deleted.
    Erased,
}

impl Standing {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Superseded => "superseded",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Erased => "erased",
        }
    }
}
