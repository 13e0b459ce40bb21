//! The options, parsed.

use proc_macro2::Ident;
use syn::{Expr, LitStr, Path};

use crate::{
    attribute::{Attribute, Kind},
    parse::{
        duration::{ClientMaxAge, DurationValue, Ttl},
        target::Target,
    },
};

/// The value of an option, and the option's name, for its span.
pub(crate) struct Setting<T> {
    pub(crate) name: Ident,
    pub(crate) value: T,
}

/// The valid options of all attributes of one handler.
#[derive(Default)]
pub(crate) struct Options {
    /// `#[cache]` or a preset, if the handler is cached.
    pub(crate) cache: Option<Attribute>,
    /// The targets of `#[cache_evict]`, if the handler evicts.
    pub(crate) evict: Option<Vec<Target>>,
    /// The option `crate`: the path of the facade, if not `::handler_cache`.
    pub(crate) facade: Option<Path>,
    pub(crate) expire: Option<Setting<Ttl>>,
    pub(crate) ignore: Option<Setting<Vec<Ident>>>,
    pub(crate) key: Option<Setting<Expr>>,
    pub(crate) vary: Option<Setting<Vec<LitStr>>>,
    pub(crate) methods: Option<Setting<Vec<Ident>>>,
    pub(crate) stale_while_revalidate: Option<Setting<DurationValue>>,
    pub(crate) stale_if_error: Option<Setting<DurationValue>>,
    pub(crate) stale_if_slow: Option<Setting<DurationValue>>,
    pub(crate) not_found: Option<Setting<DurationValue>>,
    pub(crate) tags: Option<Setting<Vec<Expr>>>,
    pub(crate) lazy: Option<Setting<Vec<Ident>>>,
    pub(crate) private: Option<Setting<()>>,
    pub(crate) public: Option<Setting<()>>,
    pub(crate) client_max_age: Option<Setting<ClientMaxAge>>,
    pub(crate) store_if: Option<Setting<Expr>>,
    pub(crate) max_body: Option<Setting<Expr>>,
    pub(crate) version: Option<Setting<Expr>>,
    pub(crate) name: Option<Setting<Expr>>,
    pub(crate) companion: Option<Setting<Ident>>,
    pub(crate) associated: Option<Setting<()>>,
    pub(crate) policy: Option<Setting<Expr>>,
}

impl Options {
    /// Whether `attribute`, or another of its kind, was read.
    pub(crate) fn has(&self, attribute: Attribute) -> bool {
        match attribute.kind {
            Kind::Cache { .. } => self.cache.is_some(),
            Kind::Evict => self.evict.is_some(),
        }
    }

    /// Whether request headers may be part of the key: named in `vary`, or in a policy that the macro cannot see.
    pub(crate) fn may_vary(&self) -> bool {
        self.vary.is_some() || self.policy.is_some()
    }

    /// The TTL of a preset, in seconds.
    pub(crate) fn preset_ttl(&self) -> Option<u64> {
        match self.cache?.kind {
            Kind::Cache { ttl } => ttl,
            Kind::Evict => None,
        }
    }

    /// The bindings in `ignore`.
    pub(crate) fn ignored(&self) -> &[Ident] {
        self.ignore.as_ref().map_or(&[], |ignore| &ignore.value)
    }

    /// The bindings in `lazy`.
    pub(crate) fn lazy(&self) -> &[Ident] {
        self.lazy.as_ref().map_or(&[], |lazy| &lazy.value)
    }
}
