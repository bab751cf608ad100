//! Licence expressions of SPDX, as far as Cargo.toml files use them.

use std::collections::BTreeSet;

/// Whether the terms of `expression` can be met with licences of `allowed` alone. An empty or
/// unreadable expression cannot. A `WITH` is a licence of its own, and would have to be allowed.
pub(crate) fn is_within(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    any(&mut words, allowed).is_some_and(|met| met && words.is_empty())
}

fn any(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = all(words, allowed)?;
    while words.pop_if(|word| *word == "OR").is_some() {
        met |= all(words, allowed)?;
    }
    Some(met)
}

fn all(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut met = one(words, allowed)?;
    while words.pop_if(|word| *word == "AND").is_some() {
        met &= one(words, allowed)?;
    }
    Some(met)
}

fn one(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> Option<bool> {
    let word = words.pop()?;
    if word == "(" {
        let met = any(words, allowed)?;
        return (words.pop()? == ")").then_some(met);
    }
    let name = match words.pop_if(|word| *word == "WITH") {
        Some(_) => format!("{word} WITH {}", words.pop()?),
        None => word.to_owned(),
    };
    Some(allowed.contains(&name))
}

#[test]
fn expressions_are_met_or_not() {
    let allowed = ["MIT", "ISC"].map(str::to_owned).into();
    for met in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(GPL-3.0 OR ISC) AND MIT", "MIT AND ISC"] {
        assert!(is_within(met, &allowed), "{met}");
    }
    for not in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT WITH X-exception", "(MIT", "MIT ISC", "OR"] {
        assert!(!is_within(not, &allowed), "{not}");
    }
}
