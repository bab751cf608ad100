//! How bad a CSAF document says it is.
//!
//! The publisher's word for the whole document comes first: it knows its product. Most documents
//! have none (316 of 448 real ones); then the worst score in it counts. A score that is no number
//! is passed over: it must not keep an advisory from going out, and `None` makes the publisher say
//! it.

use serde_json::Value;

use crate::notice::Severity;

const SCORES: [&str; 3] = ["cvss_v2", "cvss_v3", "cvss_v4"];

/// The severity of a CSAF document.
pub(super) fn of(root: &Value) -> Option<Severity> {
    let whole = root.pointer("/document/aggregate_severity/text").and_then(Value::as_str);
    whole.and_then(by_word).or_else(|| worst(root))
}

/// The vendors' words on the common scale.
fn by_word(text: &str) -> Option<Severity> {
    match text.trim().to_ascii_lowercase().as_str() {
        "low" => Some(Severity::Low),
        "moderate" | "medium" => Some(Severity::Medium),
        "important" | "high" => Some(Severity::High),
        "critical" => Some(Severity::Critical),
        _ => None,
    }
}

fn worst(root: &Value) -> Option<Severity> {
    items(root, "vulnerabilities").flat_map(ratings).max()
}

/// CSAF 2.0 keeps scores in `scores`, 2.1 in `metrics[].content`, there also as a bare word.
fn ratings(vulnerability: &Value) -> impl Iterator<Item = Severity> {
    let metrics = items(vulnerability, "metrics").filter_map(|metric| metric.get("content"));
    items(vulnerability, "scores").chain(metrics).flat_map(|content| {
        let scores = SCORES.iter().filter_map(|key| content.get(key)?.get("baseScore"));
        let word = content.get("qualitative_severity_rating").and_then(Value::as_str);
        scores.filter_map(by_score).chain(word.and_then(by_word))
    })
}

/// The common scale of CVSS 3 and 4, for 2 too: its own has no critical.
fn by_score(score: &Value) -> Option<Severity> {
    match score.as_f64()? {
        score if !(0.0..=10.0).contains(&score) => None,
        score if score >= 9.0 => Some(Severity::Critical),
        score if score >= 7.0 => Some(Severity::High),
        score if score >= 4.0 => Some(Severity::Medium),
        _ => Some(Severity::Low),
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_publishers_word_comes_before_the_scores() {
        let scored = json!([{"scores": [{"cvss_v3": {"baseScore": 9.8}}]}]);
        let with = |text: &str| {
            of(&json!({"document": {"aggregate_severity": {"text": text}},
                       "vulnerabilities": scored}))
        };
        assert_eq!(with("Moderate"), Some(Severity::Medium));
        assert_eq!(with("IMPORTANT"), Some(Severity::High));
        assert_eq!(with("Unknown"), Some(Severity::Critical), "no word of the scale");
    }

    #[test]
    fn the_worst_score_of_all_versions_counts() {
        let root = json!({"vulnerabilities": [
            {"scores": [{"cvss_v2": {"baseScore": 5}}, {"cvss_v3": {"baseScore": 3.9}}]},
            {"metrics": [{"content": {"cvss_v4": {"baseScore": 8.9}}}]},
            {"metrics": [{"content": {"qualitative_severity_rating": "low"}}]},
        ]});
        assert_eq!(of(&root), Some(Severity::High));
    }

    #[test]
    fn the_bounds_are_those_of_cvss() {
        for (score, severity) in [
            (0.0, Severity::Low),
            (3.9, Severity::Low),
            (4.0, Severity::Medium),
            (7.0, Severity::High),
            (8.9, Severity::High),
            (9.0, Severity::Critical),
            (10.0, Severity::Critical),
        ] {
            assert_eq!(by_score(&json!(score)), Some(severity), "{score}");
        }
    }

    #[test]
    fn scores_that_are_none_are_passed_over() {
        for score in [json!("9.8"), json!(11), json!(-1), json!(null), json!([])] {
            let root =
                json!({"vulnerabilities": [{"scores": [{"cvss_v3": {"baseScore": score}}]}]});
            assert_eq!(of(&root), None);
        }
        assert_eq!(of(&json!({"vulnerabilities": "many"})), None);
    }
}
