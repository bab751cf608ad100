//! What is where: a node's streams through its provisioner, its numbers through its console.

use std::collections::BTreeSet;

use async_nats::jetstream;
use async_nats::jetstream::consumer::Info;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::State;
use chappe::address::Role;
use chappe::bus::Bus;
use chappe::notice::{HEADER_BODY_SIG, HEADER_HOPS, HEADER_NOTICE, Id, Wire};

use super::{Federation, ports};

impl Federation {
    pub async fn provisioner(&self, node: &str) -> Bus {
        self.connect(node, Role::Provisioner).await
    }

    /// Every subject of a stream, in order.
    pub async fn subjects(&self, node: &str, stream: &str) -> Vec<String> {
        let bus = self.provisioner(node).await;
        let mut subjects = bus.subjects(stream).await.unwrap_or_default();
        subjects.sort();
        subjects
    }

    /// Ids of the notices on a node's board.
    pub async fn board(&self, node: &str) -> BTreeSet<String> {
        let subjects = self.subjects(node, "BOARD").await;
        let board = subjects.iter().filter(|subject| subject.contains(".board."));
        board.filter_map(|subject| subject.rsplit('.').next()).map(str::to_owned).collect()
    }

    /// Waits until a stream of a node has one message whose subject ends with `part`, and names it.
    pub async fn holds(&self, node: &str, stream: &str, part: &str) -> String {
        let what = format!("{stream} of {node} has {part}");
        let found = async || {
            let subjects = self.subjects(node, stream).await;
            let mut hits = subjects.iter().filter(|subject| subject.ends_with(part));
            match (hits.next(), hits.next()) {
                (Some(one), None) => Ok(one.clone()),
                _ => Err(format!("{subjects:#?}")),
            }
        };
        self.eventually(&what, found).await
    }

    pub async fn on_board(&self, node: &str, id: Id) -> String {
        self.holds(node, "BOARD", &id.to_string()).await
    }

    /// The one message under a subject, as it is stored.
    pub async fn stored(&self, node: &str, stream: &str, subject: &str) -> Wire {
        let message = self.message(node, stream, subject).await;
        let all = |name: &str| -> Vec<String> {
            message.headers.get_all(name).map(|value| value.as_str().to_owned()).collect()
        };
        let (notice, hops, sig) = (all(HEADER_NOTICE), all(HEADER_HOPS), all(HEADER_BODY_SIG));
        let body = message.payload.to_vec();
        Wire::from_headers(&texts(&notice), &texts(&hops), &texts(&sig), body).expect("a notice")
    }

    /// The names of a stored message's headers, in order.
    pub async fn header_names(&self, node: &str, stream: &str, subject: &str) -> Vec<String> {
        let message = self.message(node, stream, subject).await;
        let names = message.headers.iter().map(|(name, _)| name.to_string());
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    pub async fn message(&self, node: &str, stream: &str, subject: &str) -> StreamMessage {
        let raw = self.raw(node, Role::Provisioner).await;
        let context = jetstream::new(raw.client.clone());
        let stream = context.get_stream(stream).await.expect("a stream");
        let message = stream.get_last_raw_message_by_subject(subject).await;
        message.unwrap_or_else(|e| panic!("{subject}: {e}"))
    }

    /// Waits until a node has another's word on a notice, with this outcome.
    pub async fn knows(&self, node: &str, of: Id, by: &str, outcome: &str) {
        let subject = format!("chappe.receipts.{of}.{by}");
        let known = async || {
            let subjects = self.subjects(node, "RECEIPTS").await;
            if !subjects.contains(&subject) {
                return Err(format!("{subjects:?}"));
            }
            let message = self.message(node, "RECEIPTS", &subject).await;
            let word = payload(std::str::from_utf8(&message.payload).expect("text"));
            let said = format!("\"outcome\":\"{outcome}\"");
            if word.contains(&said) { Ok(()) } else { Err(word) }
        };
        self.eventually(&format!("{node} knows {by}'s word on {of}: {outcome}"), known).await;
    }

    /// Bytes, messages and sequences of a stream.
    pub async fn stream_state(&self, node: &str, stream: &str) -> State {
        let raw = self.raw(node, Role::Provisioner).await;
        let stream = jetstream::new(raw.client.clone()).get_stream(stream).await;
        stream.expect("a stream").cached_info().state.clone()
    }

    /// Takes a message out of a node's stream, as whoever runs its server can.
    pub async fn drop_from(&self, node: &str, stream: &str, subject: &str) {
        let raw = self.raw(node, Role::Provisioner).await;
        let stream = jetstream::new(raw.client.clone()).get_stream(stream).await;
        let stream = stream.expect("a stream");
        let message = stream.get_last_raw_message_by_subject(subject).await.expect("a message");
        assert!(stream.delete_message(message.sequence).await.expect("deleted"));
    }

    /// Gives a stream another `max_bytes`.
    pub async fn resize(&self, node: &str, stream: &str, max_bytes: i64) {
        let raw = self.raw(node, Role::Provisioner).await;
        let context = jetstream::new(raw.client.clone());
        let stream = context.get_stream(stream).await.expect("a stream");
        let config = stream.cached_info().config.clone();
        let config = jetstream::stream::Config { max_bytes, ..config };
        context.update_stream(config).await.expect("resized");
    }

    /// How one of a node's durables stands.
    pub async fn durable(&self, node: &str, stream: &str, name: &str) -> Info {
        let raw = self.raw(node, Role::Provisioner).await;
        let context = jetstream::new(raw.client.clone());
        let stream = context.get_stream(stream).await.expect("a stream");
        stream.consumer_info(name).await.expect("a durable")
    }

    /// One of a relay's numbers without a label of its own.
    pub async fn number(&self, node: &str, name: &str) -> u64 {
        self.metric(node, name, "node", node).await
    }

    /// One of a relay's numbers, by its name and one label, as `messages_refused_total` `reason`
    /// `body`.
    pub async fn metric(&self, node: &str, name: &str, label: &str, value: &str) -> u64 {
        let port = self.node(node).console_port;
        let Some((200, text)) = ports::get(port, "/metrics").await else {
            panic!("{node} shows no numbers");
        };
        let (name, label) = (format!("chappe_{name}{{"), format!("{label}=\"{value}\""));
        let line = text.lines().find(|line| line.starts_with(&name) && line.contains(&label));
        let line = line.unwrap_or_else(|| panic!("{node} has no {name}{label}"));
        let number = line.rsplit(' ').next().expect("a number");
        number.parse::<f64>().expect("a number") as u64
    }
}

/// What a compact JWS says.
pub fn payload(jws: &str) -> String {
    let middle = jws.split('.').nth(1).expect("three parts");
    let bytes = chappe::jws::from_base64url(middle).expect("base64url");
    String::from_utf8(bytes).expect("text")
}

fn texts(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}
