//! The names of tags.

use std::sync::{Arc, PoisonError};

use super::{Arguments, Names};
use crate::key::{cap::cap, escape::escape_tag, handler::Handler};

/// The tags of all entries of a handler: the root, and its own.
pub(super) type HandlerTags = Arc<[Arc<str>]>;

impl Names {
    /// The tag of every entry.
    pub(crate) fn root_tag(&self) -> Arc<str> {
        Arc::clone(&self.root)
    }

    /// The tag epoch, which is invalidated before every tag of the application.
    pub(crate) fn tag_epoch(&self) -> Arc<str> {
        Arc::clone(&self.tag_epoch)
    }

    /// Whether the eviction of another name invalidates this tag as well: the tag epoch, and the tags of argument lists.
    pub(crate) fn is_implied(&self, tag: &str) -> bool {
        let kind = tag.strip_prefix(&*self.prefix);
        *tag == *self.tag_epoch || kind.is_some_and(|kind| kind.starts_with(":#a:"))
    }

    /// A tag of the application.
    pub(crate) fn user_tag(&self, tag: &str) -> Arc<str> {
        self.tag('t', &escape_tag(tag), "")
    }

    /// The tag of every entry of a handler.
    pub(super) fn handler_tag(&self, handler: &str) -> Arc<str> {
        self.tag('h', handler, "")
    }

    /// The tag of every entry with these arguments: versions, methods and variants.
    pub(super) fn arguments_tag(&self, arguments: Arguments<'_>) -> Arc<str> {
        self.tag('a', arguments.handler, arguments.text)
    }

    /// Built once for each handler: every request needs them that memory does not answer.
    pub(super) fn handler_tags(&self, handler: Handler) -> HandlerTags {
        let known = self.handler_tags.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(tags)) = known.get(handler.number) {
            return Arc::clone(tags);
        }
        drop(known);
        let tags = HandlerTags::from([self.root_tag(), self.handler_tag(handler.name)]);
        let mut known = self.handler_tags.write().unwrap_or_else(PoisonError::into_inner);
        let length = known.len().max(handler.number + 1);
        known.resize(length, None);
        known[handler.number] = Some(Arc::clone(&tags));
        tags
    }

    /// No key of an entry begins with `#`. The letter distinguishes the kinds of tags.
    pub(super) fn tag(&self, kind: char, handler: &str, arguments: &str) -> Arc<str> {
        let mut name = format!("{}:#{kind}:{handler}{arguments}", self.prefix);
        cap(&mut name);
        name.into()
    }
}
