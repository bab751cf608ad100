//! Parts of the territory and economy.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The token that stands for every region or sector.
pub const ALL: &str = "all";
const PARTS: usize = 4;
const MAX_TOKEN_CHARS: usize = 24;

/// `union.country.region.sector`, tokens `[a-z0-9-]{1,24}` or `all`. The union is never `all`, and
/// a region needs its country. Written short, trailing `all`s may be left out; on the wire all four
/// parts stand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope([String; PARTS]);

/// Why a text is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not one to four dotted tokens `[a-z0-9-]{1,24}`.
    #[error("`{0}` is no scope: union.country.region.sector, each [a-z0-9-]{{1,24}} or `all`")]
    Form(String),
    /// On the wire, fewer than four parts.
    #[error("`{0}` is short: on the wire a scope has four parts")]
    Short(String),
    /// The union is `all`.
    #[error("`{0}`: the union is never `all`")]
    Union(String),
    /// A region without its country.
    #[error("`{0}`: a region needs its country")]
    Region(String),
}

impl Scope {
    /// From its four parts.
    ///
    /// # Errors
    /// As parsing its text.
    pub fn new(union: &str, country: &str, region: &str, sector: &str) -> Result<Self, ScopeError> {
        format!("{union}.{country}.{region}.{sector}").parse()
    }

    /// The four tokens: union, country, region, sector.
    #[must_use]
    pub fn parts(&self) -> &[String; PARTS] {
        &self.0
    }

    /// The sector's token, or `all`.
    #[must_use]
    pub fn sector(&self) -> &str {
        let [_, _, _, sector] = &self.0;
        sector
    }

    /// The country's token, or `all`.
    #[must_use]
    pub fn country(&self) -> &str {
        let [_, country, _, _] = &self.0;
        country
    }

    /// The region's token, or `all`.
    #[must_use]
    pub fn region(&self) -> &str {
        let [_, _, region, _] = &self.0;
        region
    }

    /// Whether every place and sector of `other` is also one of this.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| mine == ALL || mine == theirs)
    }

    /// What the two have in common, if anything.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        if !self.intersects(other) {
            return None;
        }
        let mut parts = self.0.clone();
        for (mine, theirs) in parts.iter_mut().zip(&other.0) {
            if mine == ALL {
                mine.clone_from(theirs);
            }
        }
        Some(Self(parts))
    }

    /// Whether the two have a place and sector in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .all(|(mine, theirs)| mine == ALL || theirs == ALL || mine == theirs)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let token = |token: &str| {
            (1..=MAX_TOKEN_CHARS).contains(&token.len())
                && token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let shown = || text.escape_debug().take(120).collect::<String>();
        let mut tokens: Vec<String> = text.split('.').map(str::to_owned).collect();
        if tokens.len() > PARTS || !tokens.iter().all(|t| token(t)) {
            return Err(ScopeError::Form(shown()));
        }
        tokens.resize(PARTS, ALL.to_owned());
        let parts: [String; PARTS] = tokens.try_into().map_err(|_| ScopeError::Form(shown()))?;
        match &parts {
            [union, ..] if union == ALL => Err(ScopeError::Union(shown())),
            [_, country, region, _] if country == ALL && region != ALL => {
                Err(ScopeError::Region(shown()))
            }
            _ => Ok(Self(parts)),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;
    /// The wire form: all four parts, so that one scope has one text.
    fn try_from(text: String) -> Result<Self, ScopeError> {
        let scope: Self = text.parse()?;
        if text.split('.').count() == PARTS { Ok(scope) } else { Err(ScopeError::Short(text)) }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        text.parse().expect("a scope")
    }

    #[test]
    fn short_is_the_same_as_long() {
        assert_eq!(scope("eu.fr"), scope("eu.fr.all.all"));
        assert!(Scope::try_from("eu.fr".to_owned()).is_err());
    }

    #[test]
    fn the_union_is_never_all_and_a_region_needs_its_country() {
        assert_eq!("all".parse::<Scope>(), Err(ScopeError::Union("all".into())));
        assert!(matches!("eu.all.bre".parse::<Scope>(), Err(ScopeError::Region(_))));
        for text in ["", "eu.", "eu.fr.bre.health.x", "EU", "eu.*", "eu.>", "eu.f r"] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }

    #[test]
    fn contains_and_intersects() {
        assert!(scope("eu.fr").contains(&scope("eu.fr.bre.health")));
        assert!(!scope("eu.fr.bre").contains(&scope("eu.fr")));
        assert!(scope("eu.fr.bre").intersects(&scope("eu.fr.all.health")));
        assert!(!scope("eu.fr.bre").intersects(&scope("eu.fr.nor")));
    }
}
