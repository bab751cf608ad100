//! The sector vocabulary, from `data/sectors.toml`.
//!
//! One list for scopes, topology and incident reports: two lists drift, and a sector that only one
//! of them knows is an alert that nobody gets. It is compiled in, so that a node cannot run with
//! another's list by accident.

use std::sync::LazyLock;

use serde::Deserialize;

/// A part of the economy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sector {
    /// What stands in a scope: `[a-z0-9-]{1,24}`.
    pub token: String,
    /// The NIS2 sector, or `sector/subsector`; `None` outside NIS2.
    #[serde(default)]
    pub nis2: Option<String>,
    /// What else it is called, in lower case.
    pub aliases: Vec<String>,
    /// Its English name.
    pub en: String,
    /// Its French name.
    pub fr: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    sector: Vec<Sector>,
}

const TEXT: &str = include_str!("../../data/sectors.toml");

// A table that does not parse is empty, and the test below fails: no caller can mend it.
static SECTORS: LazyLock<Vec<Sector>> =
    LazyLock::new(|| toml::from_str(TEXT).map_or_else(|_| Vec::new(), |table: Table| table.sector));

/// Every sector, in the order of the file: NIS2 annex I, annex II, ours.
#[must_use]
pub fn sectors() -> &'static [Sector] {
    &SECTORS
}

/// The sector that a token or an alias means, in any case.
#[must_use]
pub fn by_name(text: &str) -> Option<&'static Sector> {
    let name = text.trim().to_lowercase();
    sectors().iter().find(|s| s.token == name || s.aliases.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::notice::Scope;

    #[test]
    fn the_file_holds_the_eighteen_sectors_of_nis2_and_four_of_ours() {
        assert_eq!(toml::from_str::<Table>(TEXT).map(|table| table.sector.len()), Ok(22));
        let whole =
            |s: &&Sector| s.nis2.as_deref().is_some_and(|tag| tag == s.token && !tag.contains('/'));
        assert_eq!(sectors().iter().filter(whole).count(), 18);
    }

    #[test]
    fn every_token_can_stand_in_a_scope() {
        for sector in sectors() {
            assert!(Scope::new("eu", "fr", "all", &sector.token).is_ok(), "{}", sector.token);
        }
    }

    #[test]
    fn no_two_sectors_share_a_token_or_an_alias() {
        let mut seen = HashSet::new();
        for sector in sectors() {
            for name in sector.aliases.iter().chain([&sector.token]) {
                assert!(seen.insert(name.as_str()), "`{name}` twice");
                assert_eq!(*name, name.to_lowercase(), "by_name compares in lower case");
            }
        }
    }

    #[test]
    fn a_sector_is_found_by_token_and_alias_in_any_case() {
        let token = |text| by_name(text).map(|sector| sector.token.as_str());
        assert_eq!(token("health"), Some("health"));
        assert_eq!(token("SANTÉ"), Some("health"));
        assert_eq!(token(" Healthcare and Public Health "), Some("health"));
        assert_eq!(token("defense"), Some("defence"));
        assert_eq!(token("all"), None);
        assert_eq!(token("helth"), None);
    }
}
