//! The file that `chappe escalate` takes: what an entity, or the CSIRT that it telephoned, knows of
//! an incident.
//!
//! ```json
//! {
//!   "affected": {"name": "CH de Lannion", "sector": "health"},
//!   "reported_by": {"name": "Duty officer", "via": "phone"},
//!   "aware": "2026-11-24T08:10:00Z",
//!   "type": "malicious-code/infected-system",
//!   "nature": "ransomware",
//!   "severity": "critical",
//!   "scope": "eu.fr.bre.health",
//!   "countries": ["fr"],
//!   "nis2": {"malicious": true, "cross_border": false, "impact": "Emergency ward on paper."},
//!   "indicators": ["203.0.113.7"],
//!   "summary": "Servers encrypted since 07:50.",
//!   "contact": "+33 2 00 00 00 00"
//! }
//! ```
//!
//! `affected`, `aware`, `type`, `severity`, `scope` and `summary` must be there; `events` has the
//! times that the clocks of DORA and CRA start from, `attachment` one file, and
//! `docs/incident.schema.json` says all of it in JSON Schema. It is written in a
//! hurry, so a misspelt field or word is an error that says what was meant, never ignored. The
//! stage and the legal regime come from the command line: they change from report to report, the
//! file need not. The bytes of the file travel as they are; these are the fields that routing and
//! clocks need, and those that people look for first.

mod attachment;
mod form;
mod parts;
mod plain;
mod redact;
mod returning;
#[cfg(test)]
mod schema;
mod victim;

pub use self::attachment::Attachment;
pub use self::form::{Form, NEEDED, Needed};
pub use self::plain::has_text;
pub use self::redact::{REDACTABLE, RedactError, check_unnamed, field_of, redact};
pub use self::returning::returning;
pub use self::victim::Victim;

use self::parts::{
    INSTANT, affected, countries, events, incident, indicators, instant, nature, nis2, optional,
    reported_by, scope, severity, words,
};
use super::error::DocumentError;
use super::fields::Field;
use super::json;
use crate::notice::{Events, Scope, Severity};

const KEYS: [&str; 14] = [
    "affected",
    "reported_by",
    "aware",
    "type",
    "nature",
    "severity",
    "scope",
    "countries",
    "nis2",
    "indicators",
    "summary",
    "contact",
    "events",
    "attachment",
];

/// An incident as reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Whom it hit.
    pub affected: Affected,
    /// Who said so, if not the affected themselves.
    pub reported_by: Option<ReportedBy>,
    /// When the affected became aware: T0 of the legal clocks. Seconds since the epoch.
    pub aware: u64,
    /// RSIT class and type.
    pub incident: String,
    /// What RSIT has no word for.
    pub nature: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Where and in which sector.
    pub scope: Scope,
    /// Countries concerned, ISO 3166-1 alpha-2, lower case.
    pub countries: Vec<String>,
    /// What an early warning of NIS2 art. 23(4)(a) must say.
    pub nis2: Option<Nis2>,
    /// Indicators of compromise, one line each; not interpreted.
    pub indicators: Vec<String>,
    /// What happened, in words.
    pub summary: String,
    /// How to reach somebody.
    pub contact: Option<String>,
    /// When what happened that other clocks than awareness's start from.
    pub events: Option<Events>,
    /// One file.
    pub attachment: Option<Attachment>,
}

/// Whom an incident hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Its name; always there but in what a level forwards without it.
    pub name: Option<String>,
    /// Its sector's token.
    pub sector: String,
}

/// Who reported an incident to the one who writes the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedBy {
    /// Name or function.
    pub name: Option<String>,
    /// How.
    pub via: Via,
}

/// How a report came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// By telephone.
    Phone,
    /// On a declaration portal.
    Portal,
    /// By mail.
    Mail,
}

/// What NIS2 asks first; `None`: not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nis2 {
    /// Suspected to be caused by unlawful or malicious acts.
    pub malicious: Option<bool>,
    /// Could have a cross-border impact.
    pub cross_border: Option<bool>,
    /// Severity and impact, in words.
    pub impact: Option<String>,
}

impl Incident {
    /// Reads an incident file. The caller bounds the size.
    ///
    /// # Errors
    /// No JSON, a key twice, an unknown or missing field, or a value outside its rule or
    /// vocabulary; the error names file and field.
    pub fn parse(bytes: &[u8], file_name: &str) -> Result<Self, DocumentError> {
        Self::read(bytes, file_name, None)
    }

    /// As [`Self::parse`], of what a level forwards without some fields: `affected.name`, `scope`
    /// and `summary` may be missing, and `stands_in` is the scope then.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_redacted(
        bytes: &[u8],
        file_name: &str,
        stands_in: &Scope,
    ) -> Result<Self, DocumentError> {
        Self::read(bytes, file_name, Some(stands_in))
    }

    fn read(bytes: &[u8], file: &str, redacted: Option<&Scope>) -> Result<Self, DocumentError> {
        let value = json::parse(bytes, file)?;
        let root = Field::root(file, &value);
        root.only(&KEYS)?;
        let affected = affected(&root.need("affected", "an object")?, redacted.is_some())?;
        let place = match (root.find("scope")?, redacted) {
            (None, Some(stands_in)) => stands_in.clone(),
            _ => scope(&root.need("scope", "a scope")?, &affected.sector)?,
        };
        let summary = match (root.find("summary")?, redacted) {
            (None, Some(_)) => String::new(),
            _ => words(&root.need("summary", "a text")?)?,
        };
        Ok(Self {
            reported_by: optional(&root, "reported_by", reported_by)?,
            aware: instant(&root.need("aware", INSTANT)?)?,
            incident: incident(&root.need("type", "an RSIT class/type")?)?,
            nature: optional(&root, "nature", nature)?,
            severity: severity(&root.need("severity", parts::SEVERITIES)?)?,
            scope: place,
            countries: optional(&root, "countries", countries)?.unwrap_or_default(),
            nis2: optional(&root, "nis2", nis2)?,
            indicators: optional(&root, "indicators", indicators)?.unwrap_or_default(),
            summary,
            contact: optional(&root, "contact", Field::line)?,
            events: optional(&root, "events", events)?,
            attachment: optional(&root, "attachment", attachment::read)?,
            affected,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SAMPLE: &str = include_str!("../../../demo/incident.json");

    fn with(pointer: &str, value: Value) -> Result<Incident, DocumentError> {
        let mut root: Value = serde_json::from_str(SAMPLE).unwrap();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        root.pointer_mut(parent).unwrap()[key] = value;
        Incident::parse(root.to_string().as_bytes(), "i.json")
    }

    #[test]
    fn the_demos_incident_is_read() {
        let incident = Incident::parse(SAMPLE.as_bytes(), "i.json").unwrap();
        assert_eq!(incident.affected.sector, "health");
        assert_eq!(incident.aware, 1_795_507_800);
        assert_eq!(incident.incident, "malicious-code/infected-system");
        assert_eq!(incident.nature.as_deref(), Some("ransomware"));
        assert_eq!(incident.severity, Severity::Critical);
        assert_eq!(incident.scope.to_string(), "eu.fr.bre.health");
        assert_eq!(incident.reported_by.map(|by| by.via), Some(Via::Phone));
        assert_eq!(incident.nis2.and_then(|nis2| nis2.malicious), Some(true));
        assert_eq!(incident.indicators.len(), 2);
    }

    #[test]
    fn six_fields_are_enough() {
        let text = r#"{"affected": {"name": "CH", "sector": "Santé"}, "aware":
            "2026-11-24T09:10:00+01:00", "type": "other/undetermined", "severity": "unknown",
            "scope": "eu.fr", "summary": "?"}"#;
        let incident = Incident::parse(text.as_bytes(), "i.json").unwrap();
        assert_eq!((incident.affected.sector.as_str(), incident.aware), ("health", 1_795_507_800));
        assert_eq!(incident.scope.to_string(), "eu.fr.all.all");
        assert!(incident.countries.is_empty() && incident.nis2.is_none());
    }

    #[test]
    fn a_misspelt_field_is_named_with_what_may_stand_there() {
        for (pointer, name) in [
            ("/natrue", "natrue"),
            ("/affected/sectr", "affected.sectr"),
            ("/reported_by/phone", "reported_by.phone"),
            ("/nis2/crossborder", "nis2.crossborder"),
        ] {
            let error = with(pointer, json!("x")).unwrap_err().to_string();
            let start = format!("i.json: `{name}` is unknown, expected one of ");
            assert!(error.starts_with(&start), "{error}");
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        for key in ["affected", "aware", "type", "severity", "scope", "summary"] {
            let error = with(&format!("/{key}"), Value::Null).unwrap_err().to_string();
            assert!(error.starts_with(&format!("i.json: `{key}` is missing")), "{error}");
        }
    }

    #[test]
    fn a_word_outside_its_vocabulary_is_refused_with_the_right_ones() {
        for (pointer, value, expected) in [
            ("/type", json!("ransomware"), "class/type, the class one of abusive-content, "),
            ("/type", json!("availability/dos2"), "availability/ and one of dos, ddos, "),
            ("/nature", json!("ransomwear"), "one of ransomware, "),
            ("/affected/sector", json!("helth"), "one of energy, "),
            ("/reported_by/via", json!("fax"), "phone, portal or mail"),
            ("/severity", json!("high!"), "critical, high, "),
            ("/countries", json!(["fra"]), "a country of ISO 3166-1"),
            ("/nis2/malicious", json!("yes"), "true or false"),
            ("/scope", json!("eu.fr.bre.energy"), "a scope of the affected sector, `health`"),
            ("/scope", json!("all"), "a scope, as "),
            ("/summary", json!(" "), "a text"),
            ("/contact", json!("a\nb"), "one line "),
        ] {
            let error = with(pointer, value).unwrap_err().to_string();
            assert!(error.contains(&format!("expected {expected}")), "{error}");
        }
    }

    #[test]
    fn awareness_without_an_offset_or_before_1970_is_refused() {
        for text in ["2026-11-24T08:10:00", "2026-11-24", "yesterday", "1969-12-31T23:59:59Z"] {
            assert!(with("/aware", json!(text)).is_err(), "{text}");
        }
    }
}
