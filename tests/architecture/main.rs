//! The house rules as checks: who may use whom, how large things may be, what must not be left
//! behind. A rule that only stands in a document is broken within a month.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, unreachable_pub)]

mod form;
mod layers;
mod source;

use source::{SourceFile, read};

fn obeyed(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

fn src() -> Vec<SourceFile> {
    let files = read("src");
    assert!(files.len() > 20, "the source is not where it is looked for");
    files
}

fn src_and_tests() -> Vec<SourceFile> {
    src().into_iter().chain(read("tests")).collect()
}

#[test]
fn dependencies_point_down_only() {
    obeyed(layers::forbidden_edges(&src()));
}

#[test]
fn each_outside_library_has_one_home() {
    obeyed(layers::misplaced_names(&src()));
}

#[test]
fn the_domain_has_no_runtime_no_input_or_output_no_clock_and_no_log() {
    obeyed(layers::impure_domain(&src()));
}

#[test]
fn no_file_is_longer_than_one_sitting() {
    obeyed(form::long_files(&src_and_tests()));
}

#[test]
fn no_function_is_longer_than_a_screen() {
    obeyed(form::long_functions(&src_and_tests()));
}

#[test]
fn no_line_is_longer_than_the_page() {
    obeyed(form::long_lines(&src_and_tests()));
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    obeyed(form::missing_headers(&src_and_tests()));
}

#[test]
fn nothing_was_left_behind() {
    obeyed(form::left_behind(&src_and_tests()));
}

#[test]
fn nothing_panics_outside_tests() {
    obeyed(form::panics(&src()));
}

#[test]
fn every_file_is_compiled() {
    obeyed(form::undeclared(&src()));
}

#[test]
fn files_are_named_after_what_is_inside() {
    obeyed(form::empty_names(&src()));
}
