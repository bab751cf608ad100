//! A refusal, and which reason each error of reading stands for.

use crate::jws::{JsonError, JwsError};
use crate::notice::{Reason, StatementError, WireError};

/// Why something was refused: the reason counts, the text is for the operator's log alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {why}")]
pub struct Refused {
    /// The reason code.
    pub reason: Reason,
    /// What was found. Never goes into a receipt: it may quote the notice.
    pub why: String,
}

impl Refused {
    pub(super) fn new(reason: Reason, why: String) -> Self {
        Self { reason, why }
    }
}

impl From<WireError> for Refused {
    fn from(error: WireError) -> Self {
        let reason = match error {
            WireError::Header(..) | WireError::File(_) => Reason::Header,
            WireError::Hops => Reason::HopCount,
            WireError::Encoding(_) => Reason::Encoding,
        };
        Self::new(reason, error.to_string())
    }
}

impl From<JwsError> for Refused {
    fn from(error: JwsError) -> Self {
        let reason = match error {
            JwsError::Encoding => Reason::Encoding,
            JwsError::Header(_) => Reason::Json,
            JwsError::Algorithm | JwsError::Type(_) => Reason::Algorithm,
            JwsError::Signature => Reason::Signature,
        };
        Self::new(reason, error.to_string())
    }
}

impl From<StatementError> for Refused {
    fn from(error: StatementError) -> Self {
        let reason = match error {
            StatementError::Size(_) => Reason::Header,
            StatementError::Json(JsonError::Syntax(_)) => Reason::Json,
            StatementError::Json(JsonError::Claim(_)) | StatementError::Claim(..) => Reason::Claim,
            StatementError::Combination(..) => Reason::BadCombination,
            StatementError::Lifetime(_) => Reason::Lifetime,
        };
        Self::new(reason, error.to_string())
    }
}
