//! The signature of a handler: qualifiers, name, generics and receiver.

use syn::{FnArg, GenericParam, Safety};

use crate::{
    attribute::Attribute,
    errors::Errors,
    parse::{Function, Options},
};

/// Types that are in scope in every module. A companion with the same name would hide them.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
    "u64", "u128", "usize",
];

pub(super) fn check(function: &Function, attribute: Attribute, options: &Options, errors: &mut Errors) {
    qualifiers(function, errors);
    lifetimes(function, errors);
    receiver(function, attribute, errors);
    companion_name(function, options, errors);
}

fn qualifiers(function: &Function, errors: &mut Errors) {
    let sig = &function.sig;
    if let Some(token) = &sig.constness {
        errors.at(token.span, "axum calls handlers at run time; remove `const`");
    }
    if sig.asyncness.is_none() {
        errors.at(sig.fn_token.span, "a handler is asynchronous; write `async fn`");
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(
            token.span,
            "axum calls handlers from safe code; remove `unsafe`, and use an `unsafe` block in the body",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.on(abi, "axum calls Rust functions only; remove `extern`");
    }
    if let Some(variadic) = &sig.variadic {
        errors.on(
            variadic,
            "a handler has a fixed number of parameters; remove `...`",
        );
    }
}

fn lifetimes(function: &Function, errors: &mut Errors) {
    for param in &function.sig.generics.params {
        if let GenericParam::Lifetime(param) = param {
            errors.on(
                &param.lifetime,
                "a handler owns its arguments, so it has no lifetime parameters; use owned types or `'static`",
            );
        }
    }
}

fn receiver(function: &Function, attribute: Attribute, errors: &mut Errors) {
    for input in &function.sig.inputs {
        if let FnArg::Receiver(receiver) = input {
            errors.on(
                receiver,
                format!(
                    "a handler has no `self` parameter; take the value from `State`, and write `#[{}(associated, …)]` \
                     if the function is in an `impl` block",
                    attribute.name
                ),
            );
        }
    }
}

fn companion_name(function: &Function, options: &Options, errors: &mut Errors) {
    let has_companion_of_its_name =
        options.cache.is_some() && options.companion.is_none() && options.associated.is_none();
    let name = &function.sig.ident;
    if has_companion_of_its_name && PRIMITIVES.iter().any(|primitive| name == primitive) {
        errors.at(
            name.span(),
            format!(
                "the companion type would hide the primitive type `{name}`; give it another name with `companion = …`"
            ),
        );
    }
}
