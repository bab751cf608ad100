//! A notice as bytes: the three headers and the body on NATS, and the file form.

use serde::{Deserialize, Serialize};

use super::id::Id;
use crate::jws::{base64url, from_base64url, from_slice};

/// Header of the statement's compact JWS; exactly one.
pub const HEADER_NOTICE: &str = "Chappe-Notice";
/// Header of the custody: compact JWS joined by commas; at most one (some clients keep only the
/// last of repeated headers).
pub const HEADER_HOPS: &str = "Chappe-Hops";
/// Header of the document's own detached signature, base64url; at most one.
pub const HEADER_BODY_SIG: &str = "Chappe-Body-Sig";

/// Largest body. A constant of the federation: a message that one node took and the next cannot
/// would be stuck halfway.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// Largest sum of our headers.
pub const MAX_HEADERS_BYTES: usize = 16 * 1024;
/// `max_payload` and `max_msg_size` of every server: body and headers.
pub const MAX_MESSAGE_BYTES: usize = MAX_BODY_BYTES + MAX_HEADERS_BYTES;
/// Longest custody: four levels each way is six; two to spare.
pub const MAX_HOPS: usize = 8;
/// Largest detached signature: an OpenPGP `.asc` has about 1 kB.
pub const MAX_BODY_SIG_BYTES: usize = 4_096;

/// A notice as it travels, nothing of it believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The statement's compact JWS.
    pub notice: String,
    /// Compact JWS of the hops, in order.
    pub hops: Vec<String>,
    /// The document's own detached signature.
    pub body_sig: Option<Vec<u8>>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why headers or a file are not a notice's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A header is missing, repeated, or too large.
    #[error("header {0}: {1}")]
    Header(&'static str, &'static str),
    /// More than [`MAX_HOPS`] hops.
    #[error("more than {MAX_HOPS} hops")]
    Hops,
    /// Base64url with padding, foreign characters or stray bits.
    #[error("{0} is not canonical base64url")]
    Encoding(&'static str),
    /// Not a `.chappe` file.
    #[error("not a .chappe file: {0}")]
    File(String),
}

impl Wire {
    /// The notice's id.
    #[must_use]
    pub fn id(&self) -> Id {
        Id::of(self.notice.as_bytes())
    }

    /// Takes the values of our three headers.
    ///
    /// # Errors
    /// [`WireError`], before any signature is looked at, so that 10 000 hops cost nothing.
    pub fn from_headers(
        notice: &[&str],
        hops: &[&str],
        body_sig: &[&str],
        body: Vec<u8>,
    ) -> Result<Self, WireError> {
        let total: usize =
            [notice, hops, body_sig].iter().flat_map(|v| v.iter()).map(|v| v.len()).sum();
        if total > MAX_HEADERS_BYTES {
            return Err(WireError::Header(HEADER_NOTICE, "all headers: at most 16 KiB"));
        }
        let &[notice] = notice else {
            return Err(WireError::Header(HEADER_NOTICE, "exactly one"));
        };
        let hops = match hops {
            [] => Vec::new(),
            [hops] => hops.split(',').map(str::to_owned).collect(),
            _ => return Err(WireError::Header(HEADER_HOPS, "at most one")),
        };
        if hops.len() > MAX_HOPS {
            return Err(WireError::Hops);
        }
        let body_sig = match body_sig {
            [] => None,
            [text] => Some(from_base64url(text).ok_or(WireError::Encoding(HEADER_BODY_SIG))?),
            _ => return Err(WireError::Header(HEADER_BODY_SIG, "at most one")),
        };
        if body_sig.as_ref().is_some_and(|sig| sig.len() > MAX_BODY_SIG_BYTES) {
            return Err(WireError::Header(HEADER_BODY_SIG, "at most 4 096 bytes"));
        }
        Ok(Self { notice: notice.to_owned(), hops, body_sig, body })
    }

    /// Whether a receiver would take the headers: a custody may be padded until the next hop is one
    /// too many.
    #[must_use]
    pub fn fits(&self) -> bool {
        let total: usize = self.headers().iter().map(|(_, value)| value.len()).sum();
        total <= MAX_HEADERS_BYTES && self.hops.len() <= MAX_HOPS
    }

    /// The headers, in a fixed order: exactly these go on, whatever came in.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![(HEADER_NOTICE, self.notice.clone())];
        if !self.hops.is_empty() {
            headers.push((HEADER_HOPS, self.hops.join(",")));
        }
        if let Some(sig) = &self.body_sig {
            headers.push((HEADER_BODY_SIG, base64url(sig)));
        }
        headers
    }
}

/// The file form, `.chappe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    notice: String,
    hops: Vec<String>,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    body_sig: Option<String>,
}

impl File {
    /// Writes a notice into its file form.
    #[must_use]
    pub fn from_wire(wire: &Wire) -> Self {
        Self {
            notice: wire.notice.clone(),
            hops: wire.hops.clone(),
            body: base64url(&wire.body),
            body_sig: wire.body_sig.as_deref().map(base64url),
        }
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`WireError::File`] with what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Wire, WireError> {
        let file: Self = from_slice(bytes).map_err(|e| WireError::File(e.to_string()))?;
        let body = from_base64url(&file.body).ok_or(WireError::Encoding("body"))?;
        if file.hops.iter().any(|hop| hop.is_empty() || hop.contains(',')) {
            return Err(WireError::File("`hops` holds something that is no hop".into()));
        }
        let hops = file.hops.join(",");
        let hops: Vec<&str> = if hops.is_empty() { Vec::new() } else { vec![&hops] };
        let sig: Vec<&str> = file.body_sig.as_deref().into_iter().collect();
        Wire::from_headers(&[&file.notice], &hops, &sig, body)
    }
}
