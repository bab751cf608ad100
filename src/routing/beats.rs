//! Heartbeats: what each issuer says is in force, compared with what is here.
//!
//! Silence is always explained. What a heartbeat names is held here, or somebody on the way has
//! signed that it was filtered, or this node filtered it; what is none of these was withheld. A
//! channel on which nothing is heard any more is frozen.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use crate::lifecycle::{Channel, Ledger};
use crate::notice::{Audience, Heartbeat, Id, NodeId, Receipt, Time, Tlp};
use crate::policy::carries;
use crate::trust::{Link, Trust};

/// Channels that are watched: every issuer of a large State with a few audiences and labels each.
const MAX_CHANNELS: usize = 16_384;
/// Channels of one issuer: one that makes them up must not crowd out the others.
const MAX_OF_ONE: usize = 128;
/// Words of upstreams that they filtered something; above it they explain nothing more.
const MAX_COVERED: usize = 65_536;
/// Lists that are remembered for those below.
const MAX_LISTS: usize = 256;

/// How long a channel that has ended is said to withhold what never came on it.
const ALARM: Duration = Duration::from_secs(24 * 3600);

/// The pause between two rewinds for one digest grows up to 64 periods.
const MAX_DOUBLINGS: u32 = 6;

/// Since when each upstream's link is up; `None` while it is down.
pub type Links = BTreeMap<NodeId, Option<Time>>;

#[derive(Clone, Debug)]
struct Heard {
    beat: Heartbeat,
    came: Time,
    /// Everything that it names is explained; asked no more.
    whole: bool,
    /// How long what is not explained has had to come, over all heartbeats since.
    open: Option<Duration>,
    /// How long a link that brings the channel is up, a period at most.
    steady: Duration,
    /// When the boards above were last asked for again on account of this digest, and how often.
    asked: Option<(Time, u32)>,
}

impl Heard {
    /// Counts the time since the last look. An outage takes back as much as it lasts: a link that
    /// is dropped for moments hides nothing, and on one that is down half the time nobody is
    /// accused. What is withheld once stays so: no outage explains it.
    fn count(&mut self, up: bool, passed: Duration) {
        let period = self.beat.period();
        let count = |had: Duration| if up { had + passed } else { had.saturating_sub(passed) };
        self.steady = count(self.steady).min(period);
        self.open = self.open.map(|had| if had < period { count(had) } else { had });
    }

    fn is_withheld(&self) -> bool {
        self.open.is_some_and(|had| had >= self.beat.period())
    }

    /// Whether the boards are to come again now. Ever more rarely: what nobody has does not come by
    /// asking, and each time a whole board is verified; but what was refused for a wrong clock, or
    /// came back to the board above from a copy, is there when it is asked for later.
    fn asks(&mut self, now: Time, period: Duration) -> bool {
        let (last, times) = self.asked.unwrap_or_default();
        if times > 0 && now.since(last) < period * 2u32.pow(times.min(MAX_DOUBLINGS)) {
            return false;
        }
        self.asked = Some((now, times.saturating_add(1)));
        true
    }
}

/// What this node has heard.
#[derive(Clone, Debug, Default)]
pub struct Beats {
    channels: BTreeMap<Channel, Heard>,
    /// What an upstream says it filtered, and until when that matters.
    covered: HashMap<Id, Time>,
    /// The ids of heartbeats whose digest could not be made here, as an upstream gave them.
    lists: HashMap<Id, Vec<Id>>,
    /// Since when a higher bundle of a node is in force elsewhere.
    behind: BTreeMap<NodeId, Time>,
    looked: Option<Time>,
}

/// What follows from what was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Digests whose ids this node does not know: an upstream has them.
    pub unknown: BTreeSet<Id>,
    /// Something is missing since this look: the boards above should come again.
    pub missing: BTreeSet<Channel>,
    /// Something is missing, whether or not it was seen before.
    pub gap: bool,
    /// Missing although the link was up for a whole period; an outage after that ends it not.
    pub withheld: BTreeSet<Channel>,
    /// Nothing heard for three periods although the link was up.
    pub frozen: BTreeSet<Channel>,
    /// Nodes of which a higher bundle is in force elsewhere, for a whole period.
    pub stale: BTreeSet<NodeId>,
}

/// How a heartbeat compares with what is here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    Whole,
    Unknown,
    Missing,
}

impl Beats {
    /// Takes a verified heartbeat; whether it is newer than what was heard on its channel.
    pub fn hear(&mut self, now: Time, beat: Heartbeat) -> bool {
        let Audience::Scope(scope) = &beat.aud else { return false };
        let channel = Channel { issuer: beat.iss.clone(), scope: scope.clone(), tlp: beat.tlp };
        let before = self.channels.get(&channel);
        if before.is_some_and(|heard| heard.beat.iat >= beat.iat) {
            return false;
        }
        let of_one = || self.channels.keys().filter(|c| c.issuer == channel.issuer).count();
        if before.is_none() && (self.channels.len() >= MAX_CHANNELS || of_one() >= MAX_OF_ONE) {
            return false;
        }
        // What is missing since an earlier heartbeat is not forgiven by the next.
        let open = before.and_then(|heard| heard.open);
        let steady = before.map(|heard| heard.steady).unwrap_or_default();
        let same = before.filter(|heard| heard.beat.digest == beat.digest);
        let asked = same.and_then(|heard| heard.asked);
        self.channels.insert(channel, Heard { beat, came: now, whole: false, open, steady, asked });
        true
    }

    /// Takes an upstream's word that it filtered a notice; it matters until `until`.
    pub fn cover(&mut self, receipt: &Receipt, until: Time) {
        if self.covered.len() < MAX_COVERED {
            self.covered.insert(receipt.of, until);
        }
    }

    /// Takes the ids behind a digest, if they are.
    pub fn learn(&mut self, digest: Id, ids: Vec<Id>) -> bool {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        let named = self.channels.values().any(|heard| heard.beat.digest == digest);
        if !named || Id::of(&bytes) != digest {
            return false;
        }
        if self.lists.len() >= MAX_LISTS {
            let wanted: HashSet<Id> = self.channels.values().map(|h| h.beat.digest).collect();
            self.lists.retain(|digest, _| wanted.contains(digest));
        }
        self.lists.insert(digest, ids);
        true
    }

    /// The ids behind a digest, for a neighbour below that has the channel too.
    pub fn list(
        &self,
        trust: &Trust,
        ledger: &Ledger,
        me: &NodeId,
        to: &NodeId,
        digest: Id,
    ) -> Option<Vec<Id>> {
        let link = trust.link(me, to)?;
        let may = |channel: &Channel| carries(link, &channel.scope, channel.tlp);
        let (channel, heard) =
            self.channels.iter().find(|(c, heard)| heard.beat.digest == digest && may(c))?;
        if let Some(ids) = self.lists.get(&digest) {
            return Some(ids.clone());
        }
        let manifest = ledger.manifest(channel, Time::from_secs(heard.beat.iat));
        (manifest.digest() == digest).then(|| manifest.ids().to_vec())
    }

    /// Compares everything heard with what is here. `has_filtered` says whether this node
    /// itself filtered a notice.
    pub fn look(
        &mut self,
        now: Time,
        me: &NodeId,
        trust: &Trust,
        ledger: &Ledger,
        links: &Links,
        has_filtered: impl Fn(Id) -> bool,
    ) -> Outlook {
        self.covered.retain(|_, until| *until > now);
        let mut outlook = Outlook::default();
        let mut newer = BTreeSet::new();
        self.forget_the_silent(now, me, (trust, links), ledger);
        self.forget_what_nobody_brings(me, trust);
        let last = self.looked.replace(now).unwrap_or(now);
        for (channel, heard) in self.channels.iter_mut().filter(|(c, _)| c.issuer != *me) {
            let up = up(me, trust, links, channel).is_some_and(|since| since <= last);
            heard.count(up, now.since(last));
            let period = heard.beat.period();
            let watched = heard.steady >= period;
            // One that had ended, and has begun again, is beaten on within a period or two.
            let speaks = |at: Time| is_constant(trust, channel) || ledger.is_alive(channel, at);
            let silent = watched && now >= Time::from_secs(heard.beat.exp);
            if silent && (!heard.whole || speaks(now - period * 2)) {
                outlook.frozen.insert(channel.clone());
            }
            for node in behind(trust, &heard.beat) {
                let since = *self.behind.entry(node.clone()).or_insert(heard.came);
                newer.insert(node.clone());
                if watched && now.since(since) >= period {
                    outlook.stale.insert(node);
                }
            }
            if heard.whole {
                continue;
            }
            let explained = |id: Id| {
                let erased = || ledger.tombstones_of(id).next().is_some();
                let filtered = || self.covered.contains_key(&id) || has_filtered(id);
                ledger.statement(id).is_some() || filtered() || erased()
            };
            let compared = compare(heard, channel, ledger, &self.lists, explained);
            heard.whole = compared == Compared::Whole;
            if heard.whole {
                heard.open = None;
                continue;
            }
            heard.open.get_or_insert_default();
            if heard.is_withheld() {
                outlook.withheld.insert(channel.clone());
            }
            if compared == Compared::Missing {
                outlook.gap = true;
                if heard.asks(now, period) {
                    outlook.missing.insert(channel.clone());
                }
            } else {
                outlook.unknown.insert(heard.beat.digest);
            }
        }
        self.behind.retain(|node, _| newer.contains(node));
        outlook
    }

    /// Once the links were narrowed a channel does not come here any more, and its silence says
    /// nothing; when it comes again, it is heard anew.
    fn forget_what_nobody_brings(&mut self, me: &NodeId, trust: &Trust) {
        let ups = trust.upstreams(me);
        let links: Vec<_> = ups.iter().filter_map(|up| trust.link(up, me)).collect();
        self.channels.retain(|channel, _| {
            let brought = |link: &&Link| carries(link, &channel.scope, channel.tlp);
            channel.issuer == *me || links.iter().any(brought)
        });
    }

    /// An issuer beats on a channel for as long as something on it lasts, and on its own
    /// constituency always: the others may end. What never came cannot be seen to end. If its
    /// issuer goes on to speak of others, the alarm about it has been heard for a day; and what was
    /// said before an outage and not since, and had no period to come, may have ended in it. How
    /// long the outage was is not asked: a parent gains nothing here that it would not have by
    /// never passing the channel on, and what was withheld before stays so after the longest.
    fn forget_the_silent(
        &mut self,
        now: Time,
        me: &NodeId,
        (trust, links): (&Trust, &Links),
        ledger: &Ledger,
    ) {
        let mut spoke: HashMap<NodeId, u64> = HashMap::new();
        for (channel, heard) in &self.channels {
            let last = spoke.entry(channel.issuer.clone()).or_default();
            *last = heard.beat.iat.max(*last);
        }
        self.channels.retain(|channel, heard| {
            let (end, period) = (Time::from_secs(heard.beat.exp), heard.beat.period());
            let speaks = |since: u64| spoke.get(&channel.issuer).is_some_and(|at| *at > since);
            let told = speaks(heard.beat.exp) && now.since(end) >= ALARM;
            let before = |up: Time| heard.came < up && now.since(up) >= period;
            let cut = up(me, trust, links, channel).is_some_and(before);
            // All that it says in a round has one `iat`.
            let gone = cut && speaks(heard.beat.iat) && !heard.is_withheld();
            let lasts = ledger.is_alive(channel, now) || is_constant(trust, channel);
            lasts || !(gone || now >= end && (heard.whole || told))
        });
    }
}

fn compare(
    heard: &Heard,
    channel: &Channel,
    ledger: &Ledger,
    lists: &HashMap<Id, Vec<Id>>,
    explained: impl Fn(Id) -> bool,
) -> Compared {
    let beat = &heard.beat;
    if !beat.newest.iter().all(|id| explained(*id)) {
        return Compared::Missing;
    }
    if ledger.manifest(channel, Time::from_secs(beat.iat)).digest() == beat.digest {
        return Compared::Whole;
    }
    // The newest are all that there are.
    if usize::try_from(beat.count).is_ok_and(|count| count == beat.newest.len()) {
        return Compared::Whole;
    }
    match lists.get(&beat.digest) {
        None => Compared::Unknown,
        Some(ids) if ids.iter().all(|id| explained(*id)) => Compared::Whole,
        Some(_) => Compared::Missing,
    }
}

/// Whether an issuer beats on this channel always.
fn is_constant(trust: &Trust, channel: &Channel) -> bool {
    let seat = trust.seat(&channel.issuer);
    channel.tlp == Tlp::Clear && seat.is_some_and(|seat| seat.constituency.contains(&channel.scope))
}

/// Since when a link that brings this channel is up, the first of them.
fn up(me: &NodeId, trust: &Trust, links: &Links, channel: &Channel) -> Option<Time> {
    let issuer = &channel.issuer;
    let brings = |up: &NodeId| {
        let leads = up == issuer || issuer.contains(up) || trust.link(issuer, up).is_some();
        leads && trust.link(up, me).is_some_and(|l| carries(l, &channel.scope, channel.tlp))
    };
    links.iter().filter(|(up, _)| brings(up)).filter_map(|(_, since)| *since).min()
}

fn behind<'b>(trust: &Trust, beat: &'b Heartbeat) -> impl Iterator<Item = NodeId> + 'b {
    let held = |node: &NodeId| trust.seat(node).map_or(0, |seat| seat.version);
    let behind: Vec<NodeId> = beat
        .bundles
        .iter()
        .filter(|(node, version)| held(node) < **version)
        .map(|(node, _)| node.clone())
        .collect();
    behind.into_iter()
}

/// What an issuer says now on each of its channels, with the ids that each digest stands for.
#[must_use]
pub fn own_beats(
    now: Time,
    me: &NodeId,
    trust: &Trust,
    ledger: &Ledger,
    period: Duration,
) -> Vec<(Heartbeat, Vec<Id>)> {
    let seat = trust.seat(me);
    let constant = seat.into_iter().flat_map(|seat| &seat.constituency).map(|scope| Channel {
        issuer: me.clone(),
        scope: scope.clone(),
        tlp: Tlp::Clear,
    });
    let channels: BTreeSet<Channel> =
        ledger.channels(me, now).into_iter().chain(constant).collect();
    let bundles = versions(trust, me);
    channels
        .into_iter()
        .map(|channel| beat(now, trust, ledger, period, channel, &bundles))
        .collect()
}

fn beat(
    now: Time,
    trust: &Trust,
    ledger: &Ledger,
    period: Duration,
    channel: Channel,
    bundles: &BTreeMap<NodeId, u64>,
) -> (Heartbeat, Vec<Id>) {
    let iat = now.secs();
    let manifest = ledger.manifest(&channel, Time::from_secs(iat));
    let mut newest = manifest.ids().to_vec();
    newest.sort_by_key(|id| (std::cmp::Reverse(ledger.first_hop(*id)), *id));
    newest.truncate(Heartbeat::MAX_NEWEST);
    let beat = Heartbeat {
        fed: trust.fed().clone(),
        iss: channel.issuer,
        aud: Audience::Scope(channel.scope),
        tlp: channel.tlp,
        iat,
        exp: iat + 3 * period.as_secs(),
        count: u32::try_from(manifest.ids().len()).unwrap_or(u32::MAX),
        digest: manifest.digest(),
        newest,
        bundles: bundles.clone(),
    };
    (beat, manifest.ids().to_vec())
}

/// The bundles from the root to a node, and the union's.
fn versions(trust: &Trust, me: &NodeId) -> BTreeMap<NodeId, u64> {
    let path = std::iter::successors(Some(me.clone()), NodeId::parent);
    let seats = path.filter_map(|node| trust.seat(&node));
    seats.filter(|seat| seat.version > 0).map(|seat| (seat.id.clone(), seat.version)).collect()
}
