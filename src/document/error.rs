//! Why a document could not be read: always with the file, and the place or the field.

use serde_json::Value;

const MAX_SHOWN_CHARS: usize = 60;

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, nested too deep, or an object has a key twice.
    #[error("{file}:{line}:{column}: not JSON: {what}")]
    Syntax {
        /// The file's name as the caller gave it.
        file: String,
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
        /// What the parser says.
        what: String,
    },
    /// A field is missing, unknown or outside its rule.
    #[error("{file}: `{field}` is {found}, expected {expected}")]
    Field {
        /// The file's name as the caller gave it.
        file: String,
        /// Its path, as `document.tracking.id`.
        field: String,
        /// What stands there, cut short.
        found: String,
        /// What would be right.
        expected: String,
    },
}

/// How an error shows a value: short, and harmless on a terminal.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string().chars().take(MAX_SHOWN_CHARS).collect(),
        Value::String(text) => {
            let head: String = text.chars().take(MAX_SHOWN_CHARS).collect();
            let more = if head.len() < text.len() { "..." } else { "" };
            format!("\"{}{more}\"", head.escape_debug())
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}
