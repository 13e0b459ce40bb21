//! The TTL of a stored response, and the one that a response declares itself (RFC 9111 section 4.2.1).

use std::time::Duration;

use http::{HeaderMap, header};

use super::{
    cache_control::ResponseDirectives,
    date::{date, parse_date, whole_seconds},
};
use crate::clock::{EPOCH, Timestamp};

/// How long a response is stored: first fresh, then stale. All in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ttl {
    /// The age of the response when it arrived.
    pub(crate) age: Duration,
    /// How long it is fresh, from its generation.
    pub(crate) fresh: Duration,
    /// How long it is kept after that.
    pub(crate) stale: Duration,
}

impl Ttl {
    /// How long the response is fresh from its arrival.
    pub(crate) fn remaining(&self) -> Duration {
        self.fresh.saturating_sub(self.age)
    }

    /// The time at which the response was generated, and the TTL from that time on. The time is never before 1970, however
    /// old the response was when it arrived.
    pub(crate) fn since_generated(self, now: Timestamp) -> (Timestamp, Self) {
        let age = self.age.min(now.since(EPOCH));
        let before_1970 = self.age - age;
        let ttl = Self {
            age,
            fresh: self.fresh.saturating_sub(before_1970),
            stale: self.stale.saturating_sub(before_1970.saturating_sub(self.fresh)),
        };
        (now - age, ttl)
    }
}

/// How long the response declares itself fresh, from its generation: `s-maxage`, else `max-age`, else `Expires` minus `Date`
/// (RFC 9111 section 4.2.1). `None` if it declares nothing.
pub(super) fn explicit_ttl(
    directives: &ResponseDirectives,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<Duration> {
    let declared = directives.s_maxage.or(directives.max_age);
    declared.or_else(|| {
        let date = date(headers).unwrap_or(whole_seconds(now));
        let lines = headers.get_all(header::EXPIRES).iter();
        // An invalid date, especially `0`, means in the past (RFC 9111 section 5.3).
        let ttls = lines
            .map(|line| parse_date(line.as_bytes()).map_or(Duration::ZERO, |expires| expires.since(date)));
        ttls.min()
    })
}
