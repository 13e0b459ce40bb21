//! Lazy parameters: extracted on a miss only, after key and tags exist.

use syn::{Expr, ext::IdentExt as _};

use crate::{
    errors::Errors,
    model::{Handler, Param, Role, contains},
    parse::Options,
    syntax::{types::is_named, variables::variables},
};

/// axum's extractors that take the body. A lazy extractor runs after the body was taken.
const BODY_EXTRACTORS: [&str; 8] = [
    "Body",
    "Bytes",
    "Form",
    "Json",
    "Multipart",
    "RawForm",
    "Request",
    "String",
];

pub(super) fn check(handler: &Handler, options: &Options, errors: &mut Errors) {
    if let Some(key) = &options.key {
        used_too_early(handler, &key.value, "`key` is", errors);
    }
    for tag in options.tags.iter().flat_map(|tags| &tags.value) {
        used_too_early(handler, tag, "`tags` are", errors);
    }
    for param in lazy(handler) {
        parameter(param, options, errors);
    }
}

/// Rejects lazy bindings in expressions that are evaluated before the handler runs.
fn used_too_early(handler: &Handler, expression: &Expr, option: &str, errors: &mut Errors) {
    let used = variables(expression);
    for binding in lazy(handler).flat_map(|param| &param.bindings) {
        if used.contains(&binding.unraw().to_string()) {
            errors.on(
                expression,
                format!(
                    "`{binding}` is lazy, so it has no value yet when {option} evaluated; remove it from one of them"
                ),
            );
        }
    }
}

fn parameter(param: &Param, options: &Options, errors: &mut Errors) {
    if let Some(cfg) = param.cfgs.first() {
        errors.on(
            cfg,
            "a lazy parameter cannot have `#[cfg]`; write a handler for each configuration",
        );
    }
    if let Some(body) = BODY_EXTRACTORS.iter().find(|name| is_named(&param.ty, name)) {
        errors.on(
            &param.ty,
            format!("`{body}` takes the request body, which lazy extractors cannot; list it in `ignore` instead of `lazy`"),
        );
    }
    for binding in &param.bindings {
        if !contains(options.lazy(), binding) {
            errors.at(
                binding.span(),
                format!(
                    "`{binding}` is extracted together with a lazy name; add it: `lazy = [{binding}, …]`"
                ),
            );
        }
    }
}

fn lazy(handler: &Handler) -> impl Iterator<Item = &Param> {
    handler.params.iter().filter(|param| param.role == Role::Lazy)
}
