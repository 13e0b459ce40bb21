//! The attributes of this crate: their names and what each does.

/// One attribute of this crate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What an attribute does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Caches responses; a preset fixes their TTL, in seconds.
    Cache { ttl: Option<u64> },
    /// Evicts entries after the handler ran.
    Evict,
}

pub(crate) const CACHE: Attribute = cache("cache", None);
pub(crate) const CACHE_ONE_MINUTE: Attribute = cache("cache_one_minute", Some(60));
pub(crate) const CACHE_ONE_HOUR: Attribute = cache("cache_one_hour", Some(60 * 60));
pub(crate) const CACHE_ONE_DAY: Attribute = cache("cache_one_day", Some(24 * 60 * 60));
pub(crate) const CACHE_ONE_WEEK: Attribute = cache("cache_one_week", Some(7 * 24 * 60 * 60));
pub(crate) const CACHE_ONE_MONTH: Attribute = cache("cache_one_month", Some(30 * 24 * 60 * 60));
pub(crate) const CACHE_ONE_YEAR: Attribute = cache("cache_one_year", Some(365 * 24 * 60 * 60));
pub(crate) const CACHE_EVICT: Attribute = Attribute {
    name: "cache_evict",
    kind: Kind::Evict,
};

pub(crate) const ALL: [Attribute; 8] = [
    CACHE,
    CACHE_ONE_MINUTE,
    CACHE_ONE_HOUR,
    CACHE_ONE_DAY,
    CACHE_ONE_WEEK,
    CACHE_ONE_MONTH,
    CACHE_ONE_YEAR,
    CACHE_EVICT,
];

const fn cache(name: &'static str, ttl: Option<u64>) -> Attribute {
    Attribute {
        name,
        kind: Kind::Cache { ttl },
    }
}
