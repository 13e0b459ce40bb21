//! The attributes of [`handler-cache`](https://docs.rs/handler-cache), which documents them.
//!
//! An attribute passes through the modules in this order: `parse` reads its options and the function below it, `model`
//! describes the handler, `validate` finds mistakes, and `expand` generates code, or `fallback` the errors.

mod attribute;
mod errors;
mod suggestions;
mod syntax;
mod parse;
mod attributes;
mod model;
mod validate;
mod expand;
mod fallback;

use proc_macro::TokenStream;

use crate::{
    attribute::{
        Attribute, CACHE, CACHE_EVICT, CACHE_ONE_DAY, CACHE_ONE_HOUR, CACHE_ONE_MINUTE, CACHE_ONE_MONTH,
        CACHE_ONE_WEEK, CACHE_ONE_YEAR,
    },
    errors::Errors,
    model::Handler,
    parse::{Function, Options},
};

// Documented at the facade's re-export, where the examples compile.
#[expect(missing_docs)]
#[proc_macro_attribute]
pub fn cache(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE, args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a minute: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_minute(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE_ONE_MINUTE, args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for an hour: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_hour(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE_ONE_HOUR, args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a day: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_day(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE_ONE_DAY, args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a week: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_week(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE_ONE_WEEK, args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a month of 30 days: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_month(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE_ONE_MONTH, args.into(), item.into()).into()
}

/// Caches the responses of an axum handler for a year of 365 days: [`#[cache]`](macro@cache) with all its options but `expire`.
#[proc_macro_attribute]
pub fn cache_one_year(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE_ONE_YEAR, args.into(), item.into()).into()
}

// As with `cache`.
#[expect(missing_docs)]
#[proc_macro_attribute]
pub fn cache_evict(args: TokenStream, item: TokenStream) -> TokenStream {
    apply(CACHE_EVICT, args.into(), item.into()).into()
}

/// Expands one attribute on one item, together with our other attributes on the same item.
fn apply(
    attribute: Attribute,
    arguments: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    if attributes::is_merged(&arguments) {
        return proc_macro2::TokenStream::new();
    }
    let (arguments, is_hoisted) = attributes::unmarked(arguments);
    let mut errors = Errors::default();
    let mut options = Options::default();
    options.read(attribute, arguments.clone(), &mut errors);
    let mut function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(error);
            return fallback::unparsed(&item, errors);
        }
    };
    if !is_hoisted
        && let Some(hoisted) = attributes::hoisted(&function, attribute, options.facade.as_ref(), &arguments)
    {
        // The attribute expands again, and reports the errors in its options then.
        return hoisted;
    }
    let merged = attributes::merge_others(&mut function, &mut options, &mut errors);
    let handler = Handler::new(function, &options);
    let signature = validate::validate(&handler, attribute, &options, &mut errors);
    let expanded = match errors.into_tokens() {
        Some(errors) => fallback::uncached(&handler, &options, signature, errors),
        None => expand::expand(&handler, &options),
    };
    merged.into_iter().chain(expanded).collect()
}

#[cfg(test)]
mod tests;
