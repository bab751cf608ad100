//! Reads a file of clocks, strictly: what is misspelt would be a deadline of which nobody hears.

use toml::{Table, Value};

use super::clocks::{Anchor, Clock, ClockError, Duty, Span};
use crate::notice::{Regime, Stage, is_line, is_token};

/// A file that a person reads.
const MAX_CLOCKS: usize = 200;
const MAX_NAME_CHARS: usize = 40;
const MAX_SOURCE_CHARS: usize = 160;
const KEYS: [&str; 8] =
    ["regime", "name", "of", "stage", "anchor", "after", "satisfied_by", "source"];
/// For every regime.
const ANY: &str = "any";
/// What meets a CSIRT's clock.
const RESPONSE: &str = "response";

pub(super) fn read(text: &str, file: &str) -> Result<Vec<Clock>, ClockError> {
    let form = |e: toml::de::Error| ClockError::Form { file: file.into(), why: e.to_string() };
    let table: Table = toml::from_str(text).map_err(form)?;
    let file = Fields { file, path: String::new(), table: &table };
    file.only(&["clock"])?;
    let clocks = match table.get("clock") {
        Some(Value::Array(clocks)) if (1..=MAX_CLOCKS).contains(&clocks.len()) => clocks,
        found => return Err(file.wrong("clock", found, "1 to 200 of [[clock]]")),
    };
    let mut read: Vec<Clock> = Vec::new();
    for (index, value) in clocks.iter().enumerate() {
        let path = format!("clock[{index}]");
        let Value::Table(table) = value else {
            return Err(file.wrong(&path, Some(value), "a table"));
        };
        let fields = Fields { file: file.file, path: format!("{path}."), table };
        let clock = fields.clock()?;
        let twice = |other: &&Clock| (&other.regime, &other.name) == (&clock.regime, &clock.name);
        if read.iter().any(|other| twice(&other)) {
            return Err(fields.wrong("name", table.get("name"), "a name once in its regime"));
        }
        read.push(clock);
    }
    Ok(read)
}

/// A table of the file, and where in it that is.
struct Fields<'a> {
    file: &'a str,
    path: String,
    table: &'a Table,
}

impl Fields<'_> {
    fn clock(&self) -> Result<Clock, ClockError> {
        self.only(&KEYS)?;
        let regimes = Regime::ALL.map(|regime| (regime.as_str(), Some(regime)));
        let regimes = [(ANY, None)].into_iter().chain(regimes).collect::<Vec<_>>();
        let of = self.word("of", &Duty::ALL.map(|duty| (duty.as_str(), duty)))?;
        let stage = self.stage(of)?;
        Ok(Clock {
            regime: self.word("regime", &regimes)?,
            name: self.text("name", "1 to 40 of [a-z0-9-]", |t| is_token(t, MAX_NAME_CHARS))?,
            of,
            stage,
            anchor: self.word("anchor", &Anchor::ALL.map(|anchor| (anchor.as_str(), anchor)))?,
            after: self.span()?,
            satisfied_by: self.satisfied_by(of)?,
            source: self.text("source", "a line of 1 to 160 characters", |t| {
                is_line(t, MAX_SOURCE_CHARS)
            })?,
        })
    }

    /// A reporter's clock says which report is due; a CSIRT's is about its response.
    fn stage(&self, of: Duty) -> Result<Option<Stage>, ClockError> {
        match (of, self.table.get("stage")) {
            (Duty::Reporter, _) => self.word("stage", &STAGES).map(Some),
            (Duty::Csirt, None) => Ok(None),
            (Duty::Csirt, found) => Err(self.wrong("stage", found, "nothing, of a csirt's clock")),
        }
    }

    fn satisfied_by(&self, of: Duty) -> Result<Vec<Stage>, ClockError> {
        const FIELD: &str = "satisfied_by";
        let found = self.table.get(FIELD);
        let words = match found {
            Some(Value::Array(words)) => words.iter().map(Value::as_str).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        match of {
            Duty::Csirt if words == [Some(RESPONSE)] => Ok(Vec::new()),
            Duty::Csirt => Err(self.wrong(FIELD, found, "[\"response\"], of a csirt's clock")),
            Duty::Reporter => {
                let stage = |word: &Option<&str>| {
                    STAGES.iter().find(|(known, _)| Some(*known) == *word).map(|(_, stage)| *stage)
                };
                let stages: Option<Vec<Stage>> = words.iter().map(stage).collect();
                let expected = || format!("a list of {}", names(&STAGES));
                stages
                    .filter(|stages| !stages.is_empty())
                    .ok_or_else(|| self.wrong(FIELD, found, &expected()))
            }
        }
    }

    fn span(&self) -> Result<Span, ClockError> {
        let found = self.table.get("after");
        let span = found.and_then(Value::as_str).and_then(Span::parse);
        let expected = "an ISO 8601 duration of at most 366 days, as PT24H, P14D, P1M";
        span.ok_or_else(|| self.wrong("after", found, expected))
    }

    fn text(
        &self,
        field: &str,
        expected: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Result<String, ClockError> {
        let found = self.table.get(field);
        let text = found.and_then(Value::as_str).filter(|text| fits(text));
        text.map(str::to_owned).ok_or_else(|| self.wrong(field, found, expected))
    }

    fn word<T: Copy>(&self, field: &str, words: &[(&str, T)]) -> Result<T, ClockError> {
        let found = self.table.get(field);
        let word = found.and_then(Value::as_str);
        let known = words.iter().find(|(known, _)| Some(*known) == word);
        let expected = || format!("one of {}", names(words));
        known.map(|(_, value)| *value).ok_or_else(|| self.wrong(field, found, &expected()))
    }

    /// Refuses every key that is not one of `keys`.
    fn only(&self, keys: &[&str]) -> Result<(), ClockError> {
        match self.table.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, value)) => {
                let key: String = key.escape_debug().take(40).collect();
                Err(self.wrong(&key, Some(value), &format!("no field but {}", keys.join(", "))))
            }
        }
    }

    fn wrong(&self, field: &str, found: Option<&Value>, expected: &str) -> ClockError {
        let found = match found {
            None => "nothing".to_owned(),
            Some(Value::Table(_)) => "a table".to_owned(),
            Some(value) => value.to_string().escape_debug().take(80).collect(),
        };
        ClockError::Field {
            file: self.file.to_owned(),
            field: format!("{}{field}", self.path),
            found,
            expected: expected.to_owned(),
        }
    }
}

const STAGES: [(&str, Stage); 5] = [
    ("early-warning", Stage::EarlyWarning),
    ("notification", Stage::Notification),
    ("intermediate", Stage::Intermediate),
    ("progress", Stage::Progress),
    ("final", Stage::Final),
];

fn names<T>(words: &[(&str, T)]) -> String {
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::case::Clocks;
    use crate::notice::Regime;

    #[test]
    fn the_file_that_comes_along_is_read_whole() {
        let clocks = Clocks::builtin();
        assert_eq!(clocks.all().len(), 15);
        let finals = Regime::ALL.map(|regime| clocks.has_final(&[regime].into()));
        assert_eq!(finals, [true, true, true, true, false]);
    }
}
