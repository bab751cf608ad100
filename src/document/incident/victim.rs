//! Whether a text names the victim: what a redacted report must not do.
//!
//! The name as a whole, however it is written, and each word of it that tells this organisation
//! from others (`data/common-words.txt` has those that do not). It errs on the side of finding: who
//! forwards reads the field once more, and redacts it too or words it anew.

use std::collections::HashSet;
use std::sync::LazyLock;

use icu_normalizer::DecomposingNormalizer;

const COMMON: &str = include_str!("../../../data/common-words.txt");
/// Shorter words stand inside others too often: they are found as whole words alone.
const MIN_INSIDE: usize = 5;
/// An acronym has at least so many letters.
const MIN_WORD: usize = 3;

static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| COMMON.lines().filter(|line| !line.starts_with('#')).collect());

/// A name of an organisation, or of an embargo, as it is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim {
    whole: String,
    phrase: Vec<String>,
    words: Vec<String>,
}

impl Victim {
    /// From the name as a report has it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        for word in name.split(|c: char| !c.is_alphanumeric()) {
            let (folded, letters) = (fold(word), word.chars().count());
            // Three letters are a name if they are an acronym: the others are articles.
            let acronym = letters > MIN_WORD || word.chars().all(char::is_uppercase);
            let tells = letters >= MIN_WORD && acronym && !WORDS.contains(folded.as_str());
            if tells && !words.contains(&folded) {
                words.push(folded);
            }
        }
        let folded = fold(name);
        let phrase = folded.split_whitespace().map(str::to_owned).collect();
        Self { whole: squeeze(&folded), phrase, words }
    }

    /// Whether a text has the name or one of its telling words.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        let text = fold(text);
        let found = |word: &String| {
            let whole = text.split_whitespace().any(|part| part == word);
            whole || (word.chars().count() >= MIN_INSIDE && text.contains(word.as_str()))
        };
        let inside = self.whole.chars().count() >= MIN_INSIDE;
        let whole = inside && squeeze(&text).contains(&self.whole);
        whole || self.is_phrase_of(&text) || self.words.iter().any(found)
    }

    /// Whether it stands there as it is, word by word: however short, and of whatever words.
    fn is_phrase_of(&self, text: &str) -> bool {
        let words: Vec<&str> = text.split_whitespace().collect();
        let length = self.phrase.len();
        length > 0 && words.windows(length).any(|part| part == self.phrase)
    }
}

/// Lower case, without accents and ligatures; what is no letter or digit is a blank.
fn fold(text: &str) -> String {
    let decomposed = DecomposingNormalizer::new_nfkd().normalize(text);
    let mut folded = String::with_capacity(decomposed.len());
    for c in decomposed.chars().flat_map(char::to_lowercase) {
        match c {
            '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' => {}
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            // A sigma at the end of a word is the same letter.
            'ς' => folded.push('σ'),
            c if c.is_alphanumeric() => folded.push(c),
            _ => folded.push(' '),
        }
    }
    folded
}

fn squeeze(folded: &str) -> String {
    folded.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_written() {
        let victim = Victim::new("Centre hospitalier de Kérlann");
        for text in [
            "CENTRE HOSPITALIER DE KERLANN",
            "the site of kerlann",
            "http://www.ch-kerlann.example/",
            "kérlannsupport.example",
            "Ke\u{301}rlann",
            "Ｋｅｒｌａｎｎ",
            "KER\u{ad}LANN",
            "centrehospitalierdekerlann",
        ] {
            assert!(victim.is_in(text), "{text}");
        }
        for text in ["centre hospitalier", "Urgences en mode dégradé", "de", ""] {
            assert!(!victim.is_in(text), "{text}");
        }
    }

    #[test]
    fn a_name_of_common_words_alone_is_found_as_a_whole() {
        let victim = Victim::new("Hôpital Général");
        assert!(victim.is_in("à l'hopital general, hier") && !victim.is_in("un hôpital"));
    }

    #[test]
    fn an_acronym_is_found_as_a_word() {
        let victim = Victim::new("SNX Énergie");
        assert!(victim.is_in("chez snx.") && !victim.is_in("transnxa"));
        assert!(!Victim::new("Les Amis").is_in("les serveurs"));
        assert!(Victim::new("Les Amis").is_in("lesamis.example"));
    }

    #[test]
    fn a_code_name_is_found_however_short_it_is() {
        for code in ["x7", "ray", "fir", "a-b", "42"] {
            let name = Victim::new(code);
            let text = format!("As in case {}: patch.", code.to_uppercase());
            assert!(name.is_in(&text) && !name.is_in("array firm axb 4242"), "{code}");
        }
        assert!(!Victim::new("").is_in("a b") && !Victim::new("-").is_in("- -"));
    }

    #[test]
    fn a_greek_name_is_found_in_capitals() {
        let victim = Victim::new("Νοσοκομείο Άγιος Σάββας");
        assert!(victim.is_in("ΑΓΙΟΣ") && victim.is_in("ΣΑΒΒΑΣ"));
        assert!(Victim::new("ΣΑΒΒΑΣ").is_in("ο άγιος σάββας"));
    }

    #[test]
    fn the_common_words_are_folded_sorted_and_unique() {
        let lines: Vec<&str> = COMMON.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 150 && lines.is_sorted(), "one a line, sorted");
        assert_eq!(WORDS.len(), lines.len());
        for line in lines {
            assert_eq!(fold(line), line);
        }
    }
}
