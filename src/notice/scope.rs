//! Parts of the territory and economy.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::text;

/// The token that stands for every region or sector.
pub const ALL: &str = "all";
const PARTS: usize = 4;
const MAX_TOKEN_CHARS: usize = 24;

/// `union.country.region.sector`, tokens `[a-z0-9-]{1,24}` or `all`. The union is never `all`, and
/// a region needs its country. Written short, trailing `all`s may be left out; on the wire all four
/// parts stand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Scope(Arc<str>);

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

    /// The wire form: all four parts, so that one scope has one text.
    pub(super) fn whole(text: &str) -> Result<Self, ScopeError> {
        let scope: Self = text.parse()?;
        if text == scope.0.as_ref() { Ok(scope) } else { Err(ScopeError::Short(text.to_owned())) }
    }

    /// The four tokens: union, country, region, sector.
    #[must_use]
    pub fn parts(&self) -> [&str; PARTS] {
        let mut parts = self.0.split('.');
        [(); PARTS].map(|()| parts.next().unwrap_or(ALL))
    }

    /// The sector's token, or `all`.
    #[must_use]
    pub fn sector(&self) -> &str {
        let [_, _, _, sector] = self.parts();
        sector
    }

    /// The country's token, or `all`.
    #[must_use]
    pub fn country(&self) -> &str {
        let [_, country, _, _] = self.parts();
        country
    }

    /// The region's token, or `all`.
    #[must_use]
    pub fn region(&self) -> &str {
        let [_, _, region, _] = self.parts();
        region
    }

    /// Whether every place and sector of `other` is also one of this.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.pairs(other).all(|(mine, theirs)| mine == ALL || mine == theirs)
    }

    fn pairs<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = (&'s str, &'s str)> {
        self.parts().into_iter().zip(other.parts())
    }

    /// What the two have in common, if anything.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let narrower = |(mine, theirs)| if mine == ALL { theirs } else { mine };
        let parts: Vec<&str> = self.pairs(other).map(narrower).collect();
        self.intersects(other).then(|| Self(parts.join(".").into()))
    }

    /// Whether the two have a place and sector in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.pairs(other).all(|(mine, theirs)| mine == ALL || theirs == ALL || mine == theirs)
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
        let given = text.split('.').count();
        if given > PARTS || !text.split('.').all(token) {
            return Err(ScopeError::Form(shown()));
        }
        let scope = match PARTS - given {
            0 => Self(text.into()),
            left => Self((text.to_owned() + &format!(".{ALL}").repeat(left)).into()),
        };
        match scope.parts() {
            [ALL, ..] => Err(ScopeError::Union(shown())),
            [_, ALL, region, _] if region != ALL => Err(ScopeError::Region(shown())),
            _ => Ok(scope),
        }
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, Self::whole)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
        assert!(Scope::whole("eu.fr").is_err());
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
