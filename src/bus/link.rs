//! What is known of a connection: up or down, and what the server refused.
//!
//! A permission violation comes as an event; the call that caused it would only time out. So the
//! last refused subjects are kept, and whoever waits on one of them is told at once. One line is
//! logged per change, never one per attempt: a user that was removed would fill the log for ever.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_nats::{Event, ServerError};
use tokio::sync::watch;

use super::connect::shown;

/// Refused subjects that are remembered.
const REMEMBERED: usize = 64;

#[derive(Debug)]
pub(super) struct Link {
    name: String,
    state: watch::Sender<bool>,
    refused: AtomicBool,
    violations: watch::Sender<u64>,
    /// Other errors that the server reported.
    errors: AtomicU64,
    /// Subjects with the count at their latest refusal.
    denied: Mutex<VecDeque<(String, u64)>>,
}

impl Link {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: watch::Sender::new(true),
            refused: AtomicBool::new(false),
            violations: watch::Sender::new(0),
            errors: AtomicU64::new(0),
            denied: Mutex::new(VecDeque::with_capacity(REMEMBERED)),
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.state.subscribe()
    }

    pub(super) fn violations(&self) -> u64 {
        *self.violations.borrow()
    }

    /// Violations and all other errors.
    pub(super) fn faults(&self) -> u64 {
        self.violations() + self.errors.load(Ordering::Relaxed)
    }

    /// Whether the server has refused this subject lately.
    pub(super) fn is_denied(&self, subject: &str) -> bool {
        self.is_denied_since(subject, 0)
    }

    /// Ends when the server refuses this subject, counted from `since` violations on.
    pub(super) async fn denial(&self, subject: &str, since: u64) {
        let mut count = self.violations.subscribe();
        count.wait_for(|_| self.is_denied_since(subject, since)).await.ok();
    }

    fn is_denied_since(&self, subject: &str, since: u64) -> bool {
        let denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        denied.iter().any(|(name, at)| name == subject && *at > since)
    }

    pub(super) fn on(&self, event: &Event) {
        match event {
            Event::Connected => self.change(true),
            Event::Disconnected | Event::Closed => self.change(false),
            Event::ServerError(ServerError::AuthorizationViolation) => self.user_refused(),
            Event::ServerError(ServerError::Other(text)) => self.server_said(text),
            Event::SlowConsumer(_) | Event::ServerError(ServerError::SlowConsumer(_)) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(connection = %self.name, "too slow: messages were lost");
            }
            Event::LameDuckMode => {
                tracing::info!(connection = %self.name, "the server is shutting down");
            }
            Event::Draining | Event::ClientError(_) => {}
        }
    }

    fn change(&self, up: bool) {
        if self.state.send_if_modified(|now| std::mem::replace(now, up) != up) {
            let state = if up { "connected again" } else { "disconnected" };
            tracing::info!(connection = %self.name, state);
        }
        if up {
            self.refused.store(false, Ordering::Relaxed);
        }
    }

    fn user_refused(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        if !self.refused.swap(true, Ordering::Relaxed) {
            tracing::warn!(connection = %self.name, "the server refuses this user");
        }
    }

    fn server_said(&self, text: &str) {
        if !text.to_ascii_lowercase().contains("permissions violation") {
            self.errors.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(connection = %self.name, error = text, "the server reports an error");
            return;
        }
        let subject = text.split('"').nth(1).unwrap_or(text);
        let count = self.violations() + 1;
        if self.remember(subject, count) {
            tracing::warn!(connection = %self.name, error = shown(text),
                "the server refuses a subject");
        }
        self.violations.send_replace(count);
    }

    /// Whether it is new.
    fn remember(&self, subject: &str, count: u64) -> bool {
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, at)) = denied.iter_mut().find(|(name, _)| name == subject) {
            *at = count;
            return false;
        }
        if denied.len() == REMEMBERED {
            denied.pop_front();
        }
        denied.push_back((subject.to_owned(), count));
        true
    }
}

#[cfg(test)]
mod tests {
    use async_nats::{Event, ServerError};

    use super::{Link, REMEMBERED};

    fn violation(subject: &str) -> Event {
        let text = format!("Permissions Violation for Publish to \"{subject}\"");
        Event::ServerError(ServerError::Other(text))
    }

    #[test]
    fn a_refused_subject_is_remembered_by_name() {
        let link = Link::new("test");
        link.on(&violation("chappe.board.x"));
        assert!(link.is_denied("chappe.board.x"));
        assert!(!link.is_denied("chappe.board.y"));
    }

    #[test]
    fn the_memory_of_refusals_is_bounded_and_the_count_is_not() {
        let link = Link::new("test");
        for n in 0..=REMEMBERED {
            link.on(&violation(&n.to_string()));
        }
        assert!(!link.is_denied("0"));
        assert!(link.is_denied("1"));
        assert_eq!(link.violations(), 65);
    }

    #[test]
    fn an_old_refusal_does_not_speak_about_a_new_attempt() {
        let link = Link::new("test");
        link.on(&violation("chappe.board.x"));
        assert!(!link.is_denied_since("chappe.board.x", link.violations()));
        link.on(&violation("chappe.board.x"));
        assert!(link.is_denied_since("chappe.board.x", 1));
    }

    #[test]
    fn a_change_is_seen_once() {
        let link = Link::new("test");
        let mut watch = link.watch();
        link.on(&Event::Disconnected);
        assert!(!*watch.borrow_and_update());
        link.on(&Event::Disconnected);
        assert!(!watch.has_changed().unwrap());
    }
}
