//! The file of clocks: what the protocol lists, and how strictly another is read.

use chappe::case::{ClockError, Clocks};
use chappe::notice::{Regime, Stage};

use super::deadlines::aware;
use super::made::*;
use super::states::table;
use crate::forge::id;

#[test]
fn the_protocol_lists_every_clock_and_no_other() {
    let row = |clock: &chappe::case::Clock| {
        let stages = clock.satisfied_by.iter().map(|stage| stage.as_str());
        let met: Vec<&str> =
            if clock.satisfied_by.is_empty() { vec!["response"] } else { stages.collect() };
        [
            clock.regime.map_or("any", Regime::as_str).to_owned(),
            clock.name.clone(),
            clock.of.as_str().to_owned(),
            clock.anchor.as_str().to_owned(),
            clock.after.to_string(),
            met.join(" "),
            clock.source.clone(),
        ]
    };
    let known: Vec<Vec<String>> =
        Clocks::builtin().all().iter().map(|clock| row(clock).to_vec()).collect();
    assert_eq!(table("clocks"), known);
}

const CLOCK: &str = "[[clock]]\nregime = \"nis2\"\nname = \"n\"\nof = \"reporter\"\n\
    stage = \"final\"\nanchor = \"aware\"\nafter = \"P1M\"\nsatisfied_by = [\"final\"]\n\
    source = \"a law\"\n";

#[test]
fn a_file_of_clocks_is_read_strictly_and_a_mistake_names_file_field_and_what_was_expected() {
    let mistakes = [
        ("regime = \"nis2\"", "regime = \"nis-2\"", "clock[0].regime"),
        ("name = \"n\"", "name = \"N n\"", "clock[0].name"),
        ("of = \"reporter\"", "of = \"victim\"", "clock[0].of"),
        ("of = \"reporter\"", "of = \"csirt\"", "clock[0].stage"),
        ("stage = \"final\"", "stage = \"last\"", "clock[0].stage"),
        ("stage = \"final\"\n", "", "clock[0].stage"),
        ("anchor = \"aware\"", "anchor = \"awareness\"", "clock[0].anchor"),
        ("after = \"P1M\"", "after = \"one month\"", "clock[0].after"),
        ("after = \"P1M\"", "after = \"1mo\"", "clock[0].after"),
        ("after = \"P1M\"", "after = \"PT0S\"", "clock[0].after"),
        ("after = \"P1M\"", "after = \"-P1M\"", "clock[0].after"),
        ("after = \"P1M\"", "after = \"P2Y\"", "clock[0].after"),
        ("after = \"P1M\"", "after = 24", "clock[0].after"),
        ("satisfied_by = [\"final\"]", "satisfied_by = []", "clock[0].satisfied_by"),
        ("satisfied_by = [\"final\"]", "satisfied_by = \"final\"", "clock[0].satisfied_by"),
        ("satisfied_by = [\"final\"]", "satisfied_by = [\"fin\"]", "clock[0].satisfied_by"),
        ("satisfied_by = [\"final\"]", "satisfied_by = [\"response\"]", "clock[0].satisfied_by"),
        ("source = \"a law\"", "source = \"\"", "clock[0].source"),
        ("source = \"a law\"", "sauce = \"a law\"", "clock[0].sauce"),
        ("[[clock]]", "[[clocks]]", "clocks"),
        ("[[clock]]", "[clock]", "clock"),
    ];
    assert!(Clocks::parse(CLOCK, "clocks.toml").is_ok());
    for (right, wrong, where_) in mistakes {
        let text = CLOCK.replacen(right, wrong, 1);
        match Clocks::parse(&text, "national.toml") {
            Err(ClockError::Field { file, field, expected, .. }) => {
                assert_eq!((file.as_str(), field.as_str()), ("national.toml", where_), "{wrong}");
                assert!(!expected.is_empty());
            }
            other => panic!("{wrong}: {other:?}"),
        }
    }
    let twice = format!("{CLOCK}{CLOCK}");
    assert!(matches!(Clocks::parse(&twice, "f"), Err(ClockError::Field { field, .. })
        if field == "clock[1].name"));
    assert!(matches!(Clocks::parse("clock = [", "f"), Err(ClockError::Form { .. })));
    assert!(Clocks::parse("", "f").is_err(), "no clock at all is a mistake");
}

#[test]
fn a_fast_clock_is_a_file_like_any_other() {
    let fast = Clocks::parse(&CLOCK.replace("P1M", "PT2S"), "fast.toml").expect("clocks");
    let case = one(&[report("warning", at(0), Stage::EarlyWarning).reporting(aware(at(0)))]);
    let all = case.deadlines(&id("eu-fr"), &fast);
    assert_eq!(all.iter().map(|deadline| deadline.due).collect::<Vec<_>>(), [at(2)]);
    assert!(fast.has_final(&[Regime::Nis2].into()) && !fast.has_final(&[Regime::Dora].into()));
}
