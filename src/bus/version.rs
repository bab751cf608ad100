//! Server versions: resetting a consumer, on which start-up rests, came with 2.14.

use std::fmt;

/// The oldest server that is good enough: `CONSUMER.RESET` came with it.
pub const NEEDED: Version = Version(2, 14, 0);

/// A server's version: major, minor, patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Finds the first `N.N.N` in a text such as `nats-server: v2.15.1` or `2.16.0-beta.1`.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| c != '.' && !c.is_ascii_digit()).find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let mut parts = word.split('.').filter(|part| !part.is_empty()).map(|p| p.parse().ok());
        Some(Self(parts.next()??, parts.next()??, parts.next()??))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::{NEEDED, Version};

    #[test]
    fn a_version_is_found_in_what_the_server_prints() {
        assert_eq!(Version::find("nats-server: v2.15.1\n"), Some(Version(2, 15, 1)));
        assert_eq!(Version::find("2.16.0-beta.1"), Some(Version(2, 16, 0)));
        assert_eq!(Version::find("no version, v2.15"), None);
    }

    #[test]
    fn versions_compare_by_number_and_not_by_text() {
        assert!(Version(2, 9, 25) < NEEDED);
        assert!(Version(2, 100, 0) > NEEDED);
    }
}
