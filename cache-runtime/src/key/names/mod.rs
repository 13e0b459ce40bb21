//! The names of a cache's records in the store: the keys of entries, and their tags.

mod tags;
mod eviction;
#[cfg(any(feature = "layer", test))]
mod paths;

use std::{
    cell::RefCell,
    sync::{Arc, RwLock},
};

pub(crate) use self::eviction::Eviction;
use self::tags::HandlerTags;
use super::{
    KeyArgs, KeyError,
    cache_key::{CacheKey, Keyed},
    cap::{cap, is_short},
    escape::escape_tag,
    handler::Handler,
    writer::write_args,
};
use crate::{
    policy::Policy,
    slot::{Fingerprint, Slot},
};

/// The largest buffer that a thread keeps for its next request, in bytes.
const MAX_KEPT_BUFFER: usize = 16 * 1024;

/// Builds the names of one cache. They all begin with its prefix.
#[derive(Debug)]
pub(crate) struct Names {
    /// As in `shop:#root`.
    prefix: String,
    /// As in `shop@7:api::page()` in a cache with a version. Tags have no version, so an eviction reaches every version.
    entry_prefix: String,
    is_versioned: bool,
    root: Arc<str>,
    tag_epoch: Arc<str>,
    /// The tags of all entries of a handler, by the handler's number.
    handler_tags: RwLock<Vec<Option<HandlerTags>>>,
}

/// The arguments of a handler, as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments<'a> {
    pub(crate) handler: &'a str,
    /// With the parentheses.
    pub(crate) text: &'a str,
}

impl Names {
    pub(crate) fn new(prefix: &str, version: Option<&str>) -> Self {
        Self {
            prefix: prefix.to_owned(),
            entry_prefix: match version {
                Some(version) => format!("{prefix}@{}", escape_version(version)),
                None => prefix.to_owned(),
            },
            is_versioned: version.is_some(),
            root: format!("{prefix}:#root").into(),
            tag_epoch: format!("{prefix}:#any").into(),
            handler_tags: RwLock::default(),
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Builds the key of a request in a buffer that the thread keeps, and passes it to `with`.
    ///
    /// `write` writes the arguments. `write_variant` appends what else distinguishes the entries of the same arguments.
    ///
    /// # Errors
    /// An argument has no text.
    pub(crate) fn with_key<T>(
        &self,
        handler: &'static str,
        version: Option<&str>,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
        write_variant: impl FnOnce(&mut String) -> Result<(), KeyError>,
        with: impl FnOnce(&str, Arguments<'_>) -> T,
    ) -> Result<T, KeyError> {
        thread_local!(static BUFFER: RefCell<String> = RefCell::default());
        // Taken, not borrowed: the application's code writes the arguments, and it may build another key, or panic.
        let mut key = BUFFER.take();
        key.clear();
        self.push_handler(&mut key, handler, version);
        let start = key.len();
        write_args(&mut key, write)?;
        let end = key.len();
        write_variant(&mut key)?;
        let value = if is_short(&key) {
            let arguments = Arguments {
                handler,
                text: &key[start..end],
            };
            with(&key, arguments)
        } else {
            let text = key[start..end].to_owned();
            cap(&mut key);
            with(&key, Arguments { handler, text: &text })
        };
        // An argument may be a whole request body, for which a thread need not keep room.
        if key.capacity() <= MAX_KEPT_BUFFER {
            BUFFER.set(key);
        }
        Ok(value)
    }

    /// The slot of a request with this key.
    pub(crate) fn slot(
        &self,
        key: &str,
        handler: Handler,
        arguments: Arguments<'_>,
        has_variants: bool,
        owner: Fingerprint,
    ) -> Slot {
        let mut tags = self.handler_tags(handler);
        if self.is_versioned || has_variants {
            let arguments = self.arguments_tag(arguments);
            tags = tags.iter().cloned().chain([arguments]).collect();
        }
        Slot {
            key: key.into(),
            tags,
            tag_epoch: self.tag_epoch(),
            owner,
        }
    }

    /// The slot with further tags of the application.
    pub(crate) fn tagged<'a>(&self, mut slot: Slot, tags: impl IntoIterator<Item = &'a String>) -> Slot {
        let tags = tags.into_iter().map(|tag| self.user_tag(tag));
        slot.tags = slot.tags.iter().cloned().chain(tags).collect();
        slot
    }

    /// The slot of a key that the application holds. `write_variant` appends what else distinguishes the entries of the same
    /// arguments.
    ///
    /// # Errors
    /// The key could not be built.
    pub(crate) fn slot_of(
        &self,
        key: &CacheKey,
        write_variant: impl FnOnce(&mut String, &Policy) -> Result<(), KeyError>,
    ) -> Result<Slot, KeyError> {
        let keyed = key.keyed.as_ref().map_err(Clone::clone)?;
        let Keyed { policy, variant, .. } = keyed;
        let arguments = Arguments {
            handler: &key.name,
            text: &keyed.arguments,
        };
        let mut text = String::new();
        self.push_handler(&mut text, arguments.handler, policy.version);
        text.push_str(arguments.text);
        write_variant(&mut text, policy)?;
        if let Some(variant) = variant {
            text.push(';');
            text.push_str(variant);
        }
        cap(&mut text);
        let has_variants = variant.is_some() || policy.has_variants();
        let slot = self.slot(&text, keyed.handler, arguments, has_variants, keyed.owner);
        Ok(self.tagged(slot, keyed.tags.iter().flatten()))
    }

    /// The key of one variant of the resource with this key.
    pub(crate) fn variant_key(&self, key: &str, variant: Fingerprint) -> String {
        let mut key = format!("{key};variant={}", variant.hex());
        cap(&mut key);
        key
    }

    fn push_handler(&self, key: &mut String, handler: &str, version: Option<&str>) {
        key.push_str(&self.entry_prefix);
        key.push(':');
        key.push_str(handler);
        if let Some(version) = version {
            key.push('@');
            key.push_str(&escape_version(version));
        }
    }
}

/// In a key a colon ends the version.
fn escape_version(version: &str) -> String {
    escape_tag(version).replace(':', "%3A")
}
