//! Whether a document can be searched for a name: JSON by its strings, plain text as it stands.
//! In everything else a name may stand in a form that we do not read.

use serde_json::Value;

use crate::document::json;

/// How some file formats begin whose bytes may be text all the same.
const FORMATS: [&str; 3] = ["<", "%PDF", "{\\rtf"];

/// Whether any text of a document is such a one; `None` if it is neither JSON nor plain text, and
/// so cannot be searched. Of JSON each text is looked at as it is meant, not as it is escaped; a
/// text with markup, entities or the escapes of mail is not plain.
#[must_use]
pub fn has_text(bytes: &[u8], found: impl Fn(&str) -> bool) -> Option<bool> {
    fn any(value: &Value, found: &dyn Fn(&str) -> bool) -> bool {
        match value {
            Value::String(text) => found(text),
            Value::Array(items) => items.iter().any(|item| any(item, found)),
            Value::Object(inside) => inside.iter().any(|(key, v)| found(key) || any(v, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    if let Ok(value) = json::parse(bytes, "") {
        return Some(any(&value, &found));
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| is_plain(text))?;
    Some(found(text))
}

fn is_plain(text: &str) -> bool {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let format = FORMATS.iter().any(|format| start.starts_with(format));
    let bytes = text.as_bytes();
    let escapes = (0..bytes.len()).any(|at| bytes.get(at..).is_some_and(is_escape));
    !format && !escapes && !text.contains('\0') && !text.contains("</") && !text.contains("<br")
}

/// A letter that stands there as something else: of JSON and programs (`\u00e9`, `\xe9`), of HTML
/// (`&eacute;`, `&#233;`), of mail and addresses (`=C3`, `%C3`), or a line that mail has broken.
fn is_escape(rest: &[u8]) -> bool {
    let hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match rest {
        [b'\\', b'u', a, b, c, d, ..] => hex(&[*a, *b, *c, *d]),
        [b'\\', b'x', a, b, ..] => hex(&[*a, *b]),
        [b'&', b'#', ..] => true,
        [b'&', name @ ..] => {
            let letters = name.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            letters > 0 && name.get(letters) == Some(&b';')
        }
        [b'=' | b'%', high @ (b'8' | b'9' | b'A'..=b'F'), low, ..] => hex(&[*high, *low]),
        [before, b'=', b'\r' | b'\n', ..] => before.is_ascii_alphanumeric(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Victim;
    use super::*;

    fn found(text: &str) -> Option<bool> {
        let victim = Victim::new("Kérlann");
        has_text(text.as_bytes(), |text| victim.is_in(text))
    }

    #[test]
    fn a_document_is_searched_as_it_is_meant() {
        assert_eq!(found(r#"{"a": ["K\u00e9rlann"]}"#), Some(true));
        assert_eq!(found(r#"{"kerlann": 1}"#), Some(true));
        assert_eq!(found("À Kerlann"), Some(true));
        assert_eq!(found("elsewhere, C:\\users\\x, a=1&b=2; AT&T = 80%"), Some(false));
    }

    #[test]
    fn what_is_no_plain_text_is_not_called_clean() {
        for text in [
            "{\"a\": \"K\\u00e9rlann\", \"a\": \"\"}",
            "log: K\\u00e9rlann",
            "K&eacute;rlann",
            "K&#233;rlann",
            "K=C3=A9rlann",
            "Ker=\r\nlann",
            "https://k%C3%A9rlann.example",
            "<p>Ker<b>lann</b></p>",
            "Ker<b>lann</b>",
            "%PDF-1.7 (Ker) 20 (lann)",
            "K\0e\0r\0",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(has_text(b"\xff\xfe", |_| true), None);
    }
}
