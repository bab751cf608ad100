//! What `chappe escalate` says of an incident by flags, laid over the file's fields.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::cli::Failure;
use crate::cli::publish::read;
use crate::document::{Attachment, Form, media_of};
use crate::notice::MAX_BODY_BYTES;

#[derive(Debug, Args)]
#[command(next_help_heading = "The incident")]
pub(super) struct Flags {
    /// Whom it hit: a name
    #[arg(long = "for", value_name = "NAME")]
    whom: Option<String>,
    /// When they became aware, with its offset: 2026-11-24T08:10:00+01:00
    #[arg(long, value_name = "TIME")]
    aware: Option<String>,
    /// How they reported it: phone, portal or mail
    #[arg(long, value_name = "phone|portal|mail")]
    via: Option<String>,
    /// Who reported it: a name or function, with --via
    #[arg(long, value_name = "NAME", requires = "via")]
    caller: Option<String>,
    /// Class and type of RSIT: malicious-code/infected-system
    #[arg(long = "type", value_name = "CLASS/TYPE")]
    incident: Option<String>,
    /// What RSIT has no word for: ransomware, data-extortion, wiper, ...
    #[arg(long)]
    nature: Option<String>,
    /// critical, high, medium, low or unknown
    #[arg(long)]
    severity: Option<String>,
    /// Where and in which sector: eu.fr.bre.health [default: an entity's own]
    #[arg(long)]
    scope: Option<String>,
    /// The sector [default: the scope's]
    #[arg(long)]
    sector: Option<String>,
    /// A country concerned (ISO 3166-1, as fr); may be repeated, adds to the file's
    #[arg(long, value_name = "CC")]
    country: Vec<String>,
    /// Suspected to be unlawful or malicious; `--malicious=false`: not
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    malicious: Option<bool>,
    /// Could have a cross-border impact; `--cross-border=false`: not
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    cross_border: Option<bool>,
    /// Severity and impact, in words
    #[arg(long, value_name = "TEXT")]
    impact: Option<String>,
    /// An indicator of compromise; may be repeated, adds to the file's
    #[arg(long, value_name = "TEXT")]
    indicator: Vec<String>,
    /// How to reach somebody there
    #[arg(long)]
    contact: Option<String>,
    /// What happened
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// A file to go with it, at most about 6 MB
    #[arg(long, value_name = "FILE")]
    attach: Option<PathBuf>,
    /// When it was classified as major (DORA), with its offset
    #[arg(long, value_name = "TIME")]
    classified: Option<String>,
    /// When a corrective measure was available (CRA), with its offset
    #[arg(long, value_name = "TIME")]
    measure: Option<String>,
    /// When the incident was handled (NIS2), with its offset
    #[arg(long, value_name = "TIME")]
    handled: Option<String>,
}

impl Flags {
    /// Lays what was said over a form.
    ///
    /// # Errors
    /// The file to attach.
    pub(super) fn lay_over(&self, form: &mut Form) -> Result<(), Failure> {
        let texts = [
            ("affected.name", &self.whom),
            ("affected.sector", &self.sector),
            ("reported_by.via", &self.via),
            ("reported_by.name", &self.caller),
            ("aware", &self.aware),
            ("type", &self.incident),
            ("nature", &self.nature),
            ("severity", &self.severity),
            ("scope", &self.scope),
            ("nis2.impact", &self.impact),
            ("contact", &self.contact),
            ("summary", &self.summary),
            ("events.classified", &self.classified),
            ("events.measure", &self.measure),
            ("events.handled", &self.handled),
        ];
        for (path, text) in texts {
            if let Some(text) = text {
                form.set(path, text.as_str());
            }
        }
        for (path, flag) in
            [("nis2.malicious", self.malicious), ("nis2.cross_border", self.cross_border)]
        {
            if let Some(flag) = flag {
                form.set(path, flag);
            }
        }
        add(form, "countries", &self.country);
        add(form, "indicators", &self.indicator);
        self.attach.as_ref().map_or(Ok(()), |path| attach(form, path))
    }
}

/// Adds to a list what is not in it yet.
fn add(form: &mut Form, path: &str, more: &[String]) {
    if more.is_empty() {
        return;
    }
    let mut list = match form.get(path) {
        Some(Value::Array(list)) => list.clone(),
        _ => Vec::new(),
    };
    for text in more {
        let text = Value::from(text.as_str());
        if !list.contains(&text) {
            list.push(text);
        }
    }
    form.set(path, list);
}

fn attach(form: &mut Form, path: &std::path::Path) -> Result<(), Failure> {
    // In base64, and in a report of that size, which is looked at again when it is whole.
    let bytes = read(path, MAX_BODY_BYTES / 4 * 3)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    form.set("attachment.type", media_of(&name));
    form.set("attachment.name", name);
    form.set("attachment.data", Attachment::encode(&bytes));
    Ok(())
}
