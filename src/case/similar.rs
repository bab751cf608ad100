//! Repetition: several similar cases in one place within a time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::told::{Case, Told};
use crate::notice::{ALL, Id, Time};

/// Which cases a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alike {
    /// Of one nature, as `ransomware`.
    Nature(String),
    /// Of one RSIT class and type.
    Type(String),
    /// Each nature (where a report names none, each type) by itself.
    Each,
}

/// What similar cases have in common besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// Nothing: wherever they are.
    Anywhere,
    /// A country.
    Country,
    /// A region.
    Region,
    /// A sector, in whatever place.
    Sector,
    /// A region and a sector.
    RegionSector,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Self; 5] =
        [Self::Anywhere, Self::Country, Self::Region, Self::Sector, Self::RegionSector];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Country => "country",
            Self::Region => "region",
            Self::Sector => "sector",
            Self::RegionSector => "region-sector",
        }
    }

    /// Where a case is; `None` if its report does not say it so finely, as under embargo.
    fn of(self, told: &Told) -> Option<String> {
        let [union, country, region, sector] = told.scope.parts();
        let parts: Vec<&str> = match self {
            Self::Anywhere => vec![union],
            Self::Country => vec![union, country],
            Self::Region => vec![union, country, region],
            Self::Sector => vec![union, sector],
            Self::RegionSector => vec![union, country, region, sector],
        };
        let said = parts.iter().all(|part| *part != ALL);
        said.then(|| parts.join("."))
    }
}

/// A rule on repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similar {
    /// For the log and the metric.
    pub name: String,
    /// Which cases.
    pub alike: Alike,
    /// What they share.
    pub by: Ground,
    /// From how many on.
    pub count: usize,
    /// Within what time, by this node's own hop of each case's first report.
    pub within: Duration,
}

/// Similar cases, as many as a rule says or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The rule's name.
    pub rule: String,
    /// The nature or type that they share.
    pub what: String,
    /// Where: the parts of the scope that they share, as `eu.fr.bre`.
    pub place: String,
    /// The exercise that they belong to; drills and real cases are never counted together.
    pub exercise: Option<String>,
    /// Their keys, ascending.
    pub cases: Vec<Id>,
}

/// The clusters that a rule finds in the time until `now`, in a stable order. Who alarms once
/// remembers the (`rule`, `what`, `place`, `exercise`) of a cluster until it is gone.
#[must_use]
pub fn similar(rule: &Similar, cases: &[Case], now: Time) -> Vec<Cluster> {
    let mut found: BTreeMap<(Option<String>, String, String), Vec<Id>> = BTreeMap::new();
    let since = now - rule.within;
    for case in cases {
        let Some((what, place, at)) = rule.looks_at(case) else { continue };
        if at >= since {
            found.entry((case.exercise.clone(), what, place)).or_default().push(case.key);
        }
    }
    let mut clusters = Vec::new();
    for ((exercise, what, place), mut cases) in found {
        cases.sort_unstable();
        if cases.len() >= rule.count {
            clusters.push(Cluster { rule: rule.name.clone(), what, place, exercise, cases });
        }
    }
    clusters
}

impl Similar {
    /// What and where a case is and when it came, if the rule looks at it.
    fn looks_at(&self, case: &Case) -> Option<(String, String, Time)> {
        let last = case.last()?;
        let nature = last.nature.as_ref();
        let what = match &self.alike {
            Alike::Nature(wanted) => nature.filter(|nature| *nature == wanted),
            Alike::Type(wanted) => Some(&last.incident).filter(|incident| *incident == wanted),
            Alike::Each => nature.or(Some(&last.incident)),
        };
        let at = case.own_reports().map(|told| told.since).min()?;
        // A later report may say the place that an earlier one hides behind a code name.
        let hidden = case.embargo().is_some() && self.by != Ground::Anywhere;
        let place = self.by.of(last).filter(|_| !hidden);
        Some((what?.clone(), place?, at))
    }
}
