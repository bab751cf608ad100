//! The one file that a report may carry: a ransom note, a log, a photograph of a screen.
//!
//! It stands in the report itself, so that it is signed, forwarded and erased with it. Several
//! files go into an archive; more than the body's limit does not go at all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::document::error::DocumentError;
use crate::document::fields::Field;

const MEDIA: &str = "a media type, as text/plain";
const BASE64: &str = "base64 with padding, of at least one byte";

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, no path.
    pub name: String,
    /// Its media type.
    pub media: String,
    /// Its bytes. The report around it has at most 8 MiB, so it has at most about 6.
    pub data: Vec<u8>,
}

impl Attachment {
    /// The base64 that stands in a report for these bytes.
    #[must_use]
    pub fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }
}

pub(super) fn read(field: &Field<'_>) -> Result<Attachment, DocumentError> {
    field.only(&["name", "type", "data"])?;
    let name = field.need("name", "a file's name")?;
    let line = name.line()?;
    if line.contains(['/', '\\']) {
        return Err(name.refuse("a file's name without a folder"));
    }
    let media = field.need("type", MEDIA)?;
    let word = media.text()?;
    let graphic = word.bytes().all(|b| b.is_ascii_graphic());
    if !graphic || !word.contains('/') || word.len() > 128 {
        return Err(media.refuse(MEDIA));
    }
    let data = field.need("data", BASE64)?;
    let bytes = STANDARD.decode(data.text()?).ok().filter(|bytes| !bytes.is_empty());
    let bytes = bytes.ok_or_else(|| data.refuse(BASE64))?;
    Ok(Attachment { name: line, media: word.to_owned(), data: bytes })
}
