//! Under which word a refused document is counted, and which of them wait for another.

use chappe::notice::Reason;
use chappe::trust::Refusal;

use crate::forge::*;
use crate::made::*;

#[test]
fn each_refusal_has_its_word_and_only_what_another_document_may_cure_waits() {
    let (node, kid) = (id("eu-fr-bre"), issue_kid("eu-fr-bre"));
    let invalid = Reason::TrustInvalid;
    let all = [
        (Refusal::Size(9), invalid, false),
        (Refusal::Form("f".into()), invalid, false),
        (Refusal::Federation, Reason::Federation, false),
        (Refusal::Flaw("f".into()), invalid, false),
        (Refusal::KeyTwice(kid.clone()), invalid, false),
        (Refusal::KeyTaken(kid, node.clone()), invalid, false),
        (Refusal::Fork(2), Reason::TrustFork, false),
        (Refusal::Rollback { found: 1, held: 2 }, Reason::TrustRollback, false),
        (Refusal::Expired(9), Reason::TrustExpired, false),
        (Refusal::Gap { found: 3, held: 1 }, invalid, true),
        (Refusal::NotIntroduced(node.clone()), invalid, true),
        (Refusal::Signatures { found: 0, needed: 1 }, invalid, true),
        (Refusal::Unneeded(node), invalid, false),
        (Refusal::NotNamed, invalid, true),
    ];
    for (refusal, reason, waits) in all {
        assert_eq!((refusal.reason(), refusal.may_pass_later()), (reason, waits), "{refusal}");
    }
}
