//! Secrets in all the forms in which a program might give them away, and the search for them in
//! whatever it has said.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What is looked up at each place of a haystack; no form is shorter.
const START: usize = 8;

/// Secrets, each in all its forms.
#[derive(Default)]
pub(crate) struct Secrets {
    needles: Vec<(String, Vec<u8>)>,
    starts: HashMap<[u8; START], Vec<usize>>,
}

impl Secrets {
    /// Every private key and seed below a folder.
    pub(crate) fn below(folder: &Path) -> Self {
        let mut secrets = Self::default();
        secrets.walk(folder);
        assert!(!secrets.needles.is_empty(), "no secret below {}", folder.display());
        secrets
    }

    fn walk(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            match ending {
                _ if path.is_dir() => self.walk(&path),
                "pem" => self.add_key(&path),
                "nk" => self.add_seed(&path),
                _ => {}
            }
        }
    }

    /// A PEM file: its body, and the 32 bytes if it is not encrypted.
    pub(crate) fn add_key(&mut self, path: &Path) {
        let pem = std::fs::read_to_string(path).expect("a key");
        let name = path.display().to_string();
        for line in pem.lines().filter(|line| !line.starts_with("---") && line.len() >= START) {
            self.add(&name, line.as_bytes());
        }
        if let Ok(key) = ed25519_dalek::pkcs8::DecodePrivateKey::from_pkcs8_pem(&pem) {
            let key: ed25519_dalek::SigningKey = key;
            self.add(&name, &key.to_bytes());
        }
    }

    fn add_seed(&mut self, path: &Path) {
        let seed = std::fs::read_to_string(path).expect("a seed");
        let (_, raw) = nkeys::decode_seed(seed.trim()).expect("a seed");
        let name = path.display().to_string();
        self.add(&name, seed.trim().as_bytes());
        self.add(&name, &raw);
    }

    /// A secret in all its forms.
    pub(crate) fn add(&mut self, what: &str, secret: &[u8]) {
        for form in forms(secret) {
            let start = form[..START].try_into().expect("long enough");
            self.starts.entry(start).or_default().push(self.needles.len());
            self.needles.push((what.to_owned(), form));
        }
    }

    /// The names of the secrets that occur.
    pub(crate) fn found(&self, said: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        for at in 0..said.len().saturating_sub(START - 1) {
            let start: [u8; START] = said[at..at + START].try_into().expect("long enough");
            let candidates = self.starts.get(&start).into_iter().flatten();
            for (what, needle) in candidates.map(|index| &self.needles[*index]) {
                if said[at..].starts_with(needle) && !found.contains(&what.as_str()) {
                    found.push(what);
                }
            }
        }
        found
    }
}

/// As it is, in hexadecimal, as a list of numbers, and in both alphabets of base64, at each of the
/// three places that it may have in a longer text.
pub(crate) fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers = format!("{secret:?}");
    let escaped = secret.escape_ascii().to_string();
    let numbers = numbers.trim_matches(['[', ']']).to_owned();
    let mut forms = vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    forms.extend([numbers.into_bytes(), escaped.into_bytes()]);
    for before in 0..3 {
        let longer = [&vec![0; before], secret].concat();
        // Characters that carry bits of this secret alone.
        let (from, to) = ((before * 8).div_ceil(6), longer.len() * 8 / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            forms.push(engine.encode(&longer).into_bytes()[from..to].to_vec());
        }
    }
    forms.sort();
    forms.dedup();
    forms
}
