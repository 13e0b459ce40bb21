//! One-byte codes for header names that are frequent in responses.

use http::HeaderName;

/// The code of a name that is spelled out.
pub(super) const SPELLED: u8 = 0;

/// The bit of a code that marks a sensitive value.
pub(super) const SENSITIVE: u8 = 0x80;

/// Gives each name a code: its place in [`NAMES`], from 1.
macro_rules! codes {
    ($($code:literal $name:literal),* $(,)?) => {
        pub(super) static NAMES: [HeaderName; [$($code),*].len()] = [$(HeaderName::from_static($name)),*];

        pub(super) fn code(name: &HeaderName) -> u8 {
            match name.as_str() {
                $($name => $code,)*
                _ => SPELLED,
            }
        }
    };
}

// The wire format of entries contains these codes: changing one requires a new wire version.
codes! {
    1 "accept-ranges",
    2 "access-control-allow-credentials",
    3 "access-control-allow-headers",
    4 "access-control-allow-methods",
    5 "access-control-allow-origin",
    6 "access-control-expose-headers",
    7 "access-control-max-age",
    8 "age",
    9 "allow",
    10 "alt-svc",
    11 "cache-control",
    12 "cache-status",
    13 "cdn-cache-control",
    14 "content-disposition",
    15 "content-encoding",
    16 "content-language",
    17 "content-location",
    18 "content-range",
    19 "content-security-policy",
    20 "content-security-policy-report-only",
    21 "content-type",
    22 "date",
    23 "etag",
    24 "expires",
    25 "last-modified",
    26 "link",
    27 "location",
    28 "pragma",
    29 "referrer-policy",
    30 "refresh",
    31 "retry-after",
    32 "server",
    33 "set-cookie",
    34 "strict-transport-security",
    35 "vary",
    36 "via",
    37 "warning",
    38 "www-authenticate",
    39 "x-content-type-options",
    40 "x-dns-prefetch-control",
    41 "x-frame-options",
    42 "x-xss-protection",
    43 "cross-origin-embedder-policy",
    44 "cross-origin-opener-policy",
    45 "cross-origin-resource-policy",
    46 "permissions-policy",
    47 "server-timing",
    48 "x-request-id",
}

/// The name with this code.
pub(super) fn name(code: u8) -> Option<&'static HeaderName> {
    NAMES.get(usize::from(code).checked_sub(1)?)
}
