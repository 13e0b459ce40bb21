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
mod owned;
mod pattern;
mod span;
mod validate;

use proc_macro::TokenStream;

use crate::{
    args::{Args, Attribute, Kind},
    errors::Errors,
    function::Function,
    handler::Handler,
};

const CACHE: Attribute = caching("cache", None);

const EVICT: Attribute = Attribute {
    name: "cache_evict",
    kind: Kind::Evict,
};

const PRESETS: [Attribute; 6] = [
    caching("cache_one_minute", Some(60)),
    caching("cache_one_hour", Some(60 * 60)),
    caching("cache_one_day", Some(24 * 60 * 60)),
    caching("cache_one_week", Some(7 * 24 * 60 * 60)),
    caching("cache_one_month", Some(30 * 24 * 60 * 60)),
    caching("cache_one_year", Some(365 * 24 * 60 * 60)),
];

const ATTRIBUTES: [Attribute; 8] = {
    let [minute, hour, day, week, month, year] = PRESETS;
    [CACHE, EVICT, minute, hour, day, week, month, year]
};

const fn caching(name: &'static str, expire: Option<u64>) -> Attribute {
    Attribute {
        name,
        kind: Kind::Cache { expire },
    }
}

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

// As with `cache`.
#[expect(missing_docs)]
#[proc_macro_attribute]
pub fn cache_evict(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(EVICT, args.into(), item.into()).into()
}

/// One attribute on one item. If another of ours stands below it, both are applied together.
fn apply(
    attribute: Attribute,
    tokens: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    if attributes::is_taken_in(&tokens) {
        return proc_macro2::TokenStream::new();
    }
    let mut errors = Errors::default();
    let mut args = Args::default();
    args.read(attribute, tokens.clone(), &mut errors);
    let mut function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(error);
            return fallback::unreadable(&item, errors);
        }
    };
    if let Some(tokens) = attributes::hoisted(&function, attribute, args.facade.as_ref(), &tokens) {
        // The options are read again when the attribute runs again, and their errors reported then.
        return tokens;
    }
    let mut expanded = attributes::take_in_others(&mut function, &mut args, &mut errors);
    let handler = Handler::new(function, &args);
    let is_handler = validate::validate(&handler, attribute, &args, &mut errors);
    expanded.extend(match errors.into_tokens() {
        Some(errors) => fallback::plain(&handler, &args, is_handler, errors),
        None => expand::expand(&handler, &args),
    });
    expanded
}

#[cfg(test)]
mod tests;
