//! Source files as the rules see them: the text as written, and the *code*, in which comments,
//! texts in quotes and test modules are blank, so that a rule speaks of what is compiled.

use std::path::Path;

/// One file.
pub(crate) struct Source {
    /// Relative to the project's folder, with `/`.
    pub(crate) path: String,
    /// As written.
    pub(crate) text: String,
    /// The same lines without comments, texts and tests.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = without_tests(&without_comments_and_texts(text));
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// The module of `src/` that it belongs to; `lib` and `main` are themselves.
    pub(crate) fn module(&self) -> &str {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').next().unwrap_or_default()
    }

    /// How many `super::` lead from this file to the crate's root.
    pub(crate) fn depth(&self) -> usize {
        let folders = self.path.trim_start_matches("src/").split('/').count();
        let own_name = !["mod.rs", "lib.rs", "main.rs"].iter().any(|n| self.path.ends_with(n));
        folders - 1 + usize::from(own_name)
    }
}

/// Every file below `folders` whose name ends with one of `endings`, in order.
pub(crate) fn all(folders: &[&str], endings: &[&str]) -> Vec<Source> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        walk(project, &project.join(folder), endings, &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    blank_test_files(&mut found);
    found
}

/// A file that its parent declares under `#[cfg(test)]` has no code either.
fn blank_test_files(sources: &mut [Source]) {
    let mut tests = Vec::new();
    for source in sources.iter() {
        let folder = source.path.trim_end_matches(".rs").trim_end_matches("mod");
        let folder = folder.trim_end_matches('/');
        for after in source.text.split("#[cfg(test)]\nmod ").skip(1) {
            if let Some((name, _)) = after.split_once(";\n") {
                tests.push(format!("{folder}/{name}.rs"));
            }
        }
    }
    for source in sources.iter_mut().filter(|source| tests.contains(&source.path)) {
        source.code = "\n".repeat(source.text.lines().count());
    }
}

fn walk(project: &Path, place: &Path, endings: &[&str], found: &mut Vec<Source>) {
    if place.is_file() {
        let path = place.strip_prefix(project).expect("inside").display().to_string();
        if endings.iter().any(|ending| path.ends_with(ending)) {
            let text = std::fs::read_to_string(place).expect("a source file is text");
            found.push(Source::new(&path, &text));
        }
    } else if let Ok(entries) = std::fs::read_dir(place) {
        for entry in entries {
            walk(project, &entry.expect("listed").path(), endings, found);
        }
    }
}

/// Blanks comments and what stands in quotes; lines keep their places.
fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let length = foreign_length(rest, before).min(rest.len());
        let taken = if length == 0 { c.len_utf8() } else { length };
        let (piece, after) = rest.split_at(taken);
        match length {
            0 => code.push_str(piece),
            _ => code.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' })),
        }
        before = piece.chars().next_back().unwrap_or(' ');
        rest = after;
    }
    code
}

/// How many bytes from here are a comment, a text or a character; 0 for code.
fn foreign_length(rest: &str, before: char) -> usize {
    let to = |end: &str, from: usize| {
        rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return to("*/", 2);
    }
    if rest.starts_with('"') {
        return text_length(rest);
    }
    let hashes = rest.strip_prefix('r').map(|r| r.len() - r.trim_start_matches('#').len());
    if let Some(hashes) = hashes
        && rest[1 + hashes..].starts_with('"')
        && !before.is_alphanumeric()
        && before != '_'
    {
        return to(&format!("\"{}", "#".repeat(hashes)), 2 + hashes);
    }
    if rest.starts_with("'\\") {
        return to("'", 3);
    }
    // A lifetime has no second quote two characters on.
    let mut chars = rest.char_indices();
    match (chars.next(), chars.next(), chars.next()) {
        (Some((_, '\'')), Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

fn text_length(rest: &str) -> usize {
    let mut escaped = true; // the opening quote
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Blanks each item under `#[cfg(test)]`; rustfmt puts its end at its own indentation.
fn without_tests(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut end: Option<String> = None;
    for line in code.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let opens = line.trim() == "#[cfg(test)]";
        let ends = end.as_ref().is_some_and(|end| {
            line == format!("{end}}}")
                || (line.starts_with(end.as_str()) && line.ends_with(';'))
                    && indent.len() == end.len()
        });
        if opens && end.is_none() {
            end = Some(indent.to_owned());
        } else if end.is_none() {
            kept.push_str(line);
        } else if ends {
            end = None;
        }
        kept.push('\n');
    }
    kept
}

#[test]
fn comments_texts_and_tests_are_no_code() {
    let text = "//! tokio\nfn a() { b(\"x \\\" // tokio\", '\"', 'l', r#\"t\"okio\"#); } // tokio\n\
                #[cfg(test)]\nmod tests {\n    fn tokio() {}\n}\nfn kept<'a>() {}\n";
    let source = Source::new("src/x/y.rs", text);
    assert!(!source.code.contains("tokio"), "{}", source.code);
    assert!(source.code.contains("fn a() { b("), "{}", source.code);
    assert!(source.code.contains("); }"), "{}", source.code);
    assert!(source.code.ends_with("fn kept<'a>() {}\n"), "{}", source.code);
    assert_eq!(source.code.lines().count(), text.lines().count());
}

#[test]
fn a_file_knows_its_module_and_its_depth() {
    let depths = ["src/lib.rs", "src/time.rs", "src/bus/mod.rs", "src/bus/pull.rs"]
        .map(|path| Source::new(path, "").depth());
    assert_eq!(depths, [0, 1, 1, 2]);
    assert_eq!(Source::new("src/bus/pull.rs", "").module(), "bus");
    assert_eq!(Source::new("src/time.rs", "").module(), "time");
}
