//! How the texts of a configuration become values. Each says what was found and what was expected.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::table::shown;
use crate::address::is_reserved;
use crate::notice::Kind;

/// What a NATS server listens on unless told otherwise.
const NATS_PORT: &str = "4222";
const MAX_NAME_CHARS: usize = 24;
const MAX_LINE_CHARS: usize = 200;
const MAX_INBOX_CHARS: usize = 64;

/// Any type that reads itself.
pub(super) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// A path; empty is none. A secret itself in the place of its file is not repeated: paths are
/// printed and logged.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("an empty path".to_owned());
    }
    if is_nkey(text) || text.contains("PRIVATE KEY") || text.contains('\n') {
        return Err("this looks like a secret itself; expected the name of its file".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// Whether this is the text of an nkey: 58 or 56 characters of base32.
fn is_nkey(text: &str) -> bool {
    let base32 = |b: u8| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b);
    matches!(text.len(), 56 | 58) && text.bytes().all(base32)
}

/// The name of a publisher, a subscriber or a sector.
pub(super) fn token(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=MAX_NAME_CHARS).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!("`{}` is not [a-z0-9-]{{1,24}}", shown(text)))
}

/// A publisher's name: a token that no other user of the node has.
pub(super) fn publisher(text: &str) -> Result<String, String> {
    if is_reserved(text) {
        return Err(format!("`{text}` is reserved: another user of the node is called so"));
    }
    token(text)
}

/// One line for people: no control character, since it is logged and drawn on terminals.
pub(super) fn line(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if (1..=MAX_LINE_CHARS).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("`{}` is not one line of 1 to {MAX_LINE_CHARS} characters", shown(text)))
}

/// A length of time: a number with s, m, h or d.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let expected = || format!("`{}` is no number with s, m, h or d, as 15m", shown(text));
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: u64 = match text.get(digits.len()..) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 24 * 3_600,
        _ => return Err(expected()),
    };
    let number: u64 = digits.parse().map_err(|_| expected())?;
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(expected)
}

/// A kind's word.
pub(super) fn kind(text: &str) -> Result<Kind, String> {
    let words = Kind::ALL.map(Kind::as_str).join(", ");
    text.parse().map_err(|_| format!("`{}` is no kind; expected one of {words}", shown(text)))
}

/// An address to listen on. A name is refused: what it resolves to decides who can connect.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let expected = "is no address and port, as 127.0.0.1:9601 or [::1]:9601";
    text.parse().map_err(|_| format!("`{}` {expected}", shown(text)))
}

/// An inbox prefix: subject tokens without wildcard.
pub(super) fn inbox(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let token = |token: &str| !token.is_empty() && token.bytes().all(allowed);
    if text.len() <= MAX_INBOX_CHARS && text.split('.').all(token) {
        return Ok(text.to_owned());
    }
    Err(format!("`{}` is no inbox prefix: tokens [A-Za-z0-9_-] joined by `.`", shown(text)))
}

/// A server's URL, with its port. Names and passwords in it are refused: it is logged, and users
/// have nkeys.
pub(super) fn server_url(text: &str) -> Result<String, String> {
    let wrong = |found: &str| Err(format!("{found}; expected nats://host:port or tls://host:port"));
    let Some((scheme @ ("nats" | "tls"), rest)) = text.split_once("://") else {
        return wrong(&format!("`{}` has another scheme or none", shown(text)));
    };
    if rest.contains('@') {
        return wrong("a user or password in a URL, which is logged");
    }
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of an IPv6 address without a port end in its bracket.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (rest, NATS_PORT),
    };
    if !is_host(host) || !port.parse::<u16>().is_ok_and(|port| port != 0) {
        return wrong(&format!("`{}` has no such host and port", shown(text)));
    }
    Ok(format!("{scheme}://{host}:{port}"))
}

fn is_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_place_of_its_file_is_refused_and_not_repeated() {
        let seed = format!("SU{}", "A2".repeat(28));
        for secret in [seed.as_str(), "-----BEGIN PRIVATE KEY-----", "one\ntwo"] {
            let why = path(secret).expect_err("refused");
            assert!(why.contains("the name of its file") && !why.contains(secret), "{why}");
        }
        assert_eq!(path("seeds/soc.nk"), Ok("seeds/soc.nk".into()));
    }

    #[test]
    fn no_publisher_is_called_as_another_user_of_the_node() {
        for name in ["relay", "desk", "sub-siem", "replay-siem", "link-eu-fr"] {
            assert!(publisher(name).is_err_and(|why| why.contains("reserved")), "{name}");
        }
        assert_eq!(publisher("soc"), Ok("soc".to_owned()));
    }

    #[test]
    fn a_server_is_a_scheme_a_host_and_a_port() {
        for url in ["nats://127.0.0.1:4222", "tls://nats.cert-fr.example:4222", "nats://[::1]:4222"]
        {
            assert_eq!(server_url(url).as_deref(), Ok(url));
        }
        for url in [
            "",
            "127.0.0.1:4222",
            "http://x:1",
            "nats://:4222",
            "nats://x:0",
            "nats://x:70000",
            "nats://x:4222/path",
            "nats://x y:4222",
            "nats://[::1:4222",
        ] {
            assert!(server_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_port_may_be_left_out() {
        assert_eq!(server_url("nats://x").as_deref(), Ok("nats://x:4222"));
        assert_eq!(server_url("tls://[::1]").as_deref(), Ok("tls://[::1]:4222"));
    }

    #[test]
    fn a_password_in_a_url_is_refused_without_repeating_it() {
        let error = server_url("nats://soc:hunter2@x:4222").expect_err("refused");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_length_of_time_has_a_number_and_a_unit() {
        let secs = |text| span(text).map(|span| span.as_secs());
        assert_eq!(
            [secs("4h"), secs("15m"), secs("2s"), secs("90d")].map(Result::unwrap_or_default),
            [14_400, 900, 2, 7_776_000]
        );
        for text in ["", "4", "h", "4 h", "-4h", "4w", "1h30m", "99999999999999999999d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_inbox_is_no_pattern() {
        assert!(inbox("_INBOX_link-eu-fr.Xy9").is_ok());
        for text in ["", "a.", ".a", "a.>", "a.*", "a b", "a..b"] {
            assert!(inbox(text).is_err(), "{text}");
        }
    }

    #[test]
    fn one_listens_on_an_address_and_not_on_a_name() {
        assert!(listen("127.0.0.1:9601").is_ok() && listen("[::1]:9601").is_ok());
        for text in ["localhost:9601", "127.0.0.1", ":9601", "9601"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }
}
