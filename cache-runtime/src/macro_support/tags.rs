//! The option `tags`, evaluated.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::origin::http::TagList;

/// Adds the tags of the option `tags`.
pub type ListTags<'a> = dyn Fn(&mut TagList) + 'a;

/// The tags. `None`: the user's code panicked, so it is unknown which tags would evict the entry.
pub(super) fn listed(list: &ListTags<'_>) -> Option<Vec<String>> {
    let mut tags = TagList::default();
    let listed = catch_unwind(AssertUnwindSafe(|| list(&mut tags)));
    listed.ok().map(|()| tags.into())
}
