//! The pattern `_`.

use syn::{Pat, PatWild, parse_quote};

/// Takes a pattern out of its place and leaves `_` there.
pub(super) fn take(pat: &mut Pat) -> Pat {
    std::mem::replace(pat, wildcard())
}

pub(super) fn wildcard() -> Pat {
    Pat::Wild(PatWild {
        attrs: Vec::new(),
        underscore_token: parse_quote!(_),
    })
}
