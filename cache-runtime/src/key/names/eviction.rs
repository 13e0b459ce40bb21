//! What an eviction removes.

use std::{fmt, sync::Arc};

use super::{Arguments, Names};
use crate::key::{KeyError, cache_key::CacheKey, cap::cap, handler::Handler};

/// The entries that an eviction removes.
#[derive(Debug, Clone)]
pub(crate) enum Eviction {
    /// The entries of a handler with the same arguments: one by its key, and others by their tag.
    Key {
        handler: Handler,
        plain: Arc<str>,
        variants: Arc<str>,
    },
    /// The entries of a handler.
    Handler { handler: Handler, tag: Arc<str> },
    /// The entries with a tag of the application, which handlers may name in their responses.
    UserTag(Arc<str>),
    /// The entries at a path, or at and below it.
    #[cfg_attr(not(feature = "layer"), allow(dead_code, reason = "for the layer"))]
    Path(Arc<str>),
    /// All entries.
    Root(Arc<str>),
}

impl Eviction {
    /// The handler, if all of the entries are of one.
    pub(crate) fn handler(&self) -> Option<Handler> {
        match *self {
            Self::Key { handler, .. } | Self::Handler { handler, .. } => Some(handler),
            Self::UserTag(_) | Self::Path(_) | Self::Root(_) => None,
        }
    }
}

impl fmt::Display for Eviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { plain: name, .. }
            | Self::Handler { tag: name, .. }
            | Self::UserTag(name)
            | Self::Path(name)
            | Self::Root(name) => f.write_str(name),
        }
    }
}

impl Names {
    /// The eviction of a key: of the entry without version and variant, and of the tag of all others.
    ///
    /// Both, whatever the handler has today: another release that runs at the same time may have `vary`, a version, or
    /// neither.
    ///
    /// # Errors
    /// The key could not be built.
    pub(crate) fn eviction(&self, key: &CacheKey) -> Result<Eviction, KeyError> {
        let keyed = key.keyed.as_ref().map_err(Clone::clone)?;
        let arguments = Arguments {
            handler: &key.name,
            text: &keyed.arguments,
        };
        let mut plain = format!("{}:{}{}", self.prefix, arguments.handler, arguments.text);
        cap(&mut plain);
        Ok(Eviction::Key {
            handler: keyed.handler,
            plain: plain.into(),
            variants: self.arguments_tag(arguments),
        })
    }

    pub(crate) fn eviction_of_all(&self, handler: Handler) -> Eviction {
        Eviction::Handler {
            handler,
            tag: self.handler_tag(handler.name),
        }
    }
}
