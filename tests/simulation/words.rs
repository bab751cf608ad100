//! Receipts, and what goes up: the same steps as `relay/receipts.rs` and `relay/outbox.rs`.

use std::time::Duration;

use chappe::address::{self, DRILL, REAL, Source};
use chappe::jws::{self, Signer as _, Typ};
use chappe::lifecycle::Channel;
use chappe::notice::{Id, NodeId, Outcome, Reason, Receipt, Statement, Time};
use chappe::routing::{Back, Verdict};
use chappe::verify::{self, CLOCK_LEEWAY, Context, Verified};

use super::changes::relay_word;
use super::faults::Point;
use super::model::{Given, Headers, Message};
use super::relay::{Relay, Settle, Stop};
use super::wires::{backoff, wire};
use super::world::{Broken, PlaceError};

const WAITS: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often a receipt waits for its notice or its key.
const MAX_WAITS: u64 = 8;
/// Between tries while the upstream is away, as `relay/outbox.rs`.
const RETRY: Duration = Duration::from_secs(2);

impl Relay<'_> {
    pub(crate) fn signed<T: serde::Serialize>(&self, typ: Typ, record: &T) -> String {
        let (seat, trust) = (&self.w.seats[self.n], self.mem.trust());
        let key = |word: &str| super::tree::key(&seat.id, word);
        let listed = |word: &str| trust.find(key(word).public().id()).is_some();
        let key = key(relay_word(seat.relay, listed));
        jws::sign(key.as_ref(), typ, record).expect("signed")
    }

    pub(crate) fn signed_beat(&self, beat: &chappe::notice::Heartbeat) -> String {
        self.signed(Typ::Heartbeat, beat)
    }

    /// Says what became of a notice, once.
    pub(crate) fn own_word(
        &mut self,
        now: Time,
        verified: &Verified,
        verdict: &Verdict,
    ) -> Result<(), Stop> {
        let receipt = self.mem.router.receipt(now, &self.mem.trust(), verified, verdict);
        let router = &self.mem.router;
        if router.has_said(&receipt) || router.has_said_more(&receipt) {
            return Ok(());
        }
        if self.w.broken == Broken::ForgetsItsReceipts {
            self.mem.router.keep_receipt(receipt.clone(), self.signed(Typ::Receipt, &receipt));
        }
        let realm = address::realm(verified.statement());
        let back = Back::to(verified.source());
        let signed = self.signed(Typ::Receipt, &receipt);
        self.say_filtered(now, verified.statement(), &receipt, &signed)?;
        self.pass(realm, receipt, signed, &back)
    }

    fn say_filtered(
        &mut self,
        now: Time,
        statement: &Statement,
        receipt: &Receipt,
        signed: &str,
    ) -> Result<(), Stop> {
        let Some(channel) = Channel::of(statement) else { return Ok(()) };
        if receipt.outcome != Outcome::Filtered {
            return Ok(());
        }
        let subject = address::filtered(statement, &channel.scope, &receipt.by, receipt.of);
        let left = statement.expires().since(now) + CLOCK_LEEWAY;
        self.put_latest(&subject, signed.as_bytes(), Some(left))
    }

    /// Tells a sender, and nobody else, that what it sent did not pass.
    pub(crate) fn refusal(
        &mut self,
        now: Time,
        source: &Source,
        of: Id,
        reason: Reason,
    ) -> Result<(), Stop> {
        let receipt = self.mem.router.refusal(now, &self.mem.trust(), of, reason);
        let router = &self.mem.router;
        if router.has_said(&receipt) || router.ledger().statement(of).is_some() {
            return Ok(());
        }
        let signed = self.signed(Typ::Receipt, &receipt);
        self.pass(REAL, receipt, signed, &Back::to(source))
    }

    /// A message without headers: a document begins with `{`, else it is a receipt.
    pub(crate) fn take_record(
        &mut self,
        now: Time,
        source: &Source,
        given: &Given,
    ) -> Result<Settle, Stop> {
        if given.message.payload.first() == Some(&b'{') {
            return self.take_paper(now, source, given);
        }
        let trust = self.mem.trust();
        let me = self.w.seats[self.n].id.clone();
        let payload = &given.message.payload;
        let (receipt, signed) = match verify::verify_receipt(now, &me, &trust, source, payload) {
            Ok(checked) => checked,
            Err(refused) if refused.reason == Reason::KeyUnknown && given.delivered < MAX_WAITS => {
                return Ok(Settle::Later(backoff(given.delivered)));
            }
            Err(refused) => return self.set_aside(source, &given.message, refused.reason),
        };
        if !self.mem.router.is_news(&receipt) {
            return Ok(Settle::Ack);
        }
        let Some(statement) = self.mem.router.ledger().statement(receipt.of) else {
            let of = receipt.of.short();
            self.w.note(|| format!("{me} has no {of} of which {} speaks", receipt.by));
            if given.delivered < MAX_WAITS {
                return Ok(Settle::Later(backoff(given.delivered)));
            }
            return Ok(Settle::Ack);
        };
        let realm = address::realm(statement);
        if !self.mem.router.can_say(&trust, &receipt) {
            return self.set_aside(source, &given.message, Reason::Audience);
        }
        // Whoever signs the same with one time after another would be passed on for ever.
        let last = self.mem.router.last_word(receipt.of, &receipt.by);
        let same = |last: &Receipt| last.says_as(&receipt) && last.counts == receipt.counts;
        let back =
            if last.is_some_and(same) { None } else { self.mem.router.back(&trust, &receipt) };
        let back = back.unwrap_or(Back::Here);
        self.pass(realm, receipt, signed, &back)?;
        Ok(Settle::Ack)
    }

    /// Into quarantine, and nobody is told.
    pub(crate) fn set_aside(
        &mut self,
        source: &Source,
        m: &Message,
        reason: Reason,
    ) -> Result<Settle, Stop> {
        let me = self.w.seats[self.n].id.clone();
        self.w.note(|| format!("{me} refuses the record {} from {source}: {reason}", m.subject));
        let subject = address::quarantine(reason, source, Id::of(&m.payload));
        self.place(&subject, &Headers::new(), &super::leaks::quarantined(m), None)?;
        Ok(Settle::Terminate)
    }

    /// On its way first, kept last.
    fn pass(
        &mut self,
        realm: &str,
        receipt: Receipt,
        signed: String,
        back: &Back,
    ) -> Result<(), Stop> {
        let id = Id::of(signed.as_bytes());
        let (me, said) = (self.w.seats[self.n].id.clone(), receipt.clone());
        self.w.note(|| {
            let (of, word) = (said.of.short(), said.outcome.as_str());
            format!("{me} passes to {back:?} the word of {} on {of}: {word}", said.by)
        });
        let onward = match &back {
            Back::Here => None,
            Back::Down(child) => Some((address::direct_record(realm, child, id), Some(WAITS))),
            Back::Up(upstream) => Some((address::outbox_record(realm, upstream, id), None)),
        };
        if let Some((subject, ttl)) = onward {
            match self.place(&subject, &Headers::new(), signed.as_bytes(), ttl) {
                Err(Stop::Place(PlaceError::Full)) => {}
                placed => _ = placed?,
            }
        }
        self.at_point(Point::BetweenReceiptAndKeeping)?;
        let subject = address::receipt(realm, receipt.of, &receipt.by);
        self.put_latest(&subject, signed.as_bytes(), None)?;
        self.mem.router.keep_receipt(receipt, signed);
        Ok(())
    }

    /// What waits in the outbox: verified again, and sent until the upstream's intake has it.
    pub(crate) fn send(&mut self, now: Time, up: &NodeId, given: &Given) -> Result<Settle, Stop> {
        let m = &given.message;
        let me = self.w.seats[self.n].id.clone();
        let (realm, id) = if m.headers.is_empty() {
            let id = Id::of(&m.payload);
            let waited = |r: &&str| address::outbox_record(r, up, id) == m.subject;
            let Some(realm) = [REAL, DRILL].into_iter().find(waited) else {
                return Ok(Settle::Terminate);
            };
            (realm, id)
        } else {
            let (source, trust) = (Source::Outbox(up.clone()), self.mem.trust());
            let context = Context { now, me: &me, trust: &trust };
            let checked = wire(m).and_then(|w| verify::verify_held(context, &source, w));
            match checked {
                Ok(verified) => (address::realm(verified.statement()), verified.id()),
                Err(refused) => return self.set_aside(&source, m, refused.reason),
            }
        };
        let Some(upper) = self.w.reaches(self.n, up) else { return Ok(Settle::Later(RETRY)) };
        let subject = address::child_intake(realm, &me, id);
        self.w.note(|| format!("{me} sends {} to {up}", m.subject));
        match self.w.put(upper, &subject, (&m.headers, &m.payload), None, true) {
            Ok(_) => {
                self.at_point(Point::AfterPubAck)?;
                Ok(Settle::Ack)
            }
            Err(_) if self.w.broken == Broken::AcknowledgesTheUnknown => Ok(Settle::Ack),
            Err(_) => Ok(Settle::Later(RETRY)),
        }
    }
}
