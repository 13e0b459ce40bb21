//! What is compared: the servers, how each is named, what its ratio is taken to, and the versions.

mod versions;

pub use versions::with_version;

/// A server that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// What `serve` calls it.
    pub name: &'static str,
    /// What a reader is told.
    pub label: &'static str,
    /// The crates that it stands for, whose versions the report names.
    pub crates: &'static [&'static str],
    /// Beside which others it stands.
    pub group: Group,
    /// Whether its handler is spared while there is an entry.
    pub caches: bool,
}

/// Servers whose ratios are taken to the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Nothing leaves the process.
    Memory,
    /// Entries are in Redis.
    Redis,
}

impl Group {
    /// Both, in the order of the report.
    pub const ALL: [Self; 2] = [Self::Memory, Self::Redis];

    /// As `serve` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
        }
    }

    /// The name of the server that is 1.00.
    pub fn baseline(self) -> &'static str {
        match self {
            Self::Memory => "plain",
            Self::Redis => "redis-get",
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
];

const OWN: &[&str] = &["handler-cache"];

const fn uncached(name: &'static str, label: &'static str) -> Variant {
    Variant {
        name,
        label,
        crates: &["axum"],
        group: Group::Memory,
        caches: false,
    }
}

const fn memory(name: &'static str, label: &'static str, crates: &'static [&'static str]) -> Variant {
    Variant {
        name,
        label,
        crates,
        group: Group::Memory,
        caches: true,
    }
}

const fn redis(name: &'static str, label: &'static str, crates: &'static [&'static str]) -> Variant {
    Variant {
        name,
        label,
        crates,
        group: Group::Redis,
        caches: true,
    }
}
