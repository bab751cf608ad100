//! Headers as received: nothing is assumed, nothing is lost.

use async_nats::HeaderMap;

use crate::notice::{HEADER_BODY_SIG, HEADER_HOPS, HEADER_NOTICE, Wire, WireError};

/// All headers of a message: sorted by name, repeated ones in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Names and values.
    pub all: Vec<(String, String)>,
}

impl Headers {
    pub(super) fn from_map(map: Option<&HeaderMap>) -> Self {
        let mut all: Vec<(String, String)> = map
            .into_iter()
            .flat_map(HeaderMap::iter)
            .flat_map(|(name, values)| {
                let one = |value: &async_nats::HeaderValue| (name.to_string(), value.to_string());
                values.iter().map(one)
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Self { all }
    }

    /// Every value of a header, in order. Names are compared exactly.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.all.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    /// How many headers are neither ours nor the server's (`Nats-`). They go no further.
    #[must_use]
    pub fn foreign(&self) -> usize {
        let ours = [HEADER_NOTICE, HEADER_HOPS, HEADER_BODY_SIG];
        let is_foreign = |name: &str| !ours.contains(&name) && !name.starts_with("Nats-");
        self.all.iter().filter(|(name, _)| is_foreign(name)).count()
    }

    /// The notice that these headers and a body make.
    ///
    /// # Errors
    /// [`WireError`]: a header is missing, repeated, too large or not base64url.
    pub fn wire(&self, body: Vec<u8>) -> Result<Wire, WireError> {
        let (notice, hops) = (self.values(HEADER_NOTICE), self.values(HEADER_HOPS));
        Wire::from_headers(&notice, &hops, &self.values(HEADER_BODY_SIG), body)
    }
}

#[cfg(test)]
mod tests {
    use super::Headers;

    fn headers(all: &[(&str, &str)]) -> Headers {
        let mut map = async_nats::HeaderMap::new();
        for (name, value) in all {
            map.append(*name, *value);
        }
        Headers::from_map(Some(&map))
    }

    #[test]
    fn repeated_headers_are_all_kept_in_order() {
        let headers =
            headers(&[("Chappe-Notice", "b"), ("Chappe-Hops", "h"), ("Chappe-Notice", "a")]);
        assert_eq!(headers.values("Chappe-Notice"), ["b", "a"]);
        assert!(headers.wire(Vec::new()).is_err());
    }

    #[test]
    fn another_spelling_of_our_header_is_foreign() {
        let headers = headers(&[("chappe-notice", "x"), ("Nats-TTL", "2"), ("Chappe-Notice", "n")]);
        assert_eq!(headers.foreign(), 1);
        assert_eq!(headers.values("Chappe-Notice"), ["n"]);
    }
}
