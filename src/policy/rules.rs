//! A node's own rules: first match, default deny.
//!
//! They narrow what the bundles allow and never widen it. Alerts, closings, withdrawals and
//! responses pass every rule, so that no line in a file hides an alarm or keeps a withdrawn notice
//! alive; the TLP table is not a rule and cannot be configured away.

use std::collections::BTreeSet;

use crate::notice::{Audience, Kind, NodeId, Reason, Scope, Severity, Statement, Tlp};

/// What a matching rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Lets it pass.
    Accept,
    /// Keeps it from this node and those below.
    Filter,
}

/// One rule; an empty list or `None` matches everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// For the log.
    pub name: String,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Severities.
    pub severities: Vec<Severity>,
    /// Labels.
    pub tlp: Vec<Tlp>,
    /// Sector tokens of the audience.
    pub sectors: Vec<String>,
    /// The audience must lie within it.
    pub scope: Option<Scope>,
    /// Issuers.
    pub issuers: Vec<NodeId>,
    /// What then.
    pub then: Then,
}

/// What a matching climbing rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClimbThen {
    /// Passes the escalation on, never past its audience.
    Climb,
    /// Keeps it at this node.
    Stop,
}

/// One climbing rule; an empty list matches everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Climb {
    /// For the log.
    pub name: String,
    /// Severities.
    pub severities: Vec<Severity>,
    /// Sector tokens of the incident.
    pub sectors: Vec<String>,
    /// Issuers.
    pub issuers: Vec<NodeId>,
    /// Whether it concerns two countries or more; `None` does not ask.
    pub cross_border: Option<bool>,
    /// What then.
    pub then: ClimbThen,
}

/// The rules of one node, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// For advisories and annotations.
    pub rules: Vec<Rule>,
    /// For escalations.
    pub climbs: Vec<Climb>,
}

impl Policy {
    /// Whether the rules let a statement pass; `target` is what an annotation is about.
    ///
    /// # Errors
    /// `rule` or `no-rule`.
    pub fn judge(&self, statement: &Statement) -> Result<(), Reason> {
        if !matches!(statement.kind, Kind::Advisory | Kind::Annotation) {
            return Ok(());
        }
        match self.rules.iter().find(|rule| rule.matches(statement)) {
            Some(Rule { then: Then::Accept, .. }) => Ok(()),
            Some(Rule { then: Then::Filter, .. }) => Err(Reason::Rule),
            None => Err(Reason::NoRule),
        }
    }

    /// Whether an escalation goes on from this node.
    #[must_use]
    pub fn climbs(&self, statement: &Statement) -> bool {
        let rule = self.climbs.iter().find(|climb| climb.matches(statement));
        rule.is_some_and(|climb| climb.then == ClimbThen::Climb)
    }
}

fn any<T: PartialEq>(list: &[T], value: &T) -> bool {
    list.is_empty() || list.contains(value)
}

impl Rule {
    fn matches(&self, s: &Statement) -> bool {
        let (sector, scope) = match &s.aud {
            Audience::Scope(aud) => {
                (any(&self.sectors, &aud.sector().to_owned()), self.within(aud))
            }
            Audience::Node(_) => (self.sectors.is_empty(), self.scope.is_none()),
        };
        sector
            && scope
            && any(&self.kinds, &s.kind)
            && any(&self.severities, &s.severity)
            && any(&self.tlp, &s.tlp)
            && any(&self.issuers, &s.iss)
    }

    fn within(&self, aud: &Scope) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.contains(aud))
    }
}

impl Climb {
    fn matches(&self, s: &Statement) -> bool {
        let Some(report) = s.report() else { return false };
        let countries: BTreeSet<&String> = report.countries.iter().flatten().collect();
        any(&self.severities, &s.severity)
            && any(&self.issuers, &s.iss)
            && any(&self.sectors, &report.scope.sector().to_owned())
            && self.cross_border.is_none_or(|wanted| wanted == (countries.len() > 1))
    }
}
