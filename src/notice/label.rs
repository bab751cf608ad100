//! How far a notice may go (FIRST TLP 2.0) and how bad it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Not one of the words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not one of {expected}")]
pub struct LabelError {
    found: String,
    expected: &'static str,
}

/// A label of the Traffic Light Protocol 2.0 (FIRST, August 2022), from free to strict. Never
/// defaulted: a missing or unknown label is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tlp {
    /// No limit on disclosure.
    #[serde(rename = "CLEAR")]
    Clear,
    /// The community, never a public channel.
    #[serde(rename = "GREEN")]
    Green,
    /// The recipient's organisation and its clients.
    #[serde(rename = "AMBER")]
    Amber,
    /// The recipient's organisation only.
    #[serde(rename = "AMBER+STRICT")]
    AmberStrict,
    /// The named recipients only.
    #[serde(rename = "RED")]
    Red,
}

impl Tlp {
    /// Every label, from free to strict.
    pub const ALL: [Self; 5] =
        [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The label as FIRST writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER+STRICT",
            Self::Red => "RED",
        }
    }

    /// The label as a subject token.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::AmberStrict => "amber-strict",
            Self::Red => "red",
        }
    }

    /// Whether it goes to a direct neighbour only, and never onto a board.
    #[must_use]
    pub fn is_neighbour_only(self) -> bool {
        matches!(self, Self::AmberStrict | Self::Red)
    }
}

impl FromStr for Tlp {
    type Err = LabelError;
    /// Reads a label with or without its `TLP:` prefix, in any case; `WHITE` (TLP 1.0) is `CLEAR`.
    fn from_str(text: &str) -> Result<Self, LabelError> {
        let upper = text.trim().to_uppercase();
        let word = upper.strip_prefix("TLP:").unwrap_or(&upper);
        let word = if word == "WHITE" { "CLEAR" } else { word };
        Self::ALL.into_iter().find(|tlp| tlp.as_str() == word).ok_or_else(|| LabelError {
            found: text.escape_debug().take(40).collect(),
            expected: "CLEAR, GREEN, AMBER, AMBER+STRICT, RED",
        })
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How bad it is, on the common scale. `Unknown` passes every lower bound: in doubt, people are
/// told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// CVSS below 4.
    Low,
    /// CVSS below 7.
    Medium,
    /// CVSS below 9.
    High,
    /// CVSS 9 and above, or a danger at once.
    Critical,
    /// Nobody has said.
    Unknown,
}

impl Severity {
    /// Every severity, `Unknown` last.
    pub const ALL: [Self; 5] = [Self::Low, Self::Medium, Self::High, Self::Critical, Self::Unknown];

    /// The word, also the subject token.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for Severity {
    type Err = LabelError;
    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| LabelError {
            found: text.escape_debug().take(40).collect(),
            expected: "critical, high, medium, low, unknown",
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_people_write_them_and_no_others() {
        assert_eq!("TLP:amber+strict".parse(), Ok(Tlp::AmberStrict));
        assert_eq!("WHITE".parse(), Ok(Tlp::Clear));
        for text in ["", "unclear", "AMBER STRICT", "ex:chr"] {
            assert!(text.parse::<Tlp>().is_err(), "{text}");
        }
    }

    #[test]
    fn on_the_wire_only_the_standard_form_is_a_label() {
        assert!(serde_json::from_str::<Tlp>(r#""amber""#).is_err());
        assert!(serde_json::from_str::<Tlp>(r#""WHITE""#).is_err());
        assert_eq!(serde_json::from_str::<Tlp>(r#""AMBER+STRICT""#).ok(), Some(Tlp::AmberStrict));
    }
}
