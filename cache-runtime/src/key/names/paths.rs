//! The tags of entries with paths, which only layers store.

use std::sync::Arc;

use super::{Eviction, Names};
use crate::key::{escape::escape_tag, handler::Handler, path::normalize};

impl Names {
    /// The tag of every entry with this path and a safe method, in any spelling of the path, whatever its host, query and
    /// variant.
    pub(crate) fn path_tag(&self, path: &str) -> Arc<str> {
        self.tag('p', &escape_tag(&normalize(path)), "")
    }

    /// The tag of every entry with this path and an unsafe method.
    pub(crate) fn unsafe_path_tag(&self, path: &str) -> Arc<str> {
        self.tag('u', &escape_tag(&normalize(path)), "")
    }

    /// The tag of every entry at or below this path.
    pub(crate) fn below_tag(&self, path: &str) -> Arc<str> {
        match &*normalize(path) {
            // All entries with paths have this handler.
            "/" => self.handler_tag(Handler::ROUTES),
            path => self.tag('b', &escape_tag(path), ""),
        }
    }

    /// The evictions of a path, whatever the method.
    pub(crate) fn evictions_of_path(&self, path: &str) -> [Eviction; 2] {
        [self.path_tag(path), self.unsafe_path_tag(path)].map(Eviction::Path)
    }
}
