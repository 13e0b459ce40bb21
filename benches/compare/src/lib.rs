//! The servers that are compared: names, groups, crate versions. Also requests in process, and statistics.

mod requests;
mod spread;
mod versions;

pub use requests::ask;
pub use spread::{median, quantile};
pub use versions::with_version;

/// A measured server.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its name for `serve`.
    pub name: &'static str,
    /// Its name in the report.
    pub label: &'static str,
    /// The crates whose versions the report names.
    pub crates: &'static [&'static str],
    /// The servers that it is compared with.
    pub group: Group,
    /// The kind of request that it receives.
    pub asked: Asked,
    /// Whether hits do not run its handler.
    pub caches: bool,
}

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `GET` without conditions.
    Plain,
    /// `GET` by a client that has the page: `If-None-Match`.
    Matching,
    /// `GET` by a client that wants nothing stored: `Cache-Control: no-store`.
    NoStore,
    /// `POST`.
    Post,
}

impl Asked {
    /// As `serve` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Matching => "matching",
            Self::NoStore => "no-store",
            Self::Post => "post",
        }
    }
}

/// Servers with the same baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Entries in memory.
    Memory,
    /// Entries in Redis.
    Redis,
    /// The client has the page already.
    NotModified,
    /// The request bypasses the cache by its headers.
    NoStore,
    /// The request bypasses the cache by its method.
    Post,
}

impl Group {
    /// All, in the order of the report.
    pub const ALL: [Self; 5] = [
        Self::Memory,
        Self::Redis,
        Self::NotModified,
        Self::NoStore,
        Self::Post,
    ];

    /// As `serve` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::NotModified => "not-modified",
            Self::NoStore => "no-store",
            Self::Post => "post",
        }
    }

    /// The name of the server that is 1.00.
    pub fn baseline(self) -> &'static str {
        match self {
            Self::Memory => "plain",
            Self::Redis => "redis-get",
            Self::NotModified => "plain-matching",
            Self::NoStore => "plain-no-store",
            Self::Post => "plain-post",
        }
    }
}

/// All that are measured.
pub const VARIANTS: &[Variant] = &[
    uncached("plain", "plain axum, bytes made before"),
    uncached("plain-json", "plain axum, `Json` each time"),
    memory("attribute", "`#[cache]`", OWN),
    memory("layer", "`CacheLayer`", OWN),
    memory("quick_cache", "quick_cache by hand", &["quick_cache"]),
    memory("moka", "moka by hand", &["moka"]),
    memory("cached", "cached", &["cached"]),
    memory(
        "axum-response-cache",
        "axum-response-cache",
        &["axum-response-cache"],
    ),
    memory(
        "hitbox",
        "hitbox on moka",
        &["hitbox", "hitbox-tower", "hitbox-moka"],
    ),
    redis("redis-get", "one GET by hand", &["redis"]),
    redis("attribute-redis", "`#[cache]`", OWN),
    redis("layer-redis", "`CacheLayer`", OWN),
    redis("cached-redis", "cached", &["cached"]),
    redis(
        "hitbox-redis",
        "hitbox",
        &["hitbox", "hitbox-tower", "hitbox-redis"],
    ),
    Variant {
        asked: Asked::Matching,
        group: Group::NotModified,
        ..uncached("plain-matching", "plain axum, the page again")
    },
    Variant {
        asked: Asked::Matching,
        group: Group::NotModified,
        ..memory("attribute-matching", "`#[cache]`, 304", OWN)
    },
    bypass(
        "plain-no-store",
        "plain axum",
        &["axum"],
        Group::NoStore,
        Asked::NoStore,
    ),
    bypass(
        "attribute-no-store",
        "`#[cache]`",
        OWN,
        Group::NoStore,
        Asked::NoStore,
    ),
    bypass("plain-post", "plain axum", &["axum"], Group::Post, Asked::Post),
    bypass("attribute-post", "`#[cache]`", OWN, Group::Post, Asked::Post),
];

const OWN: &[&str] = &["handler-cache"];

const fn uncached(name: &'static str, label: &'static str) -> Variant {
    Variant {
        name,
        label,
        crates: &["axum"],
        group: Group::Memory,
        asked: Asked::Plain,
        caches: false,
    }
}

/// Requests that bypass the cache, if there is one.
const fn bypass(
    name: &'static str,
    label: &'static str,
    crates: &'static [&'static str],
    group: Group,
    asked: Asked,
) -> Variant {
    Variant {
        name,
        label,
        crates,
        group,
        asked,
        caches: false,
    }
}

const fn memory(name: &'static str, label: &'static str, crates: &'static [&'static str]) -> Variant {
    Variant {
        name,
        label,
        crates,
        group: Group::Memory,
        asked: Asked::Plain,
        caches: true,
    }
}

const fn redis(name: &'static str, label: &'static str, crates: &'static [&'static str]) -> Variant {
    Variant {
        name,
        label,
        crates,
        group: Group::Redis,
        asked: Asked::Plain,
        caches: true,
    }
}
