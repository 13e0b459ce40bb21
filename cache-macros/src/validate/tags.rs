//! Tags that are not what they look like.

use syn::{Expr, ExprLit, Lit};

use crate::{
    errors::Errors,
    model::Handler,
    parse::{Options, Target},
};

pub(super) fn check(handler: &Handler, options: &Options, errors: &mut Errors) {
    for tag in options.tags.iter().flat_map(|tags| &tags.value) {
        unformatted(handler, tag, errors);
    }
    for target in options.evict.iter().flatten() {
        if let Target::Tag { value, .. } = target {
            unformatted(handler, value, errors);
        }
    }
}

/// Rejects `"product:{id}"`, which would be these very letters, so that no eviction would find it.
fn unformatted(handler: &Handler, tag: &Expr, errors: &mut Errors) {
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text), ..
    }) = tag
    else {
        return;
    };
    let used = handler.used_in(tag);
    if let Some(binding) = used.iter().flat_map(|used| &used.bindings).next() {
        let text = text.token();
        errors.on(
            tag,
            format!("`{{{binding}}}` is literal text here; write `format!({text})`"),
        );
    }
}
