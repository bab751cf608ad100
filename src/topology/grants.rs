//! What a node's keys may sign, and who publishes and listens at it.

use std::collections::BTreeMap;

use super::draft::{DraftNode, DraftSubscriber};
use super::model::{common, default_kinds};
use super::places::{apart, once};
use super::report::{At, Report, list};
use super::show::short;
use super::tree::Census;
use crate::address::MAX_REPLAY;
use crate::notice::{Kind, Level, NodeId, Scope, Tlp};
use crate::trust::Grant;

pub(super) fn check(census: &Census<'_>, report: &mut Report<'_, '_>) {
    for node in &census.nodes {
        let id = &node.id.value;
        if let Some(publishers) = &node.publishers {
            once(&format!("publishers of `{id}`"), publishers, report);
        }
        subscribers(node, report);
        by_place(node, report);
    }
}

/// What a union or State may sign follows from its place; a `may` would be believed by nobody.
fn by_place(node: &DraftNode, report: &mut Report<'_, '_>) {
    let high = |l: &&At<Level>| matches!(l.value, Level::Union | Level::National);
    if let (Some(level), Some(at)) = (node.level.as_ref().filter(high), node.may.at) {
        let (id, word) = (&node.id.value, level.value.as_str());
        let text = format!("`{id}` is {word} and signs for its whole place: a `may` has no effect");
        report.add(at, text);
    }
}

fn subscribers(node: &DraftNode, report: &mut Report<'_, '_>) {
    let subscribers = node.subscribers.as_deref().unwrap_or_default();
    if let Some(first) = subscribers.get(MAX_REPLAY) {
        let (id, found) = (&node.id.value, subscribers.len());
        let text = format!("`{id}` has {found} subscribers, expected at most {MAX_REPLAY}");
        report.add(first.name.at, text);
    }
    for (at, subscriber) in subscribers.iter().enumerate() {
        let id = &node.id.value;
        let owner = format!("subscriber `{}` of `{id}`", subscriber.name.value);
        if subscribers.iter().take(at).any(|s| s.name.value == subscriber.name.value) {
            report.add(subscriber.name.at, format!("{owner} is there twice"));
        }
        subscriber_scopes(node, subscriber, &owner, report);
        let tlp = subscriber.tlp.as_ref();
        if let Some(tlp) = tlp.filter(|tlp| tlp.value.is_neighbour_only()) {
            let text =
                format!("{owner} asks for {}, which is never live; at most AMBER", tlp.value);
            report.add(tlp.at, text);
        }
    }
}

fn subscriber_scopes(
    node: &DraftNode,
    subscriber: &DraftSubscriber,
    owner: &str,
    report: &mut Report<'_, '_>,
) {
    once(
        &format!("severities of {owner}"),
        subscriber.severities.as_deref().unwrap_or(&[]),
        report,
    );
    let Some(scopes) = &subscriber.scopes else { return };
    apart(owner, scopes, report);
    for scope in scopes.iter().filter(|scope| outside(&scope.value, &node.constituency)) {
        let shown = short(&scope.value);
        report.add(scope.at, format!("{owner}: `{shown}` is outside the constituency"));
    }
}

/// Whether a scope is within none of the bounds; without bounds that is another finding.
fn outside(scope: &Scope, bounds: &[At<Scope>]) -> bool {
    !bounds.is_empty() && !bounds.iter().any(|bound| bound.value.contains(scope))
}

/// The grant of every node, from the union down: what it says, else all of its level within its
/// constituency and its introducer's grant. What says more than it may have is reported.
pub(super) fn resolve<'d>(
    census: &Census<'d>,
    report: &mut Report<'_, '_>,
) -> BTreeMap<&'d NodeId, Grant> {
    let mut grants: BTreeMap<&NodeId, Grant> = BTreeMap::new();
    let mut nodes = census.nodes.clone();
    nodes.sort_by_key(|node| node.id.value.depth());
    for node in nodes {
        let above = census.parent(node).and_then(|parent| grants.get(&parent.id.value)).cloned();
        let may = grant(node, above.as_ref(), report);
        grants.insert(&node.id.value, may);
    }
    grants
}

fn grant(node: &DraftNode, bound: Option<&Grant>, report: &mut Report<'_, '_>) -> Grant {
    Grant {
        kinds: kinds(node, bound, report),
        scopes: scopes(node, bound, report),
        tlp: tlp(node, bound, report),
    }
}

fn kinds(node: &DraftNode, bound: Option<&Grant>, report: &mut Report<'_, '_>) -> Vec<Kind> {
    let granted = |kind: &Kind| bound.is_none_or(|bound| bound.kinds.contains(kind));
    let Some(kinds) = &node.may.kinds else {
        let level = node.level.as_ref().map_or(Level::Entity, |level| level.value);
        return default_kinds(level).iter().copied().filter(granted).collect();
    };
    once(&format!("may.kinds of `{}`", node.id.value), kinds, report);
    for kind in kinds.iter().filter(|kind| !granted(&kind.value)) {
        let text = format!("`may` of `{}` has {}, {}", node.id.value, kind.value, LACKS);
        report.add(kind.at, text);
    }
    kinds.iter().map(|kind| kind.value).collect()
}

const LACKS: &str = "which its introducer may not sign; below an introducer a grant only narrows";

fn scopes(node: &DraftNode, bound: Option<&Grant>, report: &mut Report<'_, '_>) -> Vec<Scope> {
    let constituency: Vec<Scope> = node.constituency.iter().map(|s| s.value.clone()).collect();
    let Some(scopes) = &node.may.scopes else {
        return bound.map_or_else(|| constituency.clone(), |b| common(&constituency, &b.scopes));
    };
    let id = &node.id.value;
    once(&format!("may.scopes of `{id}`"), scopes, report);
    for scope in scopes {
        let shown = short(&scope.value);
        let beyond = |bound: &Grant| !bound.scopes.iter().any(|b| b.contains(&scope.value));
        if outside(&scope.value, &node.constituency) {
            let within = list(constituency.iter().map(short));
            let text = format!(
                "`may` of `{id}` is wider than its constituency: `{shown}` is not \
                 within {within}"
            );
            report.add(scope.at, text);
        } else if bound.is_some_and(beyond) {
            report.add(scope.at, format!("`may` of `{id}` has `{shown}`, {LACKS}"));
        }
    }
    scopes.iter().map(|scope| scope.value.clone()).collect()
}

fn tlp(node: &DraftNode, bound: Option<&Grant>, report: &mut Report<'_, '_>) -> Tlp {
    let most = bound.map_or(Tlp::Red, |bound| bound.tlp);
    let Some(tlp) = &node.may.tlp else { return most };
    if tlp.value > most {
        report.add(tlp.at, format!("`may` of `{}` has {}, {LACKS}", node.id.value, tlp.value));
    }
    tlp.value
}

#[cfg(test)]
mod tests {
    use super::super::samples::{finding, findings, sound};
    use crate::notice::{Kind, Tlp};

    fn region(more: &str, below: &str) -> String {
        format!(
            r#"{{ id = "eu-fr-idf", name = "I", level = "regional", constituency = ["eu.fr.idf"],
            {more} }},
            {{ id = "eu-fr-idf-e", name = "E", level = "entity", constituency = ["eu.fr.idf.food"],
            {below} }},"#
        )
    }

    #[test]
    fn a_grant_stays_within_the_constituency() {
        assert_eq!(
            finding(&region(r#"may = { scopes = ["eu.fr"] }"#, "")),
            "2: `may` of `eu-fr-idf` is wider than its constituency: `eu.fr` is not within \
             eu.fr.idf"
        );
    }

    #[test]
    fn below_its_introducer_a_grant_only_narrows() {
        let narrow =
            r#"may = { kinds = ["advisory"], scopes = ["eu.fr.idf.health"], tlp = "GREEN" }"#;
        let wide = r#"may = { kinds = ["escalation"], scopes = ["eu.fr.idf.food"], tlp = "RED" }"#;
        let found = findings(&region(narrow, wide));
        let starts = ["has escalation", "has `eu.fr.idf.food`", "has RED"];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(
                found.starts_with(&format!(
                    "4: `may` of `eu-fr-idf-e` {start}, which its introducer"
                ))
            );
        }
    }

    #[test]
    fn a_grant_that_is_not_written_is_that_of_the_level_within_the_introducers() {
        let narrow = r#"may = { kinds = ["alert", "escalation"], tlp = "AMBER" }"#;
        let topology = sound(&region(narrow, ""));
        let may =
            |id: &str| topology.node(&id.parse().expect("an id")).expect("a node").may.clone();
        assert_eq!(may("eu-fr").kinds, Kind::ALL);
        assert_eq!(may("eu-fr-idf-e").kinds, [Kind::Escalation]);
        assert_eq!(may("eu-fr-idf-e").scopes, ["eu.fr.idf.food".parse().expect("a scope")]);
        assert_eq!(may("eu-fr-idf-e").tlp, Tlp::Amber);
    }

    #[test]
    fn a_state_signs_for_its_place_whatever_its_may_says() {
        let state = r#"{ id = "eu-de", name = "D", level = "national", constituency = ["eu.de"],
            may = { tlp = "GREEN" } }"#;
        let found = findings(state);
        assert!(found.contains(
            &"2: `eu-de` is national and signs for its whole place: a `may` has no effect".into()
        ));
    }

    #[test]
    fn a_subscriber_hears_its_nodes_constituency_below_red() {
        let of = |subscriber: &str| finding(&region(&format!("subscribers = [{subscriber}]"), ""));
        assert_eq!(
            of(r#"{ name = "s", scopes = ["eu.fr.nor"] }"#),
            "2: subscriber `s` of `eu-fr-idf`: `eu.fr.nor` is outside the constituency"
        );
        assert!(of(r#"{ name = "s", tlp = "RED" }"#).contains("asks for RED, which is never live"));
        assert!(of(r#"{ name = "s" }, { name = "s" }"#).ends_with("is there twice"));
        let nested = r#"{ name = "s", scopes = ["eu.fr.idf.food", "eu.fr.idf"] }"#;
        assert!(of(nested).ends_with("which contains it: what is for both would come twice"));
    }

    #[test]
    fn a_board_has_at_most_a_hundred_subscribers() {
        let named = |count: usize| -> String {
            let all = (1..=count).map(|number| format!("{{ name = \"s{number}\" }}"));
            format!("subscribers = [{}]", all.collect::<Vec<_>>().join(", "))
        };
        assert_eq!(
            finding(&region(&named(101), "")),
            "2: `eu-fr-idf` has 101 subscribers, expected at most 100"
        );
        let found = findings(&region(&named(100), ""));
        assert!(!found.iter().any(|text| text.contains("subscribers")), "{found:?}");
    }

    #[test]
    fn a_node_has_a_publisher_and_no_name_twice() {
        assert!(finding(&region("publishers = []", "")).contains("`publishers` is empty"));
        let twice = finding(&region(r#"publishers = ["a", "b", "a"]"#, ""));
        assert_eq!(twice, "2: publishers of `eu-fr-idf`: `a` twice");
        assert!(finding(&region(r#"publishers = ["a.b"]"#, "")).contains("`a.b` is not [a-z0-9-]"));
    }
}
