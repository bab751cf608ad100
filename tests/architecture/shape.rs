//! How a file looks: short, opened with its reason, declared, and finished.

use super::edges::numbered;
use super::source::Source;

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 70;
const MAX_COLUMNS: usize = 100;

/// Files longer than one can hold in mind.
pub(crate) fn long_files(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let long = lines > MAX_FILE_LINES;
    Vec::from_iter(long.then(|| format!("{}: {lines} lines; at most 400", source.path)))
}

/// Lines wider than rustfmt's width: it leaves texts and comments alone.
pub(crate) fn wide_lines(source: &Source) -> Vec<String> {
    numbered(&source.text)
        .filter(|(_, text)| text.chars().count() > MAX_COLUMNS)
        .map(|(line, _)| format!("{}:{line}: wider than 100 columns", source.path))
        .collect()
}

/// Functions longer than a screen: from `fn` to the `}` in the same column.
pub(crate) fn long_functions(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (line, text) in numbered(&source.code) {
        let column = text.len() - text.trim_start().len();
        if text.trim() == "}" && open.last().is_some_and(|(at, _)| *at == column) {
            let start = open.pop().map_or(line, |(_, start)| start);
            let lines = line + 1 - start;
            if lines > MAX_FUNCTION_LINES {
                found.push(format!("{}:{start}: a function of {lines} lines", source.path));
            }
        }
        let starts = text.starts_with(|c: char| !c.is_whitespace()) || column > 0;
        if starts && is_function(text.trim_start()) && !text.trim_end().ends_with(['}', ';']) {
            open.push((column, line));
        }
    }
    found
}

fn is_function(text: &str) -> bool {
    let words = ["pub", "pub(crate)", "pub(super)", "async", "const", "unsafe"];
    text.split_whitespace().find(|word| !words.contains(word)) == Some("fn")
}

/// Files that do not open with the problem that they solve.
pub(crate) fn unexplained(source: &Source) -> Vec<String> {
    let explained = source.text.starts_with("//! ") || source.text.starts_with("#!/");
    Vec::from_iter((!explained).then(|| format!("{}: does not open with `//!`", source.path)))
}

/// Files that no `mod` declares: nobody compiles them.
pub(crate) fn undeclared(sources: &[Source]) -> Vec<String> {
    let declared = |source: &Source| {
        let path = source.path.trim_start_matches("src/").trim_end_matches(".rs");
        let path = path.trim_end_matches("/mod");
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parents = match folder {
            "" => vec!["src/lib.rs".to_owned()],
            _ => vec![format!("src/{folder}/mod.rs"), format!("src/{folder}.rs")],
        };
        let says = |parent: &Source| {
            parent.text.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};")))
        };
        sources.iter().any(|parent| parents.contains(&parent.path) && says(parent))
    };
    let roots = ["src/lib.rs", "src/main.rs"];
    sources
        .iter()
        .filter(|source| !roots.contains(&source.path.as_str()) && !declared(source))
        .map(|source| format!("{}: no `mod` declares it", source.path))
        .collect()
}

/// What is put into a text until tomorrow. In pieces here, so that this file passes.
pub(crate) fn unfinished(source: &Source) -> Vec<String> {
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["dbg", "!("], ["todo", "!("]];
    named(source, &words.map(|word| word.concat()), |text| text.to_owned())
}

/// What a merge leaves where two changes met and nobody decided.
pub(crate) fn undecided(source: &Source) -> Vec<String> {
    let starts = ["<", ">", "|"].map(|sign| format!("{} ", sign.repeat(7)));
    let met = |line: &str| starts.iter().any(|start| line.starts_with(start.as_str()));
    let lines = numbered(&source.text).filter(|(_, line)| met(line));
    lines.map(|(line, text)| format!("{}:{line}: `{text}`", source.path)).collect()
}

/// Words about who wrote something. It is read for what it says; `git log` has the names.
pub(crate) fn signed(source: &Source) -> Vec<String> {
    let words = [
        ["anth", "ropic"],
        ["open", "ai "],
        ["chat", "gpt"],
        ["co", "pilot"],
        ["language", " model"],
        ["co-author", "ed-by"],
        ["generated", " by ai"],
        ["ai-gen", "erated"],
        ["cla", "ude code"],
    ];
    let words = words.map(|word| word.concat());
    let mut found = named(source, &words, |text| text.to_lowercase());
    // The first name of the telegraph's inventor: prose may say it, with his surname.
    let name = ["cla", "ude"].concat();
    let prose = source.path.ends_with(".md");
    let rest = |text: &str| {
        let text = text.to_lowercase();
        if prose { text.replace(&format!("{name} chappe"), "") } else { text }
    };
    found.extend(named(source, std::slice::from_ref(&name), rest));
    found
}

fn named(source: &Source, words: &[String], see: impl Fn(&str) -> String) -> Vec<String> {
    let mut found = Vec::new();
    for (line, text) in numbered(&source.text) {
        let text = see(text);
        for word in words.iter().filter(|word| text.contains(word.as_str())) {
            found.push(format!("{}:{line}: `{word}`", source.path));
        }
    }
    found
}

#[cfg(test)]
mod fires {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("src/low/a.rs", text)
    }

    #[test]
    fn on_401_lines_and_on_101_columns() {
        assert_eq!(long_files(&source(&"\n".repeat(401))).len(), 1);
        assert_eq!(long_files(&source(&"\n".repeat(400))).len(), 0);
        assert_eq!(wide_lines(&source(&"é".repeat(101))).len(), 1);
        assert_eq!(wide_lines(&source(&"é".repeat(100))).len(), 0);
    }

    #[test]
    fn on_a_function_of_71_lines_also_inside_an_impl_and_among_others() {
        let function = |lines: usize| {
            let body = "        if x { y() }\n".repeat(lines - 3);
            format!("impl A {{\n    pub(crate) async fn a(\n    ) {{\n{body}    }}\n}}\n")
        };
        let count = |text: &str| long_functions(&source(text));
        assert_eq!(count(&function(71)).len(), 1);
        assert_eq!(count(&function(70)), Vec::<String>::new());
        assert_eq!(count(&format!("fn one() {{ 1 }}\n{}", function(80))).len(), 1);
    }

    #[test]
    fn on_a_file_without_its_reason_and_on_one_that_nobody_declares() {
        assert_eq!(unexplained(&source("use x;\n")).len(), 1);
        assert_eq!(unexplained(&source("//! Why.\n")).len(), 0);
        let tree = |root: &str| {
            let file = |path, text: &str| Source::new(path, text);
            [
                file("src/lib.rs", "pub mod low;\n"),
                file("src/low/mod.rs", root),
                file("src/low/a.rs", ""),
            ]
        };
        assert_eq!(undeclared(&tree("mod a;\n")), Vec::<String>::new());
        assert_eq!(undeclared(&tree("mod b;\n")), ["src/low/a.rs: no `mod` declares it"]);
    }

    #[test]
    fn on_what_is_left_for_tomorrow_and_on_who_wrote_it() {
        for word in [["// TO", "DO"], ["// FIX", "ME"], ["dbg", "!(x)"], ["todo", "!()"]] {
            assert_eq!(unfinished(&source(&word.concat())).len(), 1, "{word:?}");
        }
        for word in [["Co-Author", "ed-By: x"], ["Chat", "GPT"], ["Cla", "ude"]] {
            assert_eq!(signed(&source(&word.concat())).len(), 1, "{word:?}");
        }
        let name = ["Cla", "ude Chappe's telegraph"].concat();
        assert_eq!(signed(&Source::new("README.md", &name)).len(), 0);
        assert_eq!(signed(&source(&name)).len(), 1);
    }

    #[test]
    fn on_what_a_merge_left_undecided() {
        for sign in ["<", ">", "|"] {
            assert_eq!(undecided(&source(&format!("{} x\n", sign.repeat(7)))).len(), 1, "{sign}");
        }
        assert!(undecided(&source("<<< x\n=======\n")).is_empty(), "a heading in prose");
    }
}
