//! The clocks of a case, from `data/clocks.toml` or a file of the same form.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZone};

use super::reading::read;
use crate::notice::{Regime, Stage, Time};

/// More would be a mistake, and a year is far beyond what any law gives.
const MAX_DAYS: i64 = 366;

const TEXT: &str = include_str!("../../data/clocks.toml");

// A file that does not parse gives no clocks, and the test below fails: no caller can mend it.
static BUILTIN: LazyLock<Clocks> =
    LazyLock::new(|| Clocks::parse(TEXT, "data/clocks.toml").unwrap_or_default());

/// Why a text is no list of clocks: file, field and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Not TOML; carries the parser's own words.
    #[error("{file}: {why}")]
    Form {
        /// The file.
        file: String,
        /// What the parser says.
        why: String,
    },
    /// A field is unknown, missing or outside its rule.
    #[error("{file}: {field}: expected {expected}, found {found}")]
    Field {
        /// The file.
        file: String,
        /// Which field, as `clock[3].after`.
        field: String,
        /// What stands there, escaped; `nothing` if it is missing.
        found: String,
        /// What may stand there.
        expected: String,
    },
}

/// Whose duty a clock times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// Who reports.
    Reporter,
    /// The level that got the report.
    Csirt,
}

impl Duty {
    /// Every duty.
    pub const ALL: [Self; 2] = [Self::Reporter, Self::Csirt];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Csirt => "csirt",
        }
    }
}

/// What a clock starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// Awareness.
    Aware,
    /// This level's own hop of the first report.
    Received,
    /// Classification as major.
    Classified,
    /// A corrective measure was available.
    Measure,
    /// The incident was handled.
    Handled,
    /// The first hop of the first report that got so far.
    Sent(Stage),
}

impl Anchor {
    /// Every anchor.
    pub const ALL: [Self; 10] = [
        Self::Aware,
        Self::Received,
        Self::Classified,
        Self::Measure,
        Self::Handled,
        Self::Sent(Stage::EarlyWarning),
        Self::Sent(Stage::Notification),
        Self::Sent(Stage::Intermediate),
        Self::Sent(Stage::Progress),
        Self::Sent(Stage::Final),
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aware => "aware",
            Self::Received => "received",
            Self::Classified => "classified",
            Self::Measure => "measure",
            Self::Handled => "handled",
            Self::Sent(stage) => stage.as_str(),
        }
    }
}

/// A length of time that may have calendar months, counted in UTC.
#[derive(Clone, Debug)]
pub struct Span(jiff::Span);

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Eq for Span {}

impl Span {
    /// From ISO 8601: `PT24H`, `P14D`, `P1M`. `None` if it is not that, or not between nothing and
    /// 366 days.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let iso = |b: u8| b.is_ascii_digit() || b"PTYMWDHS".contains(&b);
        if !text.starts_with('P') || !text.bytes().all(iso) {
            return None;
        }
        let span = Self(text.parse().ok()?);
        let from = Time::default();
        let end = span.after(from)?;
        let longest = MAX_DAYS.unsigned_abs() * 24 * 3600;
        (end > from && end <= Time::from_secs(longest)).then_some(span)
    }

    /// The time so long after `from`. A month ends on the same day of the next, or on its last if
    /// it has no such day. `None` beyond the year 9999.
    #[must_use]
    pub fn after(&self, from: Time) -> Option<Time> {
        let start = Timestamp::from_millisecond(i64::try_from(from.millis()).ok()?).ok()?;
        let end = start.to_zoned(TimeZone::UTC).checked_add(self.0).ok()?;
        u64::try_from(end.timestamp().as_millisecond()).ok().map(Time::from_millis)
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// For which reports; `None` for every regime.
    pub regime: Option<Regime>,
    /// Its name, unique within its regime.
    pub name: String,
    /// Whose duty.
    pub of: Duty,
    /// The report that is due, of a reporter's.
    pub stage: Option<Stage>,
    /// What it starts from.
    pub anchor: Anchor,
    /// How long.
    pub after: Span,
    /// The stages that meet it; none: this level's own first response does.
    pub satisfied_by: Vec<Stage>,
    /// The law.
    pub source: String,
}

/// Every clock of a file, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks(Vec<Clock>);

impl Clocks {
    /// Those of `data/clocks.toml`.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Reads a file's text; `file` is its name, for the error.
    ///
    /// # Errors
    /// The first thing in it that is not as `data/clocks.toml` says.
    pub fn parse(text: &str, file: &str) -> Result<Self, ClockError> {
        read(text, file).map(Self)
    }

    /// Every clock.
    #[must_use]
    pub fn all(&self) -> &[Clock] {
        &self.0
    }

    /// The clocks of some regimes, with those of every regime.
    pub fn of(&self, regimes: &BTreeSet<Regime>) -> impl Iterator<Item = &Clock> {
        self.0.iter().filter(|clock| clock.regime.is_none_or(|own| regimes.contains(&own)))
    }

    /// Whether any of some regimes asks for a final report.
    #[must_use]
    pub fn has_final(&self, regimes: &BTreeSet<Regime>) -> bool {
        self.of(regimes).any(|clock| clock.stage == Some(Stage::Final))
    }
}
