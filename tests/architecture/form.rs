//! Sizes, headers, and what must not be left behind.

use crate::source::{SourceFile, item_end};

/// Lines of a file: what one reads in a sitting.
const MAX_FILE_LINES: usize = 400;
/// Lines of a function: what one holds in the head.
const MAX_FUNCTION_LINES: usize = 70;
/// Columns of a line; a link may be longer.
const MAX_COLUMNS: usize = 100;
/// Left behind while working. Spelt in two so that this file does not find itself.
const LEFT_BEHIND: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("dbg", "!(")];
/// Ends the process where an error should be told.
const PANICS: &[&str] = &[".unwrap()", ".expect(", "panic!(", "unreachable!("];
/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "misc"];

pub fn long_files(files: &[SourceFile]) -> Vec<String> {
    let long = files.iter().filter(|file| file.text.lines().count() > MAX_FILE_LINES);
    long.map(|file| {
        let lines = file.text.lines().count();
        format!("{}: {lines} lines; at most {MAX_FILE_LINES}: split it by meaning", file.path)
    })
    .collect()
}

pub fn long_functions(files: &[SourceFile]) -> Vec<String> {
    files.iter().flat_map(|file| functions(file).into_iter().filter_map(long)).collect()
}

fn long((path, line, name, lines): (&str, usize, String, usize)) -> Option<String> {
    (lines > MAX_FUNCTION_LINES)
        .then(|| format!("{path}:{line}: `{name}` has {lines} lines; at most {MAX_FUNCTION_LINES}"))
}

/// Path, line, name and length of every function outside tests.
fn functions(file: &SourceFile) -> Vec<(&str, usize, String, usize)> {
    let starts = file.code.match_indices("fn ").map(|(at, _)| at);
    let own =
        starts.filter(|at| !file.code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    let measured = own.filter_map(|at| {
        let rest = &file.code[at + 3..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let (first, last) = (file.line(at), file.line(item_end(&file.code, at)));
        (!name.is_empty()).then_some((file.path.as_str(), first, name, last - first + 1))
    });
    measured.collect()
}

pub fn long_lines(files: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > MAX_COLUMNS && !line.contains("://") {
                let line = index + 1;
                found.push(format!(
                    "{}:{line}: {columns} columns; at most {MAX_COLUMNS}",
                    file.path
                ));
            }
        }
    }
    found
}

pub fn missing_headers(files: &[SourceFile]) -> Vec<String> {
    let bare = files.iter().filter(|file| !file.text.starts_with("//! "));
    bare.map(|file| format!("{}: does not open with `//!`: say what it is for", file.path))
        .collect()
}

pub fn left_behind(files: &[SourceFile]) -> Vec<String> {
    in_lines(files, |file| &file.text, LEFT_BEHIND, "was left behind")
}

pub fn panics(files: &[SourceFile]) -> Vec<String> {
    in_lines(files, |file| &file.code, PANICS, "outside tests: return an error")
}

fn in_lines(
    files: &[SourceFile],
    part: impl Fn(&SourceFile) -> &str,
    words: &[&str],
    why: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (index, line) in part(file).lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{}: `{word}` {why}", file.path, index + 1));
            }
        }
    }
    found
}

/// Files that no module declares: they are never compiled, and rot.
pub fn undeclared(files: &[SourceFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| !is_declared(file, files))
        .map(|file| format!("{}: no module declares it", file.path))
        .collect()
}

fn is_declared(file: &SourceFile, files: &[SourceFile]) -> bool {
    let module = file.module();
    let Some((name, parents)) = module.split_last() else { return true };
    if file.path == "src/main.rs" {
        return true;
    }
    let parent = files.iter().find(|other| {
        other.module() == parents && other.path != "src/main.rs" && other.path != file.path
    });
    let declaration = format!("mod {name};");
    parent.is_some_and(|parent| parent.text.lines().any(|line| line.ends_with(&declaration)))
}

pub fn empty_names(files: &[SourceFile]) -> Vec<String> {
    let named = files.iter().filter(|file| file.module().iter().any(|m| EMPTY_NAMES.contains(m)));
    named.map(|file| format!("{}: name it after what is inside", file.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Vec<SourceFile> {
        vec![SourceFile::new("src/notice/x.rs", text)]
    }

    #[test]
    fn a_file_beyond_its_bound_is_found() {
        assert_eq!(long_files(&one(&"x\n".repeat(MAX_FILE_LINES))), [""; 0]);
        assert_eq!(long_files(&one(&"x\n".repeat(MAX_FILE_LINES + 1))).len(), 1);
    }

    #[test]
    fn a_function_beyond_its_bound_is_found_by_its_name() {
        let body = |lines: usize| format!("pub fn f(x: [u8; 2]) {{\n{}}}\n", "x;\n".repeat(lines));
        assert_eq!(long_functions(&one(&body(MAX_FUNCTION_LINES - 2))), [""; 0]);
        let found = long_functions(&one(&body(MAX_FUNCTION_LINES - 1)));
        assert_eq!(found, ["src/notice/x.rs:1: `f` has 71 lines; at most 70"]);
    }

    #[test]
    fn a_line_beyond_its_bound_is_found_by_characters() {
        assert_eq!(long_lines(&one(&"é".repeat(MAX_COLUMNS))), [""; 0]);
        assert_eq!(long_lines(&one(&"x".repeat(MAX_COLUMNS + 1))).len(), 1);
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(missing_headers(&one("//! What.\n")), [""; 0]);
        assert_eq!(missing_headers(&one("use x;\n//! What.\n")).len(), 1);
    }

    #[test]
    fn what_was_left_behind_is_found_in_code_and_comments() {
        for word in LEFT_BEHIND {
            assert_eq!(left_behind(&one(&format!("// {word} later"))).len(), 1, "{word}");
        }
    }

    #[test]
    fn a_panic_is_found_outside_tests_alone() {
        for word in PANICS {
            assert_eq!(panics(&one(&format!("fn f() {{ x{word} }}"))).len(), 1, "{word}");
            let text = format!("#[cfg(test)]\nmod tests {{ fn f() {{ x{word} }} }}");
            assert_eq!(panics(&one(&text)), [""; 0]);
        }
    }

    #[test]
    fn a_file_that_no_module_declares_is_found() {
        let file = |path, text| SourceFile::new(path, text);
        let lib = || file("src/lib.rs", "pub mod notice;\npub mod time;");
        let files = [
            lib(),
            file("src/notice/mod.rs", "mod id;"),
            file("src/notice/id.rs", ""),
            file("src/time.rs", ""),
            file("src/main.rs", ""),
        ];
        assert_eq!(undeclared(&files), [""; 0]);
        let files = [lib(), file("src/notice/mod.rs", "// mod id\n"), file("src/notice/id.rs", "")];
        assert_eq!(undeclared(&files), ["src/notice/id.rs: no module declares it"]);
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        assert_eq!(empty_names(&[SourceFile::new("src/notice/utils.rs", "")]).len(), 1);
    }
}
