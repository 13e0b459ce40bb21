//! Which handler a request is for: its name in keys, proven to be its own.

use std::{
    any::{TypeId, type_name},
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use crate::{events, key::KeyError, policy::Policy};

/// One attribute in the source: its policy, and the handlers it became.
///
/// A generic function becomes a handler per instance, so nothing here belongs to one of them alone
/// but the first identity seen, which is kept at hand.
#[derive(Debug)]
pub struct Site {
    pub(crate) policy: Policy,
    /// The option `name`.
    name: Option<&'static str>,
    first: OnceLock<(TypeId, Identity)>,
}

/// What a handler is called, or that the name is taken.
type Identity = Option<&'static str>;

impl Site {
    /// What the attribute says.
    pub const fn new(policy: Policy, name: Option<&'static str>) -> Self {
        Self {
            policy,
            name,
            first: OnceLock::new(),
        }
    }

    /// The name of the handler `F`, escaped for keys. `None`: another handler has that name, so neither key nor entry
    /// can be told apart and requests go past the cache.
    pub(crate) fn handler<F: 'static>(&self) -> Option<&'static str> {
        let id = TypeId::of::<F>();
        let (first, identity) = self.first.get_or_init(|| (id, self.register::<F>()));
        if *first == id {
            *identity
        } else {
            self.register::<F>()
        }
    }

    /// As [`handler`](Self::handler), with the reason when there is none.
    pub(crate) fn named<F: 'static>(&self) -> Result<&'static str, KeyError> {
        self.handler::<F>().ok_or_else(|| {
            KeyError::new("another handler has that name; give it its own with `name = \"…\"`")
        })
    }

    fn register<F: 'static>(&self) -> Identity {
        register(TypeId::of::<F>(), self.name.unwrap_or_else(type_name::<F>))
    }
}

/// The process-wide table of names. It grows with the program's handlers, not with its requests.
fn register(id: TypeId, name: &'static str) -> Identity {
    static HANDLERS: OnceLock<Mutex<HashMap<&'static str, (TypeId, &'static str)>>> = OnceLock::new();
    let mut handlers = HANDLERS
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let (owner, escaped) = *handlers
        .entry(name)
        .or_insert_with(|| (id, crate::key::escape_handler(name).leak()));
    if owner == id {
        return Some(escaped);
    }
    drop(handlers);
    events::handler_name_taken(name);
    None
}
