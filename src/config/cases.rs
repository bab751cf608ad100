//! `[cases]` and `[[similar]]`: how long a case may wait, and what looks alike.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::spans::{Schema, Shape};
use super::table::{Table, shown};
use super::values::{line, path, span, token};
use crate::case::{Alike, Ground, Similar};

/// Within half a shift somebody answers a critical case, or the level above is told.
pub const DEFAULT_UNANSWERED: Duration = Duration::from_secs(4 * 3600);
/// A relay's word takes seconds; a quarter of an hour is a link that is away.
pub const DEFAULT_SILENCE: Duration = Duration::from_secs(15 * 60);
/// Beyond the month of a final report, its corrections and the questions after it.
pub const DEFAULT_KEEP: Duration = Duration::from_secs(90 * 24 * 3600);
/// The longest that is told apart from never.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);
/// One case is similar to none.
const COUNT: std::ops::RangeInclusive<i64> = 2..=1_000;

/// What a node does about cases in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasesConfig {
    /// A critical case that nobody here answered for so long is told to the parent.
    pub unanswered: Duration,
    /// So long a node above may say nothing of a report that climbs to it.
    pub silence: Duration,
    /// So long after it was closed here a case is deleted.
    pub keep: Duration,
    /// The file of the legal clocks, in the place of those that come along.
    pub clocks: Option<PathBuf>,
    /// What looks alike.
    pub similar: Vec<Similar>,
}

impl Default for CasesConfig {
    fn default() -> Self {
        Self {
            unanswered: DEFAULT_UNANSWERED,
            silence: DEFAULT_SILENCE,
            keep: DEFAULT_KEEP,
            clocks: None,
            similar: Vec::new(),
        }
    }
}

const V: Shape = Shape::Value;

pub(super) const CASES: Schema = Schema {
    title: "[cases]",
    keys: &[("unanswered", V), ("silence", V), ("keep", V), ("clocks", V)],
    other: None,
};

pub(super) const SIMILAR: Schema = Schema {
    title: "[[similar]]",
    keys: &[("name", V), ("nature", V), ("type", V), ("by", V), ("count", V), ("within", V)],
    other: None,
};

/// Both; a value that is wrong is a mistake, and one that is left out has its default.
pub(super) fn cases(root: Table<'_, '_, '_>, base: &Path) -> Option<CasesConfig> {
    let table = root.table("cases", CASES.title, "cases");
    let tables = root.tables("similar", SIMILAR.title).into_iter();
    let similar: Vec<Option<Similar>> = tables.map(read_similar).collect();
    let clocks = table.text("clocks", path).map(|file: PathBuf| base.join(file));
    Some(CasesConfig {
        unanswered: table.text("unanswered", time).unwrap_or(DEFAULT_UNANSWERED),
        silence: table.text("silence", time).unwrap_or(DEFAULT_SILENCE),
        keep: table.text("keep", time).unwrap_or(DEFAULT_KEEP),
        clocks,
        similar: similar.into_iter().collect::<Option<_>>()?,
    })
}

fn read_similar(table: Table<'_, '_, '_>) -> Option<Similar> {
    let (name, by) = (table.need("name", line), table.need("by", ground));
    let within = table.need("within", time);
    let (nature, incident) = (table.text("nature", token), table.text("type", incident));
    let alike = match (nature, incident) {
        (Some(_), Some(_)) => {
            table.wrong("[[similar]] has both `nature` and `type`; expected one of them".into());
            Alike::Each
        }
        (Some(nature), None) => Alike::Nature(nature),
        (None, Some(incident)) => Alike::Type(incident),
        (None, None) => Alike::Each,
    };
    if table.value("count").is_none() {
        table.wrong("[[similar]] has no `count`".into());
    }
    let count = table.integer("count")?;
    let Some(count) = Some(count).filter(|count| COUNT.contains(count)) else {
        table.wrong_at("count", &format!("{count}; expected 2 to 1000 cases"));
        return None;
    };
    let count = usize::try_from(count).ok()?;
    Some(Similar { name: name?, alike, by: by?, count, within: within? })
}

fn time(text: &str) -> Result<Duration, String> {
    let found = span(text)?;
    if !found.is_zero() && found <= LONGEST {
        return Ok(found);
    }
    Err(format!("`{}` is not between 1s and 400d", shown(text)))
}

fn ground(text: &str) -> Result<Ground, String> {
    let found = Ground::ALL.into_iter().find(|ground| ground.as_str() == text);
    let words = Ground::ALL.map(Ground::as_str).join(", ");
    found.ok_or_else(|| format!("`{}` is none of {words}", shown(text)))
}

/// RSIT class and type, as a report has it.
fn incident(text: &str) -> Result<String, String> {
    let part = |part: &str| token(part).is_ok();
    match text.split_once('/') {
        Some((class, kind)) if part(class) && part(kind) => Ok(text.to_owned()),
        _ => Err(format!("`{}` is no class/type, as malicious-code/infected-system", shown(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigError, Environment, RelayConfig};

    const BASE: &str = "node = \"eu-fr-bre\"\nserver = { url = \"nats://x:1\", seed = \"s\" }\n\
        keys = { relay = \"k\" }\ntrust = { root = \"r\" }\n";

    fn read(text: &str) -> Result<CasesConfig, String> {
        let environment = Environment::from_pairs(Vec::new());
        let path = Path::new("/etc/chappe/relay.toml");
        let config = RelayConfig::parse(&format!("{BASE}{text}"), path, &environment);
        config
            .map(|config| config.cases)
            .map_err(|error: ConfigError| error.to_string().replace("/etc/chappe/relay.toml:", ""))
    }

    #[test]
    fn what_is_left_out_has_its_documented_default() {
        assert_eq!(read(""), Ok(CasesConfig::default()));
        let guide = include_str!("../../docs/OPERATIONS.md");
        for line in ["unanswered = \"4h\"", "silence = \"15m\"", "keep = \"90d\""] {
            assert!(guide.contains(line), "{line}");
        }
    }

    #[test]
    fn times_clocks_and_repetition_are_read() {
        let text = "[cases]\nunanswered = \"30m\"\nsilence = \"2s\"\nkeep = \"7d\"\n\
            clocks = \"clocks.toml\"\n[[similar]]\nname = \"one\"\ntype = \"fraud/phishing\"\n\
            by = \"region-sector\"\ncount = 3\nwithin = \"7d\"\n";
        let found = read(text).expect("read");
        assert_eq!(found.unanswered.as_secs(), 1_800);
        assert_eq!(found.silence.as_secs(), 2);
        assert_eq!(found.clocks.as_deref(), Some(Path::new("/etc/chappe/clocks.toml")));
        assert_eq!(found.similar[0].alike, Alike::Type("fraud/phishing".into()));
        assert_eq!((found.similar[0].by, found.similar[0].count), (Ground::RegionSector, 3));
    }

    #[test]
    fn every_mistake_has_its_line_and_what_was_expected() {
        let text = "[cases]\nunanswered = \"4 hours\"\nsilence = \"0s\"\nkeeps = \"90d\"\n\
            [[similar]]\nname = \"x\"\nby = \"town\"\ncount = 1\nwithin = \"7d\"\n\
            nature = \"a\"\ntype = \"fraud\"\n";
        assert_eq!(
            read(text).expect_err("refused").lines().collect::<Vec<_>>(),
            [
                "6: `unanswered`: `4 hours` is no number with s, m, h or d, as 15m",
                "7: `silence`: `0s` is not between 1s and 400d",
                "8: unknown key `keeps` in [cases]: did you mean `keep`?; expected one of \
                 unanswered, silence, keep, clocks",
                "11: `by`: `town` is none of anywhere, country, region, sector, region-sector",
                "12: `count`: 1; expected 2 to 1000 cases",
                "15: `type`: `fraud` is no class/type, as malicious-code/infected-system",
            ]
        );
    }
}
