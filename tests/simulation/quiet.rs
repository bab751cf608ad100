//! Withholding shows, and only withholding: on virtual time, by the heartbeats alone.

use std::time::Duration;

use chappe::notice::{Audience, Kind, Tlp};

use super::MINUTE;
use super::faults::{Faults, Going};
use super::tree::{Shape, id, scope};
use super::world::{Broken, Event, World};

const PERIOD: u64 = 10 * MINUTE;

fn world(seed: u64, broken: Broken) -> World {
    let faults = Faults { slow: 40_000, skew: 240_000, ..Faults::none() };
    let mut world = World::new(seed, Shape::Small, faults, broken);
    world.period = Duration::from_secs(PERIOD / 1_000);
    world
}

/// Lawful filtering, ceilings, expiry, slow messages, clocks a few minutes apart, a node that joins
/// late, and an hour without the followed CSIRT.
fn quiet(seed: u64) -> World {
    let mut world = world(seed, Broken::No);
    world.seen.quiet = true;
    let begin = world.now;
    let away = world.at(&id("eu-fr-sante")).expect("a seat");
    let late = world.at(&id("eu-fr-nor")).expect("a seat");
    world.seats[late].memory = None;
    world.push(begin + 25 * MINUTE, Event::Start(late));
    for _ in 0..24 {
        let at = begin + world.rng.below(100 * MINUTE as usize) as u64;
        world.push(at, Event::Publish(0));
    }
    world.run(begin + 30 * MINUTE);
    world.seats[away].server_up = false;
    world.seen.going.push(Going::Server(away));
    let back = world.seen.going.len() - 1;
    world.push(begin + 90 * MINUTE, Event::Mend(back));
    world.run(begin + 150 * MINUTE);
    world
}

fn finished(mut world: World) -> World {
    if world.violation.is_none() {
        super::invariants::finish(&mut world);
    }
    world
}

#[test]
fn nothing_lawful_raises_an_alarm() {
    super::every_seed(60, |seed| finished(quiet(seed)));
}

/// The last hop to two entities comes and goes, for seconds or for most of an hour.
fn bad_lines(seed: u64) -> World {
    let mut world = world(seed, Broken::No);
    world.seen.quiet = true;
    let end = world.now + 150 * MINUTE;
    for _ in 0..24 {
        let at = world.now + world.rng.below(100 * MINUTE as usize) as u64;
        world.push(at, Event::Publish(0));
    }
    while world.now < end {
        for node in ["eu-fr-bre-chu", "eu-fr-nor-mairie"] {
            let at = world.at(&id(node)).expect("a seat");
            let ups = world.tree.upstreams(at).into_iter();
            world.seats[at].cut = ups.filter(|_| world.rng.below(3) > 0).collect();
        }
        let most = [20, 120, 600, 3_000][world.rng.below(4)];
        let span = 1_000 * (1 + world.rng.below(most)) as u64;
        world.run(world.now + span);
    }
    world.seats.iter_mut().for_each(|seat| seat.cut.clear());
    world.run(end + 100 * MINUTE);
    world
}

#[test]
fn bad_lines_raise_no_alarm() {
    super::every_seed(40, |seed| finished(bad_lines(seed)));
}

/// Publishes for Normandy and lets its parent's notice get as far as its region.
fn with_a_notice(seed: u64, broken: Broken) -> World {
    let mut world = world(seed, broken);
    let begin = world.now;
    world.run(begin + 21 * MINUTE);
    let by = world.at(&id("eu-fr")).expect("a seat");
    let aud = Audience::Scope(scope("eu.fr.nor.all"));
    let mut alert = world.draft(by, Kind::Alert, aud, Tlp::Green);
    (alert.exercise, alert.exp) = (None, alert.iat + 90 * 24 * 3_600);
    world.issue(by, alert);
    let now = world.now;
    world.run(now + MINUTE);
    world
}

/// Which alarms a node saw, from a time on until a time.
fn alarms(world: &World, node: &str, word: &str, until: u64) -> usize {
    let at = world.at(&id(node)).expect("a seat");
    let seen = world.seen.alarms.iter();
    seen.filter(|(when, who, what)| *when <= until && *who == at && what.starts_with(word)).count()
}

/// Every node but those named is quiet.
fn others_are_quiet(world: &World, concerned: &[&str]) -> Result<(), String> {
    let concerned = |at: usize| concerned.iter().any(|node| world.seats[at].id == id(node));
    match world.seen.alarms.iter().find(|(_, at, _)| !concerned(*at)) {
        Some((_, at, what)) => Err(format!("{} is not concerned: {what}", world.seats[*at].id)),
        None => Ok(()),
    }
}

/// A wrong that must be seen at one node within three periods.
fn must_show(world: &mut World, node: &str, word: &str, concerned: &[&str]) {
    let end = world.now + 3 * PERIOD;
    world.run(end);
    if alarms(world, node, word, end) == 0 {
        world.violate(format!("{node} did not see within three periods: {word}"));
    }
    if let Err(why) = others_are_quiet(world, concerned) {
        world.violate(why);
    }
}

#[test]
fn a_parent_that_drops_one_notice_is_found_out_within_three_periods() {
    super::every_seed(30, |seed| {
        let region = Shape::Small.tree().at(&id("eu-fr-nor")).expect("a seat");
        let mut world = with_a_notice(seed, Broken::Withholds(region));
        must_show(&mut world, "eu-fr-nor-mairie", "withheld", &["eu-fr-nor-mairie"]);
        world
    });
}

/// Every node that hears of an issuer through one that stops, or of that one itself.
const BELOW_FRANCE: [&str; 5] =
    ["eu-fr-bre", "eu-fr-nor", "eu-fr-sante", "eu-fr-bre-chu", "eu-fr-nor-mairie"];

#[test]
fn a_parent_that_stops_is_seen_when_its_last_heartbeat_is_three_periods_old() {
    super::every_seed(20, |seed| {
        let mut world = with_a_notice(seed, Broken::No);
        let france = world.at(&id("eu-fr")).expect("a seat");
        world.seats[france].memory = None;
        // The last heartbeat was up to a moment ago; the clocks are minutes apart.
        let now = world.now;
        world.run(now + 6 * MINUTE);
        must_show(&mut world, "eu-fr-nor", "frozen", &BELOW_FRANCE);
        world
    });
}

#[test]
fn old_heartbeats_again_do_not_hide_that_their_issuer_stopped() {
    super::every_seed(20, |seed| {
        let mut world = with_a_notice(seed, Broken::No);
        let france = world.at(&id("eu-fr")).expect("a seat");
        world.seats[france].memory = None;
        let now = world.now;
        let old = world.seats[france].streams.get_mut("BEATS").expect("a stream").all(now);
        for minute in 1..36 {
            world.run(now + minute * MINUTE);
            for beat in &old {
                let sent = (&beat.headers, beat.payload.as_slice());
                world.put(france, &beat.subject, sent, None, false).ok();
            }
        }
        must_show(&mut world, "eu-fr-nor", "frozen", &BELOW_FRANCE);
        world
    });
}
