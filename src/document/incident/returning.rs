//! What a report says that the one passed on before it had left out: redaction does not end by
//! itself, because somebody forgot to ask for it again.

use super::form::Form;
use super::redact::REDACTABLE;

/// What each report says anew: who leaves other fields out has looked at it.
const NEW: [&str; 2] = ["summary", "attachment"];

/// The fields that would go on with `now` although they were left out `before`, when what `of` said
/// was passed on. Without `of`, everything that `before` lacks counts as left out. `without` is
/// left out this time.
#[must_use]
pub fn returning(
    of: Option<&Form>,
    before: &Form,
    now: &Form,
    without: &[&str],
) -> Vec<&'static str> {
    let left_out =
        |field: &str| before.get(field).is_none() && of.is_none_or(|of| of.get(field).is_some());
    let goes_on = |field: &str| {
        let asked = without.contains(&field) || (!without.is_empty() && NEW.contains(&field));
        now.get(field).is_some() && !asked
    };
    REDACTABLE.into_iter().filter(|field| left_out(field) && goes_on(field)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[&str]) -> Form {
        let mut form = Form::default();
        fields.iter().for_each(|field| form.set(field, "x"));
        form
    }

    #[test]
    fn what_was_left_out_once_comes_back_only_if_a_person_says_so() {
        let all = form(&["affected.name", "contact", "summary", "aware"]);
        let before = form(&["aware"]);
        let back = |without: &[&str]| returning(Some(&all), &before, &all, without);
        assert_eq!(back(&[]), ["affected.name", "contact", "summary"]);
        assert_eq!(back(&["affected.name"]), ["contact"], "who redacts has read the summary");
        assert_eq!(back(&["affected.name", "contact"]), [""; 0]);
        assert_eq!(returning(Some(&all), &all, &all, &[]), [""; 0], "it went whole");
    }

    #[test]
    fn what_is_new_since_then_was_never_left_out_if_what_it_came_from_is_here() {
        let (of, before) = (form(&["affected.name"]), form(&[]));
        let now = form(&["affected.name", "contact"]);
        assert_eq!(returning(Some(&of), &before, &now, &[]), ["affected.name"]);
        assert_eq!(returning(None, &before, &now, &[]), ["affected.name", "contact"]);
    }
}
