//! Times in a report that cannot be meant: a clock counts from them, and a later report does not
//! take that back.

use std::time::Duration;

use crate::cli::{Failure, complain};
use crate::document::Incident;
use crate::notice::Time;
use crate::verify::CLOCK_LEEWAY;

/// Awareness so long ago is a wrong month or year more often than a late report.
const LONG: Duration = Duration::from_secs(30 * 24 * 3600);

/// Refuses what is still to come, and what was over before anybody knew of it.
///
/// # Errors
/// Wrong usage, with the field.
pub(super) fn check(incident: &Incident, now: Time) -> Result<(), Failure> {
    let events = incident.events.unwrap_or_default();
    // A measure may be there before anybody knows of the attack.
    let fields = [
        ("aware", Some(incident.aware), false),
        ("events.classified", events.classified, true),
        ("events.handled", events.handled, true),
        ("events.measure", events.measure, false),
    ];
    for (field, at, follows) in fields {
        let Some(secs) = at else { continue };
        let at = Time::from_secs(secs);
        if at > now + CLOCK_LEEWAY {
            return Err(Failure::usage(format!(
                "the report: `{field}` is {at}, which is still to come: it is {now} now"
            )));
        }
        if follows && secs < incident.aware {
            let aware = Time::from_secs(incident.aware);
            return Err(Failure::usage(format!(
                "the report: `{field}` is {at}, before `aware`, {aware}"
            )));
        }
    }
    Ok(())
}

/// Says that a time is long ago.
pub(super) fn doubt(incident: &Incident, now: Time) {
    let aware = Time::from_secs(incident.aware);
    let ago = now.since(aware);
    if ago > LONG {
        let days = ago.as_secs() / (24 * 3600);
        complain(&format!(
            "warning: `aware` is {aware}, {days} days ago. The clocks count from the earliest that \
             a case says: if it is wrong, withdraw this report (chappe withdraw ID) and report anew"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = include_bytes!("../../../demo/incident.json");

    /// What is said of a report with this time in the place of one of its own.
    fn said(change: impl FnOnce(&mut Incident)) -> String {
        let mut incident = Incident::parse(SAMPLE, "i.json").expect("a report");
        change(&mut incident);
        let now =
            Time::from_secs(Incident::parse(SAMPLE, "i.json").expect("a report").aware + 3600);
        check(&incident, now).err().map(|error| format!("{error:?}")).unwrap_or_default()
    }

    #[test]
    fn what_is_still_to_come_or_was_over_before_it_was_known_is_wrong_usage_with_its_field() {
        let event = |change: fn(&mut crate::notice::Events, u64), offset: i64| {
            said(move |incident| {
                let at = incident.aware.saturating_add_signed(offset);
                change(incident.events.get_or_insert_default(), at);
            })
        };
        assert_eq!(said(|_| ()), "");
        let ahead = said(|incident| incident.aware += 4 * 3600);
        assert!(ahead.contains("`aware` is ") && ahead.contains("still to come"), "{ahead}");
        assert!(event(|e, at| e.handled = Some(at), 9000).contains("`events.handled` is "));
        for early in
            [event(|e, at| e.handled = Some(at), -1), event(|e, at| e.classified = Some(at), -1)]
        {
            assert!(early.contains("before `aware`") && early.contains("code: 2"), "{early}");
        }
        assert_eq!(event(|e, at| e.measure = Some(at), -1), "", "a patch may come first");
        assert_eq!(event(|e, at| e.handled = Some(at), 60), "");
    }
}
