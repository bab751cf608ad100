//! The sector tokens that may stand in a scope's fourth part or among `clients`.

use crate::notice;

/// Every one of them, for hints.
pub(super) fn tokens() -> Vec<&'static str> {
    notice::sectors().iter().map(|sector| sector.token.as_str()).collect()
}

/// Whether a token names a sector. Aliases do not count: in a file, one spelling.
pub(super) fn is_known(token: &str) -> bool {
    notice::sectors().iter().any(|sector| sector.token == token)
}
