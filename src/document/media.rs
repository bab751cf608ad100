//! The media type that a file's name stands for. The content is not looked at: what a reader is
//! told to open a body with is the publisher's word, not a guess at bytes.

/// The media type by extension, else `application/octet-stream`.
#[must_use]
pub fn of(file_name: &str) -> &'static str {
    match extension(file_name).as_str() {
        "txt" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "eml" => "message/rfc822",
        _ => "application/octet-stream",
    }
}

/// Whether the name promises JSON.
pub(super) fn is_json(file_name: &str) -> bool {
    extension(file_name) == "json"
}

fn extension(file_name: &str) -> String {
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    base.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_in_a_folder_is_no_extension() {
        assert_eq!(of("/srv/csaf.json/readme"), "application/octet-stream");
        assert_eq!(of("/srv/csaf/A.JSON"), "application/json");
        assert_eq!(of("page.htm"), "text/html");
    }
}
