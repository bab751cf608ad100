//! The account of one notice: who has it, who said why not, and who has not answered. From the
//! bundles and the receipts alone, so that a desk and a publisher come to the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::notice::{Counts, Level, NodeId, Outcome, Receipt, Statement};
use crate::policy::{self, Concern};
use crate::trust::Trust;

/// What is known of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It has spoken: see the word.
    Said,
    /// It has a higher version, and so said nothing of this one.
    Superseded,
    /// It gets nothing: this node before it filtered or refused it, or an escalation stopped there.
    CutOff(NodeId),
    /// An entity that answers to one of several nodes: this one has counted all of its own.
    Elsewhere(NodeId),
    /// No bundle of it is here, so no word of it could be verified: one that is not there yet, or,
    /// for the union, what is below a State.
    NoBundle,
    /// No answer, and none from this node before it either.
    Behind(NodeId),
    /// No answer.
    Silent,
}

/// Entities that a node serves: known by their number alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entities {
    /// How many are entitled, by the bundles, without those whose own word is here.
    pub of: u64,
    /// How many of them may have answered to another node instead.
    pub shared: u64,
    /// How many have answered, as their node says; never more than there are.
    pub answered: u64,
    /// How many are missing. Zero while those who are may have answered elsewhere.
    pub missing: u64,
    /// What they said.
    pub counts: Counts,
}

/// One node's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub node: NodeId,
    /// Its level, if a bundle lists it.
    pub level: Option<Level>,
    /// How the notice concerns it; `None` for one that got it by mistake, and said so.
    pub concern: Option<Concern>,
    /// What is known.
    pub state: State,
    /// Its word.
    pub word: Option<Receipt>,
    /// Nodes to which it may have answered instead of to this one.
    pub also: Vec<NodeId>,
    /// Whom it serves.
    pub entities: Option<Entities>,
}

impl Part {
    /// Whether somebody has to ask there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        let entities = self.entities.as_ref().is_some_and(|entities| entities.missing > 0);
        self.is_silent() || entities
    }

    fn is_silent(&self) -> bool {
        matches!(self.state, State::Silent | State::Behind(_))
    }
}

/// What one node knows of a notice: everything if it has issued it, else its own part and what is
/// on the way from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The nodes, in the order in which the notice comes to them.
    pub parts: Vec<Part>,
    /// Everybody who is entitled has answered, entities as far as counts tell.
    pub complete: bool,
    /// How many are entitled, each once.
    pub of: u64,
    /// How many of them have answered, or need not.
    pub answered: u64,
}

/// What an account is made from.
#[derive(Clone, Copy)]
pub struct Known<'k> {
    /// The node that asks.
    pub me: &'k NodeId,
    /// The bundles.
    pub trust: &'k Trust,
    /// The notice.
    pub statement: &'k Statement,
    /// Each node's last word on it.
    pub words: &'k BTreeMap<NodeId, Receipt>,
    /// Nodes that have a higher version of it.
    pub newer: &'k BTreeSet<NodeId>,
}

impl Known<'_> {
    /// The account.
    #[must_use]
    pub fn account(&self) -> Account {
        let ways = policy::ways(self.trust, self.statement);
        let root = if self.statement.iss == *self.me { &self.statement.iss } else { self.me };
        let order = walk(&ways, root, |_| true);
        let reached: BTreeSet<NodeId> =
            walk(&ways, root, |node| !self.is_closed(node)).into_iter().collect();
        let concerns = policy::entitled(self.trust, self.statement);
        let view = View { known: self, ways: &ways, order: &order, reached: &reached };
        let mut states = BTreeMap::new();
        for node in &order {
            let state = view.state(node, root, &states);
            states.insert(node.clone(), state);
        }
        let mut parts: Vec<Part> = order
            .iter()
            .filter(|node| view.is_shown(node))
            .filter_map(|node| view.part(node, concerns.get(node).copied(), &states))
            .collect();
        let seen = order.iter().collect();
        parts.extend(self.strangers(&seen));
        let mut account = Account { parts, ..Account::default() };
        self.settle(&mut account, &ways);
        account
    }

    fn level(&self, node: &NodeId) -> Option<Level> {
        self.trust.seat(node).map(|seat| seat.level)
    }

    fn is_entity(&self, node: &NodeId) -> bool {
        self.level(node) == Some(Level::Entity)
    }

    fn has_bundle(&self, node: &NodeId) -> bool {
        self.trust.seat(node).is_some_and(|seat| seat.version > 0)
    }

    /// An entity whose word can only come as a number.
    fn is_counted_entity(&self, node: &NodeId) -> bool {
        self.is_entity(node) && self.has_bundle(node) && !self.words.contains_key(node)
    }

    /// Whether nothing goes on from a node: it said so, or has gone on to a higher version.
    fn is_closed(&self, node: &NodeId) -> bool {
        let upward = policy::is_upward(self.trust, self.statement);
        match self.words.get(node) {
            Some(word) => match word.outcome {
                Outcome::Filtered | Outcome::Refused | Outcome::Stops => true,
                Outcome::Read | Outcome::Unanswered => upward && word.to.is_none(),
                Outcome::Delivered | Outcome::Erased | Outcome::Climbs => false,
            },
            None => self.newer.contains(node),
        }
    }

    /// Nodes that spoke though the notice is not for them.
    fn strangers(&self, seen: &BTreeSet<&NodeId>) -> Vec<Part> {
        let others = self.words.values().filter(|word| !seen.contains(&word.by));
        let shown = others.filter(|word| {
            !self.is_entity(&word.by) || self.trust.link(self.me, &word.by).is_some()
        });
        let part = |word: &Receipt| Part {
            node: word.by.clone(),
            level: self.level(&word.by),
            concern: None,
            state: State::Said,
            word: Some(word.clone()),
            also: Vec::new(),
            entities: None,
        };
        shown.map(part).collect()
    }
}

/// Every node from `root` on, nearest first, through those that are open.
fn walk(
    ways: &BTreeMap<NodeId, Vec<NodeId>>,
    root: &NodeId,
    is_open: impl Fn(&NodeId) -> bool,
) -> Vec<NodeId> {
    let mut onward: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
    for (to, froms) in ways {
        for from in froms {
            onward.entry(from).or_default().push(to);
        }
    }
    let (mut order, mut seen) = (Vec::new(), BTreeSet::from([root]));
    let mut queue = VecDeque::from([root]);
    while let Some(node) = queue.pop_front() {
        order.push(node.clone());
        if is_open(node) {
            let next = onward.get(node).into_iter().flatten().copied();
            queue.extend(next.filter(|to| seen.insert(*to)));
        }
    }
    order
}

/// One account in the making.
struct View<'v> {
    known: &'v Known<'v>,
    ways: &'v BTreeMap<NodeId, Vec<NodeId>>,
    order: &'v [NodeId],
    reached: &'v BTreeSet<NodeId>,
}

impl View<'_> {
    fn before(&self, node: &NodeId) -> &[NodeId] {
        self.ways.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    fn state(&self, node: &NodeId, root: &NodeId, states: &BTreeMap<NodeId, State>) -> State {
        if self.known.words.contains_key(node) {
            return State::Said;
        }
        if self.known.newer.contains(node) {
            return State::Superseded;
        }
        if !self.reached.contains(node) {
            return State::CutOff(self.cut_off_by(node, states));
        }
        if !self.known.has_bundle(node) {
            return State::NoBundle;
        }
        let mut open = self.before(node).iter().filter(|from| self.reached.contains(*from));
        let quiet = |from: &&NodeId| {
            matches!(states.get(*from), Some(State::Silent | State::Behind(_))) && *from != root
        };
        match open.clone().next() {
            Some(from) if open.all(|from| quiet(&from)) => State::Behind(from.clone()),
            _ => State::Silent,
        }
    }

    fn cut_off_by(&self, node: &NodeId, states: &BTreeMap<NodeId, State>) -> NodeId {
        let before = self.before(node);
        let closed = before.iter().find(|from| self.known.is_closed(from));
        let inherited = before.iter().find_map(|from| match states.get(from) {
            Some(State::CutOff(by)) => Some(by),
            _ => None,
        });
        closed.or(inherited).unwrap_or(node).clone()
    }

    /// An entity's word ends at the node that serves it, and so is shown there alone.
    fn is_shown(&self, node: &NodeId) -> bool {
        let known = self.known;
        let own = *node == *known.me || *node == known.statement.iss;
        own || !known.is_entity(node) || self.before(node).contains(known.me)
    }

    fn part(
        &self,
        node: &NodeId,
        concern: Option<Concern>,
        states: &BTreeMap<NodeId, State>,
    ) -> Option<Part> {
        let known = self.known;
        let state = states.get(node)?.clone();
        let mine = |from: &NodeId| match known.is_entity(node) {
            true => from == known.me,
            false => self.order.contains(from),
        };
        let also = match state {
            State::Silent | State::Behind(_) if node != known.me => {
                self.before(node).iter().filter(|from| !mine(from)).cloned().collect()
            }
            _ => Vec::new(),
        };
        Some(Part {
            node: node.clone(),
            level: known.level(node),
            concern,
            entities: self.entities(node, &state),
            word: known.words.get(node).cloned(),
            state,
            also,
        })
    }

    fn entities(&self, node: &NodeId, state: &State) -> Option<Entities> {
        let known = self.known;
        let goes_on = !known.is_closed(node) && !matches!(state, State::CutOff(_));
        if node == known.me || known.is_entity(node) || !goes_on {
            return None;
        }
        let served = self.ways.iter();
        let served = served.filter(|(to, from)| known.is_counted_entity(to) && from.contains(node));
        let mut entities = Entities::default();
        let open = |from: &&NodeId| self.reached.contains(*from) && !known.is_closed(from);
        for (_, froms) in served {
            entities.of += 1;
            entities.shared += u64::from(froms.iter().filter(open).count() > 1);
        }
        if entities.of == 0 {
            return None;
        }
        let counts = known.words.get(node).and_then(|word| word.counts.clone());
        entities.counts = counts.unwrap_or_default();
        let said: u64 = entities.counts.values().map(|count| u64::from(*count)).sum();
        entities.answered = said.min(entities.of);
        Some(entities)
    }
}

impl Known<'_> {
    /// Says who is missing, and whether nobody is. An entity with two upstreams answers to one of
    /// them; to which, only that one knows.
    fn settle(&self, account: &mut Account, ways: &BTreeMap<NodeId, Vec<NodeId>>) {
        let parts = &mut account.parts;
        let counting: BTreeMap<NodeId, Entities> = parts
            .iter()
            .filter_map(|part| Some((part.node.clone(), part.entities.clone()?)))
            .collect();
        let is_counted = |froms: &[NodeId]| froms.iter().any(|from| counting.contains_key(from));
        let asked = ways.iter();
        let asked = asked.filter(|(to, from)| self.is_counted_entity(to) && is_counted(from));
        let asked = asked.count() as u64;
        let answered = counting.values().map(|e| e.answered).sum::<u64>().min(asked);
        let all = answered == asked;
        let whole = |by: &&NodeId| counting.get(*by).is_some_and(|e| all || e.answered >= e.of);
        for part in parts.iter_mut().filter(|part| part.is_silent()) {
            if let Some(by) = part.also.iter().find(whole) {
                part.state = State::Elsewhere(by.clone());
            }
        }
        if !all {
            name_the_missing(parts);
        }
        // Those who are named here are no numbers as well.
        let entitled = parts.iter().filter(|part| part.concern == Some(Concern::Entitled));
        let counted = |part: &&Part| part.also.iter().any(|by| counting.contains_key(by));
        let twice = entitled.clone().filter(counted).count() as u64;
        let silent = entitled.clone().filter(|part| part.is_silent()).count() as u64;
        let elsewhere = |part: &&Part| matches!(part.state, State::Elsewhere(_));
        let settled = entitled.clone().filter(elsewhere).count() as u64;
        let named = entitled.count() as u64;
        account.of = named + asked.saturating_sub(twice);
        account.answered = named - silent + answered.saturating_sub(settled);
        account.answered = account.answered.min(account.of);
        account.complete = all && silent == 0;
    }
}

/// Those who are missing for certain; if there are none, all who may be.
fn name_the_missing(parts: &mut [Part]) {
    let certain = |e: &Entities| e.answered < e.of.saturating_sub(e.shared);
    let any = parts.iter().filter_map(|part| part.entities.as_ref()).any(certain);
    for entities in parts.iter_mut().filter_map(|part| part.entities.as_mut()) {
        if !any || certain(entities) {
            entities.missing = entities.of - entities.answered;
        }
    }
}
