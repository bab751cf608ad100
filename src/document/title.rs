//! A title that fits one line.

use crate::notice::{MAX_TITLE_CHARS, is_hidden, is_line};

const CUT: char = '…';

/// Makes a text fit a statement's title: blanks joined, line breaks, control and
/// direction-changing characters taken out, cut to 200 characters with `…`. `None` if nothing is
/// left.
#[must_use]
pub fn fit_title(text: &str) -> Option<String> {
    let shown: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_hidden(*c))
        .collect();
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = if line.chars().count() > MAX_TITLE_CHARS { cut(&line) } else { line };
    is_line(&line, MAX_TITLE_CHARS).then_some(line)
}

fn cut(line: &str) -> String {
    let head: String = line.chars().take(MAX_TITLE_CHARS - 1).collect();
    format!("{}{CUT}", head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_joined_and_what_rewrites_a_terminal_is_gone() {
        let fitted = fit_title(" Faille\r\n  dans\u{202e}\u{1b}[31m Ivanti\u{2028}VPN\t");
        assert_eq!(fitted.as_deref(), Some("Faille dans[31m Ivanti VPN"));
    }

    #[test]
    fn a_long_title_is_cut_to_what_a_statement_takes() {
        let fitted = fit_title(&"é".repeat(300)).unwrap();
        assert_eq!(fitted.chars().count(), MAX_TITLE_CHARS);
        assert!(fitted.ends_with('…'));
        assert_eq!(fit_title(&"é".repeat(200)), Some("é".repeat(200)));
    }

    #[test]
    fn nothing_is_no_title() {
        assert_eq!(fit_title(" \n\u{feff}"), None);
    }
}
