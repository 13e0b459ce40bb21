//! The attributes of [`handler-cache`](https://docs.rs/handler-cache).
//!
//! Applications use them through the facade `handler-cache`, which documents them. An attribute's way through the modules:
//! `args` reads its options, `function` and `handler` the item below it, `validate` finds what is wrong, and `expand` writes
//! the code, or `fallback` the errors.

mod args;
mod attributes;
mod duration;
mod errors;
mod expand;
mod fallback;
mod function;
mod handler;
mod mentions;
mod pattern;
mod span;
mod validate;

use proc_macro::TokenStream;

use crate::{args::Attribute, errors::Errors, function::Function, handler::Handler};

const PRESETS: [Attribute; 6] = [
    preset("cache_one_minute", 60),
    preset("cache_one_hour", 60 * 60),
    preset("cache_one_day", 24 * 60 * 60),
    preset("cache_one_week", 7 * 24 * 60 * 60),
    preset("cache_one_month", 30 * 24 * 60 * 60),
    preset("cache_one_year", 365 * 24 * 60 * 60),
];

const fn preset(name: &'static str, seconds: u64) -> Attribute {
    Attribute {
        name,
        expire: Some(seconds),
    }
}

const CACHE: Attribute = Attribute {
    name: "cache",
    expire: None,
};

// The guide to this attribute is on the facade's re-export, where its examples compile.
#[expect(missing_docs)]
#[proc_macro_attribute]
pub fn cache(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE, args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a minute: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_minute(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(PRESETS[0], args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for an hour: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_hour(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(PRESETS[1], args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a day: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_day(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(PRESETS[2], args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a week: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_week(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(PRESETS[3], args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a month of 30 days: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_month(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(PRESETS[4], args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a year of 365 days: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_year(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(PRESETS[5], args.into(), item.into()).into()
}

/// One attribute on one item.
fn apply(
    attribute: Attribute,
    tokens: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    let mut errors = Errors::default();
    let args = args::Args::parse(attribute, tokens.clone(), &mut errors);
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(error);
            return fallback::unreadable(&item, errors);
        }
    };
    if let Some(tokens) = attributes::hoisted(&function, &args, &tokens) {
        // The options are read again when the attribute runs again, and their errors reported then.
        return tokens;
    }
    let handler = Handler::new(function, &args);
    let is_handler = validate::validate(&handler, &args, &mut errors);
    match errors.into_tokens() {
        Some(errors) => fallback::uncached(&handler, &args, is_handler, errors),
        None => expand::expand(&handler, &args),
    }
}

#[cfg(test)]
mod tests;
