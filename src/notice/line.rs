//! The forms that a statement's texts must have. What is checked before signing and what is
//! checked on arrival must be one function.

/// Whether a character is no part of a shown line: control, line-breaking or direction-changing.
/// A title stands on terminals, where these rewrite what stands around it.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line of 1 to `max_chars` characters, none hidden, no blank at its ends.
pub(crate) fn is_line(text: &str, max_chars: usize) -> bool {
    let chars = text.chars().count();
    (1..=max_chars).contains(&chars) && text.trim() == text && !text.chars().any(is_hidden)
}

/// 1 to `max` of `[a-z0-9-]`.
pub(crate) fn is_token(text: &str, max: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=max).contains(&text.len()) && text.bytes().all(allowed)
}

/// A BCP 47 tag, by its form alone.
pub(crate) fn is_language(text: &str) -> bool {
    let subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    text.len() <= 35
        && text.split('-').all(subtag)
        && text.split('-').next().is_some_and(|p| (2..=3).contains(&p.len()))
}
