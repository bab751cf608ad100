//! Seats in the federation and the steps between them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::text;

/// Tokens in a node id: union, state, region, entity, and two to spare.
pub const MAX_NODE_TOKENS: usize = 6;
const MAX_TOKEN_CHARS: usize = 16;

/// A seat in the federation, not its present operator: `eu`, `eu-fr`, `eu-fr-bre`.
///
/// One to six tokens `[a-z0-9]{1,16}` joined by `-`. The grammar is ASCII, so no look-alike of
/// another script passes, and it has no character that a subject gives a meaning to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct NodeId(Arc<str>);

/// Not a node id; carries the text, escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no node id: 1 to 6 tokens [a-z0-9]{{1,16}} joined by `-`, as `eu-fr-bre`")]
pub struct NodeIdError(String);

/// The next step on the tree from one node toward another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is this node.
    Here,
    /// Below: through this child.
    Down(NodeId),
    /// Anywhere else: through the parent.
    Up,
}

impl NodeId {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id without the last token; `None` at the top.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('-').map(|(parent, _)| Self(parent.into()))
    }

    /// Number of tokens.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.split('-').count()
    }

    /// Whether `other` is this node or lies below it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0 == self.0
            || other.0.strip_prefix(&*self.0).is_some_and(|rest| rest.starts_with('-'))
    }

    /// Where a message for `target` goes from here.
    #[must_use]
    pub fn step(&self, target: &Self) -> Step {
        if self == target {
            return Step::Here;
        }
        if !self.contains(target) {
            return Step::Up;
        }
        let tokens: Vec<&str> = target.0.split('-').take(self.depth() + 1).collect();
        Step::Down(Self(tokens.join("-").into()))
    }

    /// The State that the node is part of (`eu-fr` for `eu-fr-bre`); `None` for a union.
    #[must_use]
    pub fn state(&self) -> Option<Self> {
        let tokens: Vec<&str> = self.0.split('-').take(2).collect();
        (tokens.len() == 2).then(|| Self(tokens.join("-").into()))
    }
}

impl FromStr for NodeId {
    type Err = NodeIdError;
    fn from_str(text: &str) -> Result<Self, NodeIdError> {
        let token = |token: &str| {
            (1..=MAX_TOKEN_CHARS).contains(&token.len())
                && token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let count = text.split('-').count();
        if count <= MAX_NODE_TOKENS && text.split('-').all(token) {
            Ok(Self(text.into()))
        } else {
            Err(NodeIdError(text.escape_debug().take(120).collect()))
        }
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, Self::from_str)
    }
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A node's place in the hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// CERT-EU: a peer with its own constituents and the States' meeting point.
    Union,
    /// A national CERT.
    National,
    /// A regional or overseas CSIRT.
    Regional,
    /// A sector CSIRT.
    Sector,
    /// A hospital, a town hall: who is served, and passes nothing on to other organisations.
    Entity,
}

impl Level {
    /// The level's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Union => "union",
            Self::National => "national",
            Self::Regional => "regional",
            Self::Sector => "sector",
            Self::Entity => "entity",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> NodeId {
        text.parse().expect("a node id")
    }

    #[test]
    fn look_alikes_and_subject_characters_are_no_node_ids() {
        for text in
            ["", "EU", "eu-", "-eu", "eu--fr", "eu.fr", "eu-fr*", "eu->", "e\u{0443}", "eu fr"]
        {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
        }
        assert!("a-b-c-d-e-f-g".parse::<NodeId>().is_err());
        assert!("abcdefghijklmnopq".parse::<NodeId>().is_err());
    }

    #[test]
    fn a_step_goes_here_down_or_up() {
        assert_eq!(id("eu-fr").step(&id("eu-fr")), Step::Here);
        assert_eq!(id("eu").step(&id("eu-fr-bre")), Step::Down(id("eu-fr")));
        assert_eq!(id("eu-fr-bre").step(&id("eu-fr-nor")), Step::Up);
        assert_eq!(id("eu-fr").step(&id("eu-frx-bre")), Step::Up);
    }

    #[test]
    fn a_state_is_the_first_two_tokens() {
        assert_eq!(id("eu-fr-bre").state(), Some(id("eu-fr")));
        assert_eq!(id("eu").state(), None);
    }
}
