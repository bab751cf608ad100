//! The reason codes: one list for metric label, log field, quarantine subject, receipt and docs.

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)?) => {
        /// Why a notice was refused or filtered. The same word stands in the metric, the log, the
        /// quarantine subject, the receipt and docs/PROTOCOL.md.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $variant),* }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

reasons! {
    /// A header is missing, repeated or too large, or the statement is above its bound.
    Header = "header",
    /// Not three canonical base64url parts.
    Encoding = "encoding",
    /// Not strict JSON: a duplicate key, a float, a null, too deep, or bytes after it.
    Json = "json",
    /// A claim is unknown, missing, or outside its rule.
    Claim = "claim",
    /// The kind forbids or needs a claim.
    BadCombination = "bad-combination",
    /// `alg` is not EdDSA or `typ` is another record's.
    Algorithm = "algorithm",
    /// No bundle in force lists the key.
    KeyUnknown = "key-unknown",
    /// The key is another node's than the issuer.
    KeyOwner = "key-owner",
    /// The key is not of the use that the record needs.
    KeyUse = "key-use",
    /// Outside the key's window.
    KeyWindow = "key-window",
    /// The key was revoked before.
    KeyRevoked = "key-revoked",
    /// The signature does not verify.
    Signature = "signature",
    /// Of another federation.
    Federation = "federation",
    /// The key's grant does not have the kind.
    GrantKind = "grant-kind",
    /// The key's grant does not contain the audience.
    GrantScope = "grant-scope",
    /// The label is stricter than the key's grant.
    GrantTlp = "grant-tlp",
    /// Issued more than five minutes ahead.
    Future = "future",
    /// Reached its issuer's relay more than 24 hours after it was signed.
    Late = "late",
    /// No longer in force.
    Expired = "expired",
    /// Too long-lived, or shorter-lived than what it refers to.
    Lifetime = "lifetime",
    /// The subject is not what place and statement make.
    Subject = "subject",
    /// Length or digest of the body, or its signature, are not the statement's.
    Body = "body",
    /// The custody is missing, longer than eight, or has no place here.
    HopCount = "hop-count",
    /// The custody's links do not fit together, or a hop does not verify.
    HopChain = "hop-chain",
    /// Two hops in a row are of nodes that are no neighbours.
    HopNeighbour = "hop-neighbour",
    /// This kind does not come from there.
    Direction = "direction",
    /// Not for this node.
    Audience = "audience",
    /// The label forbids this link or place.
    Tlp = "tlp",
    /// It refers to what it must not: another's notice, another thread, a looser label.
    Relation = "relation",
    /// The same document, version and body is here already, and nothing newer.
    AlreadyIssued = "already-issued",
    /// A newer version of its thread is here.
    Superseded = "superseded",
    /// Its thread was withdrawn.
    Withdrawn = "withdrawn",
    /// A rule filters it.
    Rule = "rule",
    /// No rule covers it.
    NoRule = "no-rule",
    /// It failed again and again for a reason that lies in itself.
    Poison = "poison",
    /// The node's own bundle has expired: it issues nothing until it has a new one.
    TrustStale = "trust-stale",
    /// A trust document of a version that is not higher than the one in force.
    TrustRollback = "trust-rollback",
    /// A trust document of a version that is here with other content.
    TrustFork = "trust-fork",
    /// A trust document past its own expiry.
    TrustExpired = "trust-expired",
    /// A trust document that is too large, has a flaw, or is not signed by those who must.
    TrustInvalid = "trust-invalid",
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
