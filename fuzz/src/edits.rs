//! Bytes of a fuzzer as small edits of something honest: random bytes never come near a valid
//! signature, an honest notice with one bit wrong does.

/// Applies up to 32 edits of three bytes each: where (two bytes), and what to do there.
#[must_use]
pub fn edited(honest: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    for edit in edits.chunks_exact(3).take(32) {
        let &[high, low, what] = edit else { continue };
        if bytes.is_empty() {
            break;
        }
        let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
        match what {
            0 => drop(bytes.remove(at)),
            1 => bytes.truncate(at),
            2..=127 => bytes[at] ^= what,
            _ => bytes.insert(at, what & 0x7f),
        }
    }
    bytes
}
