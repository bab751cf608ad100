//! Every metric by name: what it counts, in which unit, with which label.
//!
//! One list, from which the metrics are made and with which the table in docs/OPERATIONS.md, the
//! dashboard and the alert rules are compared: none of them can name a metric that is not there.

/// The form of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Only rises, and starts at 0 with the process.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Observations in buckets.
    Histogram,
}

impl Form {
    /// Prometheus' word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name, unit and all.
    pub name: &'static str,
    /// Its form.
    pub form: Form,
    /// Its label beside `node`, if it has one.
    pub label: Option<&'static str>,
    /// What it says.
    pub help: &'static str,
}

macro_rules! families {
    ($($id:ident = $form:ident $name:literal $([$label:literal])?, $help:literal;)*) => {
        $(pub(super) const $id: Family = Family {
            name: $name,
            form: Form::$form,
            label: families!(@label $($label)?),
            help: $help,
        };)*

        /// Every metric, in the order of docs/OPERATIONS.md.
        pub const FAMILIES: &[Family] = &[$($id),*];
    };
    (@label) => { None };
    (@label $label:literal) => { Some($label) };
}

families! {
    RECEIVED = Counter "chappe_messages_received_total" ["source"],
        "Messages received, whatever became of them, by where they came from";
    REFUSED = Counter "chappe_messages_refused_total" ["reason"],
        "Messages that verification or policy refused";
    QUARANTINED = Counter "chappe_messages_quarantined_total",
        "Refused messages kept for an operator to look at";
    IN_QUARANTINE = Gauge "chappe_quarantine_messages",
        "Refused messages that lie in quarantine";
    PUSHED_OUT = Counter "chappe_quarantine_pushed_out_total",
        "Messages that left quarantine because newer ones of their source fill its share";
    RETRIED = Counter "chappe_messages_retried_total",
        "Messages put off because the node's own server was away or full";
    OVER_SHARE = Counter "chappe_messages_over_share_total" ["stream"],
        "Messages that wait because their source has used up its share of a stream";
    STREAM_BYTES = Gauge "chappe_stream_bytes" ["stream"],
        "Bytes in one of the node's streams";
    STREAM_MAX = Gauge "chappe_stream_max_bytes" ["stream"],
        "Bytes that one of the node's streams may have";
    STORAGE = Gauge "chappe_storage_up",
        "1 while the node's own server stores what it is given, else 0";
    FOREIGN = Counter "chappe_headers_dropped_total",
        "Headers dropped because they are not Chappe's";
    PLACED = Counter "chappe_notices_placed_total" ["place"],
        "Notices stored in a place: board, direct, inbox, cases or outbox";
    FILTERED = Counter "chappe_notices_filtered_total" ["reason"],
        "Verified notices that go no further from here";
    HELD = Counter "chappe_notices_held_total",
        "Notices put aside until a key, a time or room comes";
    SENT = Counter "chappe_notices_sent_total" ["upstream"],
        "Notices handed to an upstream's intake";
    RECEIPTS = Counter "chappe_receipts_received_total" ["outcome"],
        "Receipts of other nodes, by what they say";
    PUT_OFF = Counter "chappe_receipts_put_off_total",
        "Receipts that wait a minute, since their node changes its words too often";
    TRUSTED = Counter "chappe_trust_documents_taken_total",
        "Roots, bundles and lists taken into TRUST";
    ROOT_ENDS = Gauge "chappe_trust_root_expires_timestamp_seconds",
        "When the last root above this node expires, seconds since 1970";
    BUNDLE_ENDS = Gauge "chappe_trust_bundle_expires_timestamp_seconds",
        "When this node's own bundle expires, seconds since 1970";
    WITHHELD = Gauge "chappe_channels_withheld",
        "Channels on which an issuer names what does not come here";
    FROZEN = Gauge "chappe_channels_frozen",
        "Channels of which nothing has been heard for three periods";
    BEHIND = Gauge "chappe_trust_bundles_behind",
        "Nodes of which a higher bundle is in force elsewhere";
    AT_WORK = Gauge "chappe_relay_at_work",
        "1 if this relay is the one of its node that works, 0 while it stands by";
    EXPIRING = Gauge "chappe_notices_expiring",
        "Own alerts and advisories in force that expire within 14 days";
    DEADLINES = Gauge "chappe_case_deadlines" ["standing"],
        "Legal deadlines of open cases that are near or have passed; drills do not count";
    UNANSWERED = Gauge "chappe_cases_unanswered",
        "Critical cases that nobody answers at a child, by its word";
    SILENT = Gauge "chappe_cases_silent",
        "Open cases that climb to a node that does not say that it has them";
    SIMILAR = Gauge "chappe_cases_similar",
        "Groups of similar cases that a rule has found";
    PENDING = Gauge "chappe_pending_messages" ["source"],
        "Messages that waited at a source when the last one came from it";
    LINK_UP = Gauge "chappe_link_up" ["upstream"],
        "1 while the connection to an upstream is up, else 0";
    SERVER_UP = Gauge "chappe_server_up",
        "1 while the connection to the node's own server is up, else 0";
    LAST_NOTICE = Gauge "chappe_last_notice_timestamp_seconds",
        "When the last notice was placed, seconds since 1970; 0 before the first";
    HOP = Histogram "chappe_hop_latency_seconds",
        "From the hop before to placed here, by the clocks of both nodes";
    STARTED = Gauge "chappe_start_time_seconds",
        "When the process started, seconds since 1970; changes() of it counts restarts";
    BUILD = Gauge "chappe_build_info" ["version"],
        "Always 1; the version stands in the label";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_say_their_unit_and_counters_end_in_total() {
        for family in FAMILIES {
            assert!(family.name.starts_with("chappe_"), "{}", family.name);
            let total = family.name.ends_with("_total");
            assert_eq!(family.form == Form::Counter, total, "{}", family.name);
            if family.form == Form::Histogram {
                assert!(family.name.ends_with("_seconds"), "{}", family.name);
            }
        }
    }

    #[test]
    fn no_name_stands_twice() {
        let names: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), FAMILIES.len());
    }

    #[test]
    fn the_table_in_the_operators_guide_is_this_list() {
        let guide = include_str!("../../docs/OPERATIONS.md");
        let rows = guide.lines().filter(|line| line.starts_with("| `chappe_"));
        let written: Vec<&str> = rows.collect();
        let listed: Vec<String> = FAMILIES.iter().map(row).collect();
        assert_eq!(written, listed);
    }

    fn row(family: &Family) -> String {
        let label = family.label.map_or(String::new(), |label| format!("`{label}`"));
        format!("| `{}` | {} | {label} | {} |", family.name, family.form.as_str(), family.help)
    }
}
