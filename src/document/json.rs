//! JSON that every reader reads alike.
//!
//! A document with two labels under one key is CLEAR for one reader and RED for the next. So a key
//! that stands twice in one object is an error, at any depth; everything else that JSON allows is
//! allowed, because the documents are other people's. Depth is bounded by serde_json's own limit.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::DocumentError;

/// Some editors put it before a file; RFC 8259 lets a reader skip it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one JSON value and nothing after it.
pub(super) fn parse(bytes: &[u8], file_name: &str) -> Result<Value, DocumentError> {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let value: Unique = serde_json::from_slice(text).map_err(|error| syntax(&error, file_name))?;
    Ok(value.0)
}

/// Whether the first character that is no blank opens an object.
pub(super) fn looks_like_object(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{')
}

fn syntax(error: &serde_json::Error, file_name: &str) -> DocumentError {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    DocumentError::Syntax {
        file: file_name.to_owned(),
        line: error.line(),
        column: error.column(),
        what: what.to_owned(),
    }
}

/// A value whose objects have each key once.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder).map(Self)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Unique(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Unique(value))) = map.next_entry::<String, Unique>()? {
            if object.contains_key(&key) {
                let key: String = key.escape_debug().take(60).collect();
                return Err(A::Error::custom(format!("the key `{key}` stands twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_stands_twice_is_refused_with_its_place() {
        let text = "{\"tlp\": {\"label\": \"RED\",\n \"l\\u0061bel\": \"WHITE\"}}";
        let error = parse(text.as_bytes(), "a.json").unwrap_err().to_string();
        assert!(error.starts_with("a.json:2:"), "{error}");
        assert!(error.contains("the key `label` stands twice"), "{error}");
    }

    #[test]
    fn a_nesting_bomb_is_an_error() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let bomb = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            let error = parse(bomb.as_bytes(), "bomb.json").unwrap_err();
            assert!(error.to_string().contains("recursion limit"), "{error}");
        }
    }

    #[test]
    fn what_json_allows_is_read_as_serde_json_reads_it() {
        let text = r#"{"a": [1, -2, 0.5, 1e300, null, true, "\u00e9\n"], "b": {}}"#;
        assert_eq!(parse(text.as_bytes(), "a.json").ok(), serde_json::from_str(text).ok());
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(parse(b"\xef\xbb\xbf{}", "a.json"), Ok(Value::Object(Map::new())));
        assert!(looks_like_object(b"\xef\xbb\xbf \n{"));
    }
}
