//! What outages do to the alarms about silence: minute by minute, as a hospital hears France by its
//! region and by the sector that it follows. Who keeps something back can drop a link at will, and
//! an honest line can be as bad as any.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use crate::forge::*;
use chappe::notice::{Audience, Heartbeat, Id, NodeId, Time, Tlp};
use chappe::routing::{Beats, Links, Router};
use chappe::trust::Trust;

/// Minutes between two rounds of heartbeats.
const PERIOD: u64 = 60;
const DAY: u64 = 24 * 60;
const BOTH: [&str; 2] = ["eu-fr-bre", "eu-fr-sante"];
/// Both links, or this node's own server, are down.
const NONE: [&str; 0] = [];

static TRUST: LazyLock<Trust> = LazyLock::new(trust);

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

struct Hospital {
    me: NodeId,
    router: Router,
    beats: Beats,
    links: Links,
    minute: u64,
    /// Whether heartbeats of the channel with the notice come, and of the others of France.
    named: bool,
    speaks: bool,
    /// The newest bundle of France that it counts with; one is here.
    version: u64,
}

/// So many minutes with an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Alarms {
    withheld: u64,
    frozen: u64,
    stale: u64,
}

impl Hospital {
    /// A good line for a while, on which nothing is missing.
    fn new() -> Self {
        let me = id("eu-fr-bre-chu");
        let router = Router::new(me.clone(), chappe::policy::Policy::default());
        let (beats, links) = (Beats::default(), Links::new());
        let mut new =
            Self { me, router, beats, links, minute: 0, named: false, speaks: true, version: 1 };
        assert_eq!(new.pass(2 * PERIOD, &BOTH), Alarms::default());
        new
    }

    /// A notice is named that does not come, for so many minutes over a good line.
    fn naming(count: u64) -> Self {
        let mut new = Self::new();
        new.named = true;
        new.pass(count, &BOTH);
        new
    }

    fn now(&self) -> Time {
        NOW + minutes(self.minute)
    }

    /// The newest of what France says on a channel, as a board above has it.
    fn hear(&mut self, tlp: Tlp, newest: Vec<Id>) {
        let round = NOW + minutes(self.minute / PERIOD * PERIOD);
        let beat = Heartbeat {
            fed: fed(),
            iss: id("eu-fr"),
            aud: Audience::Scope(scope("eu.fr.all.all")),
            tlp,
            iat: round.secs(),
            exp: (round + minutes(3 * PERIOD)).secs(),
            count: u32::try_from(newest.len()).expect("few"),
            digest: newest.first().copied().unwrap_or_else(|| Id::of(b"")),
            newest,
            bundles: BTreeMap::from([(id("eu-fr"), self.version)]),
        };
        self.beats.hear(self.now(), beat);
    }

    fn hear_all(&mut self) {
        if self.speaks {
            self.hear(Tlp::Clear, Vec::new());
        }
        if self.named {
            self.hear(Tlp::Green, vec![Id::of(b"a notice")]);
        }
    }

    /// So many minutes with these links up.
    fn pass(&mut self, count: u64, up: &[&str]) -> Alarms {
        let mut seen = Alarms::default();
        for _ in 0..count {
            self.minute += 1;
            let now = self.now();
            for name in BOTH {
                let since = self.links.entry(id(name)).or_default();
                *since = up.contains(&name).then(|| since.unwrap_or(now));
            }
            if !up.is_empty() {
                self.hear_all();
            }
            let ledger = self.router.ledger();
            let look = self.beats.look(now, &self.me, &TRUST, ledger, &self.links, |_| false);
            seen.withheld += u64::from(!look.withheld.is_empty());
            seen.frozen += u64::from(!look.frozen.is_empty());
            seen.stale += u64::from(!look.stale.is_empty());
        }
        seen
    }
}

#[test]
fn what_is_named_has_a_period_to_come() {
    assert_eq!(Hospital::naming(PERIOD).pass(10, &BOTH).withheld, 10);
    let before = Hospital::naming(PERIOD - 10).pass(10, &BOTH);
    assert_eq!(before, Alarms::default());
}

#[test]
fn a_parent_that_drops_the_link_for_however_long_ends_no_alarm() {
    for outage in [1, PERIOD - 1, PERIOD, 10 * PERIOD] {
        let mut hospital = Hospital::naming(PERIOD + 1);
        hospital.named = false;
        assert_eq!(hospital.pass(outage, &NONE).withheld, outage, "nor does it hide it");
        assert_eq!(hospital.pass(10 * PERIOD, &BOTH).withheld, 10 * PERIOD, "after {outage}");
    }
}

#[test]
fn an_alarm_about_a_channel_that_its_issuer_left_ends_after_a_day() {
    let ends = |speaks: bool| {
        let mut hospital = Hospital::naming(PERIOD + 1);
        (hospital.named, hospital.speaks) = (false, speaks);
        // Its last word was that of the round a minute ago.
        let before = hospital.pass(3 * PERIOD + DAY - 2, &BOTH);
        assert_eq!(before.withheld, 3 * PERIOD + DAY - 2, "it may be kept from us");
        hospital.pass(60, &BOTH).withheld
    };
    assert!(ends(true) <= 1, "three periods and a day later");
    assert_eq!(ends(false), 60, "nothing is heard of the issuer at all");
}

#[test]
fn a_link_that_is_dropped_for_a_moment_before_the_alarm_keeps_it_off_for_moments() {
    let mut hospital = Hospital::naming(PERIOD - 10);
    hospital.named = false;
    assert_eq!(hospital.pass(1, &NONE), Alarms::default());
    assert_eq!(hospital.pass(10 * PERIOD, &BOTH).withheld, 10 * PERIOD - 13);
}

#[test]
fn a_link_that_is_dropped_again_and_again_hides_nothing() {
    let mut hospital = Hospital::naming(1);
    let mut seen = Alarms::default();
    for _ in 0..12 {
        hospital.pass(1, &NONE);
        seen = hospital.pass(9, &BOTH);
    }
    assert_eq!(seen.withheld, 9, "after two hours it is there, and stays");
    assert_eq!(hospital.pass(1, &NONE).withheld, 1);

    let mut hospital = Hospital::new();
    hospital.speaks = false;
    hospital.pass(4 * PERIOD, &BOTH);
    let frozen = (0..60).map(|_| hospital.pass(1, &NONE).frozen + hospital.pass(9, &BOTH).frozen);
    assert_eq!(frozen.sum::<u64>(), 60 * 7, "most of the time");
}

#[test]
fn what_was_named_before_an_outage_and_ended_in_it_raises_no_alarm() {
    for outage in [1, 2, 5, 30, PERIOD - 1, PERIOD, 2 * PERIOD, 3 * PERIOD, 10 * PERIOD, DAY] {
        for minute in [0, 30, PERIOD - 1] {
            let mut hospital = Hospital::new();
            hospital.pass(minute, &BOTH);
            hospital.named = true;
            hospital.pass(1, &BOTH);
            hospital.named = false;
            let seen = [hospital.pass(outage, &NONE), hospital.pass(6 * PERIOD, &BOTH)];
            assert_eq!(seen, [Alarms::default(); 2], "{outage} minutes, from minute {minute} on");
        }
    }
}

#[test]
fn an_outage_after_which_nothing_is_heard_of_the_issuer_explains_nothing() {
    let mut hospital = Hospital::naming(1);
    (hospital.named, hospital.speaks) = (false, false);
    assert_eq!(hospital.pass(30, &NONE), Alarms::default());
    assert_eq!(hospital.pass(2 * PERIOD, &BOTH).withheld, PERIOD);
}

#[test]
fn a_bundle_that_is_kept_back_shows_after_a_period_over_all_heartbeats() {
    let mut hospital = Hospital::new();
    hospital.version = 2;
    hospital.pass(2 * PERIOD + 1, &BOTH);
    assert_eq!(hospital.pass(PERIOD, &BOTH).stale, PERIOD);
    hospital.pass(1, &NONE);
    assert_eq!(hospital.pass(PERIOD, &BOTH).stale, PERIOD - 2);
}

#[test]
fn what_was_named_and_ended_while_the_own_server_was_away_raises_no_alarm() {
    for outage in [30, PERIOD, 5 * PERIOD] {
        let mut hospital = Hospital::new();
        hospital.pass(outage / 2, &NONE);
        // The links are up, so that it is heard, but nothing can be placed.
        hospital.named = true;
        for _ in 0..outage / 2 {
            hospital.hear_all();
            hospital.named = false;
            assert_eq!(hospital.pass(1, &NONE), Alarms::default());
        }
        assert_eq!(hospital.pass(6 * PERIOD, &BOTH), Alarms::default(), "{outage}");
    }
}

#[test]
fn a_line_that_is_down_half_the_time_accuses_nobody() {
    for (up, down) in [(1, 1), (2, 1), (5, 5), (2, 8), (20, 20), (55, 55), (5, 200)] {
        let mut hospital = Hospital::naming(1);
        hospital.named = false;
        for _ in 0..DAY / (up + down) {
            let seen = [hospital.pass(down, &NONE), hospital.pass(up, &BOTH)];
            assert_eq!(seen, [Alarms::default(); 2], "{up} up, {down} down");
        }
        assert_eq!(hospital.pass(6 * PERIOD, &BOTH), Alarms::default(), "{up} up, {down} down");
    }
}

#[test]
fn one_of_two_links_is_enough_to_see_by() {
    let mut hospital = Hospital::naming(1);
    hospital.named = false;
    let mut seen = Alarms::default();
    for _ in 0..PERIOD {
        hospital.pass(1, &["eu-fr-sante"]);
        seen = hospital.pass(1, &BOTH);
    }
    assert_eq!(seen.withheld, 1, "the other is dropped at each look");
    assert_eq!(hospital.pass(PERIOD, &["eu-fr-sante"]).withheld, PERIOD);
    // They take turns, and one is always up.
    let mut hospital = Hospital::naming(1);
    for turn in 0..PERIOD {
        hospital.pass(1, &[BOTH[usize::from(turn % 2 == 0)]]);
        hospital.pass(1, &BOTH);
    }
    assert_eq!(hospital.pass(1, &BOTH).withheld, 1);
}

#[test]
fn a_relay_that_begins_anew_waits_a_period_again() {
    let mut hospital = Hospital::naming(2 * PERIOD);
    let again = |hospital: &mut Hospital| {
        (hospital.beats, hospital.links) = (Beats::default(), Links::new());
        hospital.hear_all();
        hospital.minute += 1;
    };
    again(&mut hospital);
    assert_eq!(hospital.pass(PERIOD, &BOTH), Alarms::default());
    assert_eq!(hospital.pass(PERIOD, &BOTH).withheld, PERIOD, "it is still named");
    again(&mut hospital);
    hospital.named = false;
    assert_eq!(hospital.pass(DAY, &BOTH), Alarms::default(), "it may have ended meanwhile");
}
