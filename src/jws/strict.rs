//! Strict JSON: no duplicate key at any depth, no float, no null, no list for an object, bounded
//! depth, nothing after the value.
//!
//! Parsers disagree about duplicate keys (Python and JavaScript take the last, serde structs
//! refuse), and what they disagree about, an attacker uses. So a first pass refuses whatever two
//! parsers could read differently, and only then serde fills the type. Two passes cost a few
//! microseconds; a hand-written parser was not chosen.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Nesting allowed in signed JSON: the deepest record, a bundle, needs seven.
pub const MAX_DEPTH: usize = 10;
/// Largest integer that every JSON library reads exactly (2^53 - 1).
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why a text is not the strict JSON of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not one JSON object, a duplicate key, a float, too deep, or bytes after it.
    #[error("not strict JSON: {0}")]
    Syntax(String),
    /// Strict JSON, but a claim is unknown, missing or of the wrong form.
    #[error("{0}")]
    Claim(String),
}

/// Reads `bytes` as strict JSON into `T`, whose own `deny_unknown_fields` refuses unknown claims.
///
/// # Errors
/// [`JsonError::Syntax`] before any claim is looked at, [`JsonError::Claim`] after.
pub fn from_slice<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Checker { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|e| JsonError::Syntax(e.to_string()))?;
    let claim = |e: serde_json::Error| JsonError::Claim(e.to_string());
    let found = serde_json::from_slice(bytes).map_err(claim)?;
    let (sent, read) = (serde_json::from_slice(bytes), serde_json::to_value(&found));
    if !same_shape(&sent.map_err(claim)?, &read.map_err(claim)?) {
        return Err(JsonError::Claim("a list where an object stands".into()));
    }
    Ok(found)
}

/// Reads what [`from_slice`] took before it was stored: it is the same bytes. One pass in the place
/// of five, of which a relay's start is made.
///
/// # Errors
/// [`JsonError::Claim`].
pub fn reread<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(bytes).map_err(|e| JsonError::Claim(e.to_string()))
}

/// Whether lists stand only where `T` has lists. A serde struct is also read from a list of its
/// members' values, which no other implementation would take for it.
fn same_shape(sent: &Value, read: &Value) -> bool {
    match (sent, read) {
        (Value::Array(sent), Value::Array(read)) => {
            sent.len() == read.len() && sent.iter().zip(read).all(|(s, r)| same_shape(s, r))
        }
        (Value::Object(sent), Value::Object(read)) => {
            sent.iter().all(|(name, s)| read.get(name).is_some_and(|r| same_shape(s, r)))
        }
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        _ => true,
    }
}

#[derive(Clone, Copy)]
struct Checker {
    depth: usize,
}

impl Checker {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Checker {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checker {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("strict JSON (no floats, no duplicate keys)")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        // Some readers take null for absent, others for present: no record of ours has one.
        Err(E::custom("a null"))
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        if value > MAX_INTEGER {
            return Err(E::custom("an integer above 2^53 - 1"));
        }
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        Err(E::custom("a negative number"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while seq.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(inner)?;
            if !seen.insert(key) {
                return Err(serde::de::Error::custom("a duplicate key"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Value, JsonError> {
        from_slice(text.as_bytes())
    }

    #[test]
    fn refuses_what_two_parsers_could_read_differently() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            "{\"tlp\":1,\"\\u0074lp\":2}",
            r#"{"a":1.0}"#,
            r#"{"a":1e3}"#,
            r#"{"a":-1}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":NaN}"#,
            r#"{"a":null}"#,
            r#"{"a":"\ud800"}"#,
            "\u{feff}{}",
            "{} {}",
            "{",
        ] {
            assert!(matches!(check(text), Err(JsonError::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn refuses_a_nesting_bomb_without_following_it() {
        let bomb = "[".repeat(100_000);
        assert!(matches!(check(&bomb), Err(JsonError::Syntax(_))));
    }

    #[test]
    fn a_list_of_values_is_not_an_object() {
        #[derive(Debug, serde::Deserialize, Serialize)]
        struct Pair {
            first: u8,
            second: Vec<u8>,
        }
        from_slice::<Pair>(br#"{"first":1,"second":[2,3]}"#).expect("an object");
        for text in [r#"[1,[2,3]]"#, r#"[[1,[2]]]"#] {
            assert!(from_slice::<Pair>(text.as_bytes()).is_err(), "{text}");
        }
        assert!(from_slice::<Vec<Pair>>(br#"[[1,[2]]]"#).is_err());
    }

    #[test]
    fn reads_what_is_strict() {
        let value = check(r#"{"a":[true,{},"x",9007199254740991]}"#).expect("strict");
        assert_eq!(value["a"][3], 9_007_199_254_740_991_u64);
    }
}
