//! What strict JSON promises: whatever it takes, every other reader takes, and reads alike.

use std::collections::HashSet;

use serde_json::Value;

/// Checks bytes that the strict reader has taken against a reader that is not strict.
///
/// # Panics
/// If another reader refuses them, reads something else, or a key stands twice.
pub fn every_reader_agrees(bytes: &[u8], again: &impl serde::Serialize) {
    let theirs: Value = serde_json::from_slice(bytes).expect("strict JSON is JSON");
    let ours = serde_json::to_value(again).expect("a record of ours is JSON");
    assert_eq!(theirs, ours, "what was sent is not what was read");
    let text = std::str::from_utf8(bytes).expect("JSON is UTF-8");
    let members = members(&theirs);
    // A member that stands twice is one in the value, and two in the text.
    assert_eq!(members, colons(text), "a member is hidden");
    assert!(!text.starts_with('\u{feff}'), "a byte order mark");
}

fn members(value: &Value) -> usize {
    match value {
        Value::Object(map) => {
            let names: HashSet<_> = map.keys().collect();
            names.len() + map.values().map(members).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(members).sum(),
        _ => 0,
    }
}

/// Colons outside of texts: one for each member as written.
fn colons(text: &str) -> usize {
    let (mut count, mut inside, mut escaped) = (0, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            ':' if !inside => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a member is hidden")]
    fn a_key_that_stands_twice_is_seen() {
        every_reader_agrees(br#"{"a":1,"\u0061":2}"#, &serde_json::json!({"a": 2}));
    }

    #[test]
    #[should_panic(expected = "not what was read")]
    fn another_reading_is_seen() {
        every_reader_agrees(br#"{"a":1}"#, &serde_json::json!({"a": 2}));
    }
}
