//! The identity of handlers: unique names in keys, for every handler of the process.

use std::{
    any::{TypeId, type_name},
    collections::HashMap,
    sync::{LazyLock, OnceLock, PoisonError, RwLock},
};

use crate::{
    key::{self, KeyError},
    policy::Policy,
    slot::Fingerprint,
    telemetry::events,
};

/// One attribute in the source, with its policy.
///
/// A generic function has one attribute and a handler for each instance. The first handler is cached here; the others are
/// looked up in the process-wide table.
#[derive(Debug)]
pub struct HandlerMeta {
    pub(crate) policy: Policy,
    /// The option `name`.
    name: Option<&'static str>,
    first: OnceLock<(TypeId, Registered)>,
}

/// The id of a handler: its attribute, and the type of its function item.
#[derive(Debug, Clone, Copy)]
pub struct HandlerId {
    pub(crate) meta: &'static HandlerMeta,
    type_id: TypeId,
    path: &'static str,
}

impl HandlerId {
    /// The path of the function, for messages.
    pub(crate) fn path(self) -> &'static str {
        self.path
    }

    /// The handler with its name in keys. `None` if another handler has the same name: both would share entries, so
    /// requests of this one bypass the cache.
    pub(crate) fn handler(self) -> Option<Handler> {
        self.meta.handler(self)
    }

    /// As [`handler`](Self::handler), with an error in place of `None`.
    pub(crate) fn registered(self) -> Result<Handler, KeyError> {
        self.handler().ok_or_else(|| {
            KeyError::new("another handler has the same name; give one of them another with `name = \"…\"`")
        })
    }
}

/// A handler with a unique name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handler {
    /// Counted from 1, in this process.
    pub(crate) number: usize,
    /// Escaped for keys.
    pub(crate) name: &'static str,
    /// In statistics.
    pub(crate) label: &'static str,
    /// Of its path, which `name = "…"` does not change. Entries have it: if two processes give one name to different
    /// handlers, neither reads the other's entries.
    pub(crate) fingerprint: Fingerprint,
}

impl Handler {
    /// Begins the keys of a layer's entries. No handler's name does: `!` is escaped there.
    #[cfg(any(feature = "layer", test))]
    pub(crate) const ROUTES: &str = "!";

    /// The owner of the values that the application stores itself.
    pub(crate) const VALUES: Self = Self {
        number: 0,
        name: "$",
        label: "$",
        fingerprint: Fingerprint([0; 16]),
    };
}

/// The handler, or that its name is taken.
type Registered = Option<Handler>;

impl HandlerMeta {
    /// What the attribute says.
    pub const fn new(policy: Policy, name: Option<&'static str>) -> Self {
        Self {
            policy,
            name,
            first: OnceLock::new(),
        }
    }

    /// Of `product::<T>`, one for each `T`.
    pub fn id<F: 'static>(&'static self, _item: &F) -> HandlerId {
        HandlerId {
            meta: self,
            type_id: TypeId::of::<F>(),
            path: type_name::<F>(),
        }
    }

    fn handler(&self, id: HandlerId) -> Option<Handler> {
        let (first, handler) = self.first.get_or_init(|| (id.type_id, self.register(id)));
        if *first == id.type_id {
            *handler
        } else {
            self.register(id)
        }
    }

    fn register(&self, HandlerId { type_id, path, .. }: HandlerId) -> Registered {
        let known = HANDLERS
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .identities
            .get(&type_id)
            .copied();
        known.unwrap_or_else(|| {
            let mut handlers = HANDLERS.write().unwrap_or_else(PoisonError::into_inner);
            handlers.add(type_id, self.name.unwrap_or(path), path)
        })
    }
}

/// Every handler that was asked for a key, in no particular order.
pub(crate) fn known() -> Vec<Handler> {
    let handlers = HANDLERS.read().unwrap_or_else(PoisonError::into_inner);
    let routes = handlers.routes.values().copied();
    handlers
        .identities
        .values()
        .copied()
        .flatten()
        .chain(routes)
        .collect()
}

/// Represents the handlers behind a route of a layer. All routes share one name in keys, since the path distinguishes
/// them; the text of the route is the label in statistics.
#[cfg(any(feature = "layer", test))]
pub(crate) fn route(text: &str) -> Handler {
    let mut handlers = HANDLERS.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(route) = handlers.routes.get(text) {
        return *route;
    }
    let label: &'static str = text.to_owned().leak();
    let route = Handler {
        number: handlers.next_number(),
        name: Handler::ROUTES,
        label,
        fingerprint: Fingerprint::of_bytes(Handler::ROUTES.as_bytes()),
    };
    handlers.routes.insert(label, route);
    route
}

/// The process-wide table of handlers. It grows with the program's handlers, not with its requests.
static HANDLERS: LazyLock<RwLock<Handlers>> = LazyLock::new(RwLock::default);

#[derive(Default)]
struct Handlers {
    identities: HashMap<TypeId, Registered>,
    owners: HashMap<&'static str, TypeId>,
    routes: HashMap<&'static str, Handler>,
}

impl Handlers {
    fn next_number(&self) -> usize {
        1 + self.identities.len() + self.routes.len()
    }

    fn add(&mut self, id: TypeId, name: &'static str, path: &'static str) -> Registered {
        let owner = *self.owners.entry(name).or_insert(id);
        if owner != id {
            events::handler_name_taken(name);
        }
        let number = self.next_number();
        *self.identities.entry(id).or_insert_with(|| {
            let name = key::escape_handler(name).leak();
            (owner == id).then(|| Handler {
                number,
                name,
                label: name,
                fingerprint: Fingerprint::of_bytes(path.as_bytes()),
            })
        })
    }
}
