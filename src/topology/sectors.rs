//! The sector tokens: NIS2 annexes I and II, and the extensions that France's CSIRTs need.

/// Every token that may stand in a scope's fourth part or among `clients`.
pub(super) const TOKENS: [&str; 22] = [
    "energy",
    "transport",
    "banking",
    "financial",
    "health",
    "drinking-water",
    "waste-water",
    "digital-infrastructure",
    "ict-services",
    "public-administration",
    "space",
    "courier",
    "waste-management",
    "chemical",
    "food",
    "manufacturing",
    "digital-providers",
    "research",
    "aviation",
    "maritime",
    "defence",
    "social",
];

/// Whether a token names a sector.
pub(super) fn is_known(token: &str) -> bool {
    TOKENS.contains(&token)
}
