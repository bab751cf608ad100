//! One signature after the other, in one place or in several.

use super::CeremonyError;
use super::archive::Quorum;
use super::keys::admitted;
use crate::jws::{General, KeyId, MAX_SIGNATURES, Signer};

/// How many of those who must have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whose keys, in words.
    pub whose: String,
    /// Those that have signed.
    pub signed: Vec<KeyId>,
    /// How many must.
    pub threshold: usize,
    /// Of how many.
    pub keys: usize,
}

impl Progress {
    /// Whether enough have.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.signed.len() >= self.threshold.max(1)
    }
}

/// How far the signatures are, for each set of keys that must sign.
#[must_use]
pub fn progress(document: &General, quorums: &[Quorum]) -> Vec<Progress> {
    let of = |quorum: &Quorum| Progress {
        whose: quorum.whose.clone(),
        signed: document.signers(&admitted(&quorum.set)),
        threshold: quorum.set.threshold,
        keys: quorum.set.keys.len(),
    };
    quorums.iter().map(of).collect()
}

/// Adds one signature. If it is known who must sign (`quorums` is not empty), the key has to be
/// one of theirs.
///
/// # Errors
/// [`CeremonyError::NotCounted`], [`CeremonyError::SignedTwice`], [`CeremonyError::Full`], or the
/// signer's own.
pub fn sign(
    document: &mut General,
    signer: &dyn Signer,
    quorums: &[Quorum],
) -> Result<(), CeremonyError> {
    let key = signer.public();
    let counts = |quorum: &Quorum| admitted(&quorum.set).iter().any(|k| k.id() == key.id());
    if !quorums.is_empty() && !quorums.iter().any(counts) {
        let whose: Vec<&str> = quorums.iter().map(|quorum| quorum.whose.as_str()).collect();
        return Err(CeremonyError::NotCounted(key.id().clone(), whose.join("; ")));
    }
    if !document.signers(std::slice::from_ref(key)).is_empty() {
        return Err(CeremonyError::SignedTwice(key.id().clone()));
    }
    if document.signatures() >= MAX_SIGNATURES {
        return Err(CeremonyError::Full);
    }
    Ok(document.sign(signer)?)
}

/// Takes over the signatures that were made on a copy; says how many were new.
///
/// # Errors
/// [`CeremonyError::OtherPayload`] if it is no copy, [`CeremonyError::Full`].
pub fn gather(document: &mut General, copy: &General) -> Result<usize, CeremonyError> {
    if !document.is_copy_of(copy) {
        return Err(CeremonyError::OtherPayload);
    }
    let mut together = document.clone();
    let new = together.gather(copy);
    if together.signatures() > MAX_SIGNATURES {
        return Err(CeremonyError::Full);
    }
    *document = together;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{archive, root, secret, signed, whole};
    use super::*;
    use crate::trust::Paper;

    #[test]
    fn a_key_that_does_not_count_and_a_key_twice_add_no_signature() {
        let paper = Paper::Bundle(whole());
        let mut document = paper.draft().expect("a draft");
        let quorums = archive().quorums(&paper);
        let stranger = sign(&mut document, &secret(99), &quorums);
        assert!(matches!(stranger, Err(CeremonyError::NotCounted(..))), "{stranger:?}");
        sign(&mut document, &secret(1), &quorums).expect("signed");
        let twice = sign(&mut document, &secret(1), &quorums);
        assert_eq!(twice, Err(CeremonyError::SignedTwice(secret(1).public().id().clone())));
        assert_eq!(document.signatures(), 1);
    }

    #[test]
    fn signatures_of_copies_are_gathered_once_and_of_other_documents_never() {
        let paper = Paper::Root(root());
        let mut here = signed(&paper, &[11]);
        let there = signed(&paper, &[12, 13]);
        assert_eq!(gather(&mut here, &there), Ok(2));
        assert_eq!(gather(&mut here, &there), Ok(0));
        let other = signed(&Paper::Bundle(whole()), &[1]);
        assert_eq!(gather(&mut here, &other), Err(CeremonyError::OtherPayload));
        let found = progress(&here, &archive().quorums(&paper));
        assert!(found.iter().all(Progress::is_met), "{found:?}");
    }

    #[test]
    fn no_document_has_more_signatures_than_a_reader_takes() {
        let mut document = Paper::Root(root()).draft().expect("a draft");
        for seed in 100..116 {
            sign(&mut document, &secret(seed), &[]).expect("signed");
        }
        assert_eq!(sign(&mut document, &secret(200), &[]), Err(CeremonyError::Full));
    }
}
