//! Rules as written to rules as decided by.

use crate::config::{ClimbConfig, ClimbWord, RelayConfig, RuleConfig, RuleThen};
use crate::policy::{Climb, ClimbThen, Policy, Rule, Then};

impl From<&RelayConfig> for Policy {
    fn from(config: &RelayConfig) -> Self {
        Self {
            rules: config.rules.iter().map(rule).collect(),
            climbs: config.climbs.iter().map(climb).collect(),
        }
    }
}

fn rule(written: &RuleConfig) -> Rule {
    Rule {
        name: written.name.clone(),
        kinds: written.kind.clone(),
        severities: written.severity.clone(),
        tlp: written.tlp.clone(),
        sectors: written.sector.clone(),
        scope: written.scope.clone(),
        issuers: written.issuer.clone(),
        then: match written.then {
            RuleThen::Accept => Then::Accept,
            RuleThen::Filter => Then::Filter,
        },
    }
}

fn climb(written: &ClimbConfig) -> Climb {
    Climb {
        name: written.name.clone(),
        severities: written.severity.clone(),
        sectors: written.sector.clone(),
        issuers: written.issuer.clone(),
        then: match written.then {
            ClimbWord::Climb => ClimbThen::Climb,
            ClimbWord::Stop => ClimbThen::Stop,
        },
    }
}
