//! Options that name bindings: each name must bind something that the option can act on.

use proc_macro2::Ident;
use syn::{Expr, ExprLit, Lit, ext::IdentExt as _};

use crate::{
    args::{Args, Given, Target},
    errors::{Errors, listed, nearest},
    handler::{Handler, Param, Role, contains, is_named},
    mentions::mentioned,
};

/// axum's extractors that take the body, which is gone when a lazy extractor runs.
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

pub(super) fn check(handler: &Handler, args: &Args, errors: &mut Errors) {
    for names in [&args.ignore, &args.lazy].into_iter().flatten() {
        unbound(handler, names, errors);
    }
    key(handler, args, errors);
    for tag in args.tags.iter().flat_map(|tags| &tags.value) {
        not_lazy(handler, tag, "the tags are", errors);
        unformatted(handler, tag, errors);
    }
    for target in args.evict.iter().flatten() {
        if let Target::Tag { value, .. } = target {
            unformatted(handler, value, errors);
        }
    }
    if let Some(lazy) = &args.lazy {
        for param in handler.params.iter().filter(|param| param.role == Role::Lazy) {
            lazy_parameter(param, lazy, errors);
        }
    }
}

fn unbound(handler: &Handler, names: &Given<Vec<Ident>>, errors: &mut Errors) {
    let bound: Vec<String> = handler
        .params
        .iter()
        .flat_map(|param| &param.bindings)
        .map(|binding| binding.unraw().to_string())
        .collect();
    for name in &names.value {
        let text = name.unraw().to_string();
        if bound.contains(&text) {
            continue;
        }
        let cure = match nearest(&text, bound.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the bindings are {}", listed(&bound)),
        };
        errors.at(
            name.span(),
            format!(
                "`{}` names `{text}`, which no parameter of `{}` binds; {cure}",
                names.name,
                handler.name().unraw()
            ),
        );
    }
}

/// A tag `"product:{id}"` is those very letters, and nobody ever evicts it.
fn unformatted(handler: &Handler, tag: &Expr, errors: &mut Errors) {
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text), ..
    }) = tag
    else {
        return;
    };
    let named = handler.mentioned_in(tag);
    if let Some(binding) = named.iter().flat_map(|keyed| &keyed.bindings).next() {
        let text = text.token();
        errors.on(
            tag,
            format!("`{{{binding}}}` is not filled in here; write `format!({text})`"),
        );
    }
}

/// `key` may not use what is to be left out of the key.
fn key(handler: &Handler, args: &Args, errors: &mut Errors) {
    let Some(key) = &args.key else { return };
    let used = mentioned(&key.value);
    if let Some(ignore) = &args.ignore {
        for name in ignore
            .value
            .iter()
            .filter(|name| used.contains(&name.unraw().to_string()))
        {
            errors.at(
                name.span(),
                format!("`key` uses `{name}`, so it cannot be ignored; take it out of one of the two"),
            );
        }
    }
    not_lazy(handler, &key.value, "the key is", errors);
}

/// What is made before the handler runs cannot use what is extracted then.
fn not_lazy(handler: &Handler, expression: &Expr, made: &str, errors: &mut Errors) {
    let used = mentioned(expression);
    let lazy = handler.params.iter().filter(|param| param.role == Role::Lazy);
    for binding in lazy.flat_map(|param| &param.bindings) {
        if used.contains(&binding.unraw().to_string()) {
            errors.on(
                expression,
                format!(
                    "`{binding}` is lazy: it is not there yet when {made} made; take it out of one of the two"
                ),
            );
        }
    }
}

fn lazy_parameter(param: &Param, lazy: &Given<Vec<Ident>>, errors: &mut Errors) {
    if let Some(cfg) = param.cfgs.first() {
        errors.on(
            cfg,
            "a lazy parameter cannot have `#[cfg]`; put the attribute on two versions of the handler",
        );
    }
    if let Some(body) = BODY_EXTRACTORS.iter().find(|name| is_named(&param.ty, name)) {
        errors.on(
            &param.ty,
            format!("`{body}` takes the body, and cannot be lazy; leave it out of the key with `ignore`"),
        );
    }
    for binding in param
        .bindings
        .iter()
        .filter(|binding| !contains(&lazy.value, binding))
    {
        errors.at(
            binding.span(),
            format!("this is extracted together with what is lazy; name it too: `lazy = [{binding}, …]`"),
        );
    }
}
