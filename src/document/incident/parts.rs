//! The fields of an incident report, each read strictly, each complaint with what would be right.

use super::{Affected, Nis2, ReportedBy, Via};
use crate::document::error::DocumentError;
use crate::document::fields::Field;
use crate::document::vocabulary;
use crate::notice::{ALL, Events, Scope, Severity, by_name};

const MAX_COUNTRIES: usize = 30;
const MAX_INDICATORS: usize = 1_000;

pub(super) fn optional<'a, T>(
    object: &Field<'a>,
    key: &str,
    read: impl Fn(&Field<'a>) -> Result<T, DocumentError>,
) -> Result<Option<T>, DocumentError> {
    object.find(key)?.map(|field| read(&field)).transpose()
}

pub(super) fn affected(
    field: &Field<'_>,
    may_be_nameless: bool,
) -> Result<Affected, DocumentError> {
    field.only(&["name", "sector"])?;
    let sector = field.need("sector", "a sector's token")?;
    let token = by_name(sector.text()?).map(|known| known.token.clone());
    let token = token.ok_or_else(|| sector.refuse(&expected_sector()))?;
    let name = match field.find("name")? {
        None if may_be_nameless => None,
        _ => Some(field.need_line("name")?),
    };
    Ok(Affected { name, sector: token })
}

fn expected_sector() -> String {
    let tokens: Vec<&str> = crate::notice::sectors().iter().map(|s| s.token.as_str()).collect();
    format!("one of {}", tokens.join(", "))
}

pub(super) fn reported_by(field: &Field<'_>) -> Result<ReportedBy, DocumentError> {
    const WORDS: &str = "phone, portal or mail";
    field.only(&["name", "via"])?;
    let via = field.need("via", WORDS)?;
    let word = match via.text()? {
        "phone" => Via::Phone,
        "portal" => Via::Portal,
        "mail" => Via::Mail,
        _ => return Err(via.refuse(WORDS)),
    };
    Ok(ReportedBy { name: optional(field, "name", Field::line)?, via: word })
}

pub(super) const INSTANT: &str = "an instant with its offset, as 2026-11-24T08:10:00Z";

/// A time without an offset is refused: France's territories lie in twelve time zones, and a legal
/// clock starts here.
pub(super) fn instant(field: &Field<'_>) -> Result<u64, DocumentError> {
    let instant = field.text()?.parse::<jiff::Timestamp>().ok();
    let seconds = instant.and_then(|instant| u64::try_from(instant.as_second()).ok());
    seconds.ok_or_else(|| field.refuse(INSTANT))
}

pub(super) fn incident(field: &Field<'_>) -> Result<String, DocumentError> {
    let text = field.text()?;
    let known = vocabulary::is_incident_type(text);
    known.then(|| text.to_owned()).ok_or_else(|| field.refuse(&vocabulary::expected_type(text)))
}

pub(super) fn nature(field: &Field<'_>) -> Result<String, DocumentError> {
    let text = field.text()?;
    let known = vocabulary::natures().iter().any(|nature| nature.token == text);
    known.then(|| text.to_owned()).ok_or_else(|| field.refuse(&vocabulary::expected_nature()))
}

pub(super) const SEVERITIES: &str = "critical, high, medium, low or unknown";

pub(super) fn severity(field: &Field<'_>) -> Result<Severity, DocumentError> {
    field.text()?.parse().map_err(|_| field.refuse(SEVERITIES))
}

/// A scope in another sector than the affected one's is a slip, and would climb to the wrong CSIRT.
pub(super) fn scope(field: &Field<'_>, sector: &str) -> Result<Scope, DocumentError> {
    const FORM: &str = "a scope, as eu.fr.bre.health";
    let scope: Scope = field.text()?.parse().map_err(|_| field.refuse(FORM))?;
    if scope.sector() == ALL || scope.sector() == sector {
        return Ok(scope);
    }
    Err(field.refuse(&format!("a scope of the affected sector, `{sector}`, or of all")))
}

pub(super) fn countries(field: &Field<'_>) -> Result<Vec<String>, DocumentError> {
    field.items(MAX_COUNTRIES)?.iter().map(country).collect()
}

fn country(field: &Field<'_>) -> Result<String, DocumentError> {
    let code = field.text()?.to_ascii_lowercase();
    let two = code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase());
    two.then_some(code).ok_or_else(|| field.refuse("a country of ISO 3166-1, as fr"))
}

pub(super) fn nis2(field: &Field<'_>) -> Result<Nis2, DocumentError> {
    field.only(&["malicious", "cross_border", "impact"])?;
    Ok(Nis2 {
        malicious: optional(field, "malicious", Field::flag)?,
        cross_border: optional(field, "cross_border", Field::flag)?,
        impact: optional(field, "impact", words)?,
    })
}

/// At least one time, so that an empty object is no event.
pub(super) fn events(field: &Field<'_>) -> Result<Events, DocumentError> {
    field.only(&["classified", "measure", "handled"])?;
    let events = Events {
        classified: optional(field, "classified", instant)?,
        measure: optional(field, "measure", instant)?,
        handled: optional(field, "handled", instant)?,
    };
    let some = events != Events::default();
    some.then_some(events).ok_or_else(|| field.refuse("one of classified, measure, handled"))
}

pub(super) fn indicators(field: &Field<'_>) -> Result<Vec<String>, DocumentError> {
    let text = |item: &Field<'_>| words(item);
    field.items(MAX_INDICATORS)?.iter().map(text).collect()
}

pub(super) fn words(field: &Field<'_>) -> Result<String, DocumentError> {
    let text = field.text()?;
    let some = !text.trim().is_empty();
    some.then(|| text.to_owned()).ok_or_else(|| field.refuse("a text"))
}
