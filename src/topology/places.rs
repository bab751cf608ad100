//! Scopes: each names what exists, and a constituency stays within its introducer's.

use super::draft::DraftNode;
use super::report::{At, Report, hint, list};
use super::sectors;
use super::show::short;
use super::tree::Census;
use crate::notice::{ALL, Level, Scope};

pub(super) fn check(census: &Census<'_>, report: &mut Report<'_, '_>) {
    regions(census, report);
    for node in &census.nodes {
        for scope in written(node) {
            exists(census, scope, report);
        }
        apart(&format!("the constituency of `{}`", node.id.value), &node.constituency, report);
        own_place(node, report);
        within_parent(census, node, report);
        clients(node, report);
    }
}

fn written(node: &DraftNode) -> impl Iterator<Item = &At<Scope>> {
    let subscribers = node.subscribers.iter().flatten().flat_map(|s| s.scopes.iter().flatten());
    node.constituency.iter().chain(node.may.scopes.iter().flatten()).chain(subscribers)
}

fn regions(census: &Census<'_>, report: &mut Report<'_, '_>) {
    for (country, tokens) in &census.draft.regions {
        once(&format!("[regions] {country}"), tokens, report);
        for all in tokens.iter().filter(|token| token.value == ALL) {
            report.add(all.at, format!("[regions] {country}: `{ALL}` is no region"));
        }
    }
}

/// Whether union, country, region and sector of a scope exist.
fn exists(census: &Census<'_>, scope: &At<Scope>, report: &mut Report<'_, '_>) {
    let shown = short(&scope.value);
    let [union, country, region, sector] = scope.value.parts();
    if let Some(named) = census.draft.union.as_ref().filter(|u| u.value.as_str() != union) {
        let text = format!("`{shown}` begins with `{union}`; `union` is `{}`", named.value);
        report.add(scope.at, text);
    }
    if country != ALL {
        let Some(known) = census.draft.regions.get(country) else {
            report.add(scope.at, format!("country `{country}` of `{shown}` is not in [regions]"));
            return;
        };
        let tokens: Vec<&str> = known.iter().map(|token| token.value.as_str()).collect();
        if region != ALL && !tokens.contains(&region) {
            let hint = hint(region, &tokens);
            let text =
                format!("region `{region}` of `{shown}` is not in [regions] {country}{hint}");
            report.add(scope.at, text);
        }
    }
    if sector != ALL && !sectors::is_known(sector) {
        let hint = hint(sector, &sectors::tokens());
        report.add(scope.at, format!("`{shown}`: no sector is called `{sector}`{hint}"));
    }
}

/// Two scopes with a place and sector in common: a plain subscriber would get a notice twice.
pub(super) fn apart(owner: &str, scopes: &[At<Scope>], report: &mut Report<'_, '_>) {
    for (at, scope) in scopes.iter().enumerate() {
        for before in scopes.iter().take(at).filter(|b| b.value.intersects(&scope.value)) {
            let (this, that) = (short(&scope.value), short(&before.value));
            let how = if scope.value == before.value {
                format!("has `{this}` twice")
            } else if before.value.contains(&scope.value) {
                format!("has `{this}` and `{that}`, which contains it")
            } else if scope.value.contains(&before.value) {
                format!("has `{that}` and `{this}`, which contains it")
            } else {
                format!("has `{that}` and `{this}`, which have a part in common")
            };
            report.add(scope.at, format!("{owner} {how}: what is for both would come twice"));
        }
    }
}

/// A list that names something twice.
pub(super) fn once<T: PartialEq + std::fmt::Display>(
    owner: &str,
    items: &[At<T>],
    report: &mut Report<'_, '_>,
) {
    for (at, item) in items.iter().enumerate() {
        if items.iter().take(at).any(|before| before.value == item.value) {
            report.add(item.at, format!("{owner}: `{}` twice", item.value));
        }
    }
}

/// A union or State serves the place that its id names: trust reads it from there.
fn own_place(node: &DraftNode, report: &mut Report<'_, '_>) {
    let id = &node.id.value;
    let depth = match node.level.as_ref().map(|level| level.value) {
        Some(Level::Union) => 1,
        Some(Level::National) => 2,
        _ => return,
    };
    let Ok(named) = id.as_str().replace('-', ".").parse::<Scope>() else { return };
    let other = |scope: &&At<Scope>| scope.value != named;
    if let Some(scope) = node.constituency.iter().find(other).filter(|_| id.depth() == depth) {
        let (found, place) = (short(&scope.value), short(&named));
        let text = format!("`{id}` serves `{place}`, as its id says; found `{found}`");
        report.add(scope.at, text);
    }
}

fn within_parent(census: &Census<'_>, node: &DraftNode, report: &mut Report<'_, '_>) {
    let Some(parent) = census.parent(node).filter(|p| !p.constituency.is_empty()) else { return };
    let outside = |s: &&At<Scope>| !parent.constituency.iter().any(|p| p.value.contains(&s.value));
    for scope in node.constituency.iter().filter(outside) {
        let bound = list(parent.constituency.iter().map(|scope| short(&scope.value)));
        let text = format!(
            "constituency of `{}` is wider than its introducer's: `{}` is not within that of `{}` \
             ({bound})",
            node.id.value,
            short(&scope.value),
            parent.id.value
        );
        report.add(scope.at, text);
    }
}

/// A client's sector is one of the constituency's, of an entity its own.
fn clients(node: &DraftNode, report: &mut Report<'_, '_>) {
    let Some(clients) = &node.clients else { return };
    once(&format!("clients of `{}`", node.id.value), clients, report);
    let sectors: Vec<&str> = node.constituency.iter().map(|s| s.value.sector()).collect();
    for client in clients {
        let token = client.value.as_str();
        if !sectors::is_known(token) {
            let hint = hint(token, &sectors::tokens());
            report.add(client.at, format!("`clients`: no sector is called `{token}`{hint}"));
        } else if !sectors.is_empty() && !sectors.contains(&ALL) && !sectors.contains(&token) {
            let id = &node.id.value;
            let text = format!("`{id}` has clients in `{token}`, which its constituency lacks");
            report.add(client.at, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{finding, findings};

    fn node(level: &str, constituency: &str, more: &str) -> String {
        format!(
            "{{ id = \"eu-fr-x\", name = \"X\", level = \"{level}\",\n\
             constituency = {constituency}{more} }},"
        )
    }

    #[test]
    fn a_scope_names_what_exists() {
        let cases = [
            (r#"["us.fr"]"#, "2: `us.fr` begins with `us`; `union` is `eu`"),
            (r#"["eu.fr.idg"]"#, "2: region `idg` of `eu.fr.idg` is not in [regions] fr: did you"),
            (r#"["eu.fr.idf.healht"]"#, "2: `eu.fr.idf.healht`: no sector is called `healht`: did"),
            (r#"["eu.de"]"#, "2: country `de` of `eu.de` is not in [regions]"),
        ];
        for (constituency, start) in cases {
            let found = findings(&node("sector", constituency, ""));
            assert!(found.iter().any(|f| f.starts_with(start)), "{found:#?} lacks {start}");
        }
    }

    #[test]
    fn a_constituency_is_not_wider_than_its_introducers() {
        let wide = r#"{ id = "eu-fr-bre-x", name = "X", level = "entity",
            constituency = ["eu.fr.bre.health",
                "eu.fr.nor.health"] }"#;
        assert_eq!(
            finding(wide),
            "3: constituency of `eu-fr-bre-x` is wider than its introducer's: `eu.fr.nor.health` \
             is not within that of `eu-fr-bre` (eu.fr.bre)"
        );
    }

    #[test]
    fn a_state_serves_the_country_of_its_id() {
        let state = r#"{ id = "eu-de", name = "D", level = "national",
            constituency = ["eu.fr.idf"] }"#;
        let told = "2: `eu-de` serves `eu.de`, as its id says; found `eu.fr.idf`";
        assert!(findings(state).contains(&told.to_owned()));
    }

    #[test]
    fn no_two_scopes_of_a_constituency_have_a_part_in_common() {
        let cases = [
            (r#"["eu.fr.idf", "eu.fr.idf"]"#, "has `eu.fr.idf` twice"),
            (r#"["eu.fr.idf.food", "eu.fr.idf"]"#, "which contains it"),
            (r#"["eu.fr.idf", "eu.fr.idf.food"]"#, "which contains it"),
            (r#"["eu.fr.idf", "eu.fr.all.food"]"#, "which have a part in common"),
        ];
        for (constituency, part) in cases {
            let found = findings(&node("entity", constituency, ""));
            assert!(found[0].starts_with("2: the constituency of `eu-fr-x` has"), "{found:#?}");
            assert!(found[0].contains(part), "{found:#?}");
        }
    }

    #[test]
    fn clients_are_in_sectors_that_exist_and_that_the_node_serves() {
        let of = |clients: &str| {
            finding(&node("entity", r#"["eu.fr.idf.food"]"#, &format!(", clients = {clients}")))
        };
        assert_eq!(
            of(r#"["foood"]"#),
            "2: `clients`: no sector is called `foood`: did you mean `food`?"
        );
        assert_eq!(
            of(r#"["health"]"#),
            "2: `eu-fr-x` has clients in `health`, which its constituency lacks"
        );
        assert_eq!(of(r#"["food", "food"]"#), "2: clients of `eu-fr-x`: `food` twice");
    }
}
