//! Source files as the rules look at them: text, and code without comments, strings and tests.

use std::path::Path;

/// One file.
#[derive(Debug)]
pub struct SourceFile {
    /// As `src/notice/id.rs`.
    pub path: String,
    /// As it is on the disk.
    pub text: String,
    /// With comments, the contents of strings, and `#[cfg(test)]` items blanked. Lines and columns
    /// stay where they are.
    pub code: String,
}

impl SourceFile {
    pub fn new(path: &str, text: &str) -> Self {
        let code = without_tests(&without_comments_and_strings(text));
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// The module's path below the crate: `[notice, id]`; of `src/notice/mod.rs` `[notice]`.
    pub fn module(&self) -> Vec<&str> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let parts = inner.split('/').filter(|part| !matches!(*part, "mod" | "lib"));
        parts.collect()
    }

    /// The module directly below the crate; empty for `lib.rs`.
    pub fn top(&self) -> &str {
        self.module().first().copied().unwrap_or("")
    }

    /// The line of a byte of the code, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.code.bytes().take(at).filter(|b| *b == b'\n').count() + 1
    }
}

/// Every `.rs` file below `folder`, in order.
pub fn read(folder: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join(folder), root, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    blank_test_files(&mut files);
    files
}

/// A file that its parent declares under `#[cfg(test)]` has no code outside tests.
pub fn blank_test_files(files: &mut [SourceFile]) {
    let is_test = |file: &SourceFile, parent: &SourceFile| {
        let module = file.module();
        let Some((name, parents)) = module.split_last() else { return false };
        let declared = format!("#[cfg(test)]\nmod {name};");
        parent.module() == parents && parent.text.contains(&declared)
    };
    let tests: Vec<bool> =
        files.iter().map(|file| files.iter().any(|parent| is_test(file, parent))).collect();
    for (file, _) in files.iter_mut().zip(tests).filter(|(_, test)| *test) {
        file.code.clear();
    }
}

fn collect(folder: &Path, root: &Path, files: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, root, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a text");
            let name = path.strip_prefix(root).expect("below the root").display().to_string();
            files.push(SourceFile::new(&name, &text));
        }
    }
}

/// Blanks comments and what stands between quotes. Bytes that are not ASCII become `?`, so that
/// every byte is a column.
fn without_comments_and_strings(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = skip(bytes, at);
        if end > at {
            code.extend(bytes[at..end].iter().map(|b| if *b == b'\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            code.push(if bytes[at].is_ascii() { char::from(bytes[at]) } else { '?' });
            at += 1;
        }
    }
    code
}

/// The end of the comment, string or character that begins at `at`; `at` if none does.
fn skip(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let inside_a_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + find(rest, b"*/").map_or(rest.len(), |end| end + 2),
        [b'"', ..] => at + quoted(rest, b'"'),
        [b'r', b'"' | b'#', ..] if !inside_a_word => at + raw(rest),
        // A lifetime has no closing quote within the next few bytes.
        [b'\'', b'\\', ..] => at + quoted(rest, b'\''),
        [b'\'', _, b'\'', ..] => at + 3,
        _ => at,
    }
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The length of a raw string; 0 if it is a raw identifier.
fn raw(rest: &[u8]) -> usize {
    let hashes = rest.iter().skip(1).take_while(|b| **b == b'#').count();
    if rest.get(hashes + 1) != Some(&b'"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = &rest[hashes + 2..];
    find(body, close.as_bytes()).map_or(rest.len(), |end| hashes + 2 + end + close.len())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Blanks each item under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = code.to_owned();
    while let Some(start) = kept.find(MARK) {
        let end = item_end(&kept, start + MARK.len());
        let blank: String =
            kept[start..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        kept.replace_range(start..end, &blank);
    }
    kept
}

/// Where the item that begins at `from` ends: behind its block, or at its `;`.
pub fn item_end(code: &str, from: usize) -> usize {
    let (mut depth, mut inside) = (0_usize, 0_usize);
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            // Of an array's length in a signature.
            b'(' | b'[' => inside += 1,
            b')' | b']' => inside = inside.saturating_sub(1),
            b';' if depth == 0 && inside == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_comments_strings_and_tests_is_no_code() {
        let text = "//! crate::bus\n\
                    fn f<'a>(x: &'a str) -> char { \"crate::cli\"; r#\"crate::x\"#; '\"' }\n\
                    /* crate::y */ #[cfg(test)]\nmod tests { fn g() { h.unwrap() } }\nfn z() {}\n";
        let code = SourceFile::new("src/a.rs", text).code;
        assert!(!code.contains("crate::") && !code.contains("unwrap"), "{code}");
        assert!(code.contains("fn f<'a>") && code.contains("fn z() {}"), "{code}");
        assert_eq!(code.lines().count(), text.lines().count());
    }

    #[test]
    fn a_file_declared_for_tests_has_no_other_code() {
        let mut files = [
            SourceFile::new("src/a/mod.rs", "#[cfg(test)]\nmod samples;\nmod b;\n"),
            SourceFile::new("src/a/samples.rs", "fn f() { x.unwrap() }"),
            SourceFile::new("src/a/b.rs", "fn f() {}"),
        ];
        blank_test_files(&mut files);
        assert!(files[1].code.is_empty() && !files[2].code.is_empty());
    }

    #[test]
    fn a_file_knows_its_module() {
        assert_eq!(SourceFile::new("src/notice/id.rs", "").module(), ["notice", "id"]);
        assert_eq!(SourceFile::new("src/notice/mod.rs", "").module(), ["notice"]);
        assert_eq!(SourceFile::new("src/lib.rs", "").top(), "");
        assert_eq!(SourceFile::new("src/time.rs", "").top(), "time");
    }
}
