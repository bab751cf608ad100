//! A notice's id: the SHA-256 of its statement's JWS.

use std::fmt;
use std::hash::Hasher;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use super::text;

/// SHA-256 of the `Chappe-Notice` value: same id, same signed bytes. So nobody can squat an id,
/// use it again, or sign it twice with different meaning. Also the digest of other signed texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Id([u8; 32]);

/// Makes the digest of a value by its `Hash`, which keeps texts apart, so that two values have one
/// digest only if they are equal. In memory alone: another compiler may give another one.
#[derive(Default)]
pub(crate) struct Digesting(Sha256);

impl Digesting {
    pub(crate) fn id(self) -> Id {
        Id(self.0.finalize().into())
    }
}

impl Hasher for Digesting {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest is what counts.
    fn finish(&self) -> u64 {
        0
    }
}

/// Not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 64 lower-case hexadecimal digits")]
pub struct IdError;

impl Id {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl From<[u8; 32]> for Id {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

const NO_DIGIT: u8 = 0xff;

fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => NO_DIGIT,
    }
}

impl FromStr for Id {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(IdError) };
        let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| IdError)?;
        let mut wrong = false;
        let bytes = pairs.map(|[high, low]| {
            let (high, low) = (value(high), value(low));
            wrong |= (high | low) == NO_DIGIT;
            high << 4 | low & 15
        });
        if wrong { Err(IdError) } else { Ok(Self(bytes)) }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, Self::from_str)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.to_string()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let halves = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        // In one piece: every subject and every record has one, and a format for each byte is slow.
        f.write_str(
            &halves.filter_map(|half| char::from_digit(half.into(), 16)).collect::<String>(),
        )
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.short())
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hash as _;

    use super::*;

    #[test]
    fn an_id_is_read_back_and_nothing_else_is_one() {
        let id = Id::of(b"notice");
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for at in 0..64 {
            for digit in ["g", "A", "/", ":", "`", "\u{7f}", " "] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, digit);
                assert_eq!(changed.parse::<Id>(), Err(IdError), "{changed:?}");
            }
        }
        for wrong in [&text[..62], &text[..63], &format!("{text}0"), &format!("{text}00"), ""] {
            assert_eq!(wrong.parse::<Id>(), Err(IdError), "{wrong}");
        }
        assert_eq!("é".repeat(32).parse::<Id>(), Err(IdError));
    }

    #[test]
    fn texts_that_only_together_are_the_same_have_different_digests() {
        let digest = |texts: [Option<&str>; 2]| {
            let mut digest = Digesting::default();
            texts.hash(&mut digest);
            digest.id()
        };
        let all = [[Some("ab"), Some("c")], [Some("a"), Some("bc")], [Some("abc"), None]];
        let mut found: Vec<Id> = all.into_iter().map(digest).collect();
        found.extend([digest([None, Some("abc")]), digest([Some("abc"), Some("")])]);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), 5);
        assert_eq!(digest([Some("ab"), Some("c")]), digest([Some("ab"), Some("c")]));
    }
}
