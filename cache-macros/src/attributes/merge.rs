//! `#[cache]` and `#[cache_evict]` on one handler: the one that runs first does the work of both.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Meta, Path};

use crate::{
    attribute::{self, Kind},
    errors::Errors,
    parse::{Function, Options},
};

/// The argument of an attribute whose work another attribute did.
const MERGED: &str = "__merged";

/// Whether `arguments` mark an attribute whose work another attribute did.
pub(crate) fn is_merged(arguments: &TokenStream) -> bool {
    syn::parse2::<Ident>(arguments.clone()).is_ok_and(|only| only == MERGED)
}

/// Removes our other attributes from the function and reads their options.
///
/// Input: `#[cache_evict(product(..))] #[instrument] async fn …`
/// Output: `#[cache_evict(__merged)] fn __merged() {}`, which expands to nothing
///
/// Without the output, the compiler would never resolve the attribute, and would warn of an unused import.
pub(crate) fn merge_others(
    function: &mut Function,
    options: &mut Options,
    errors: &mut Errors,
) -> TokenStream {
    let mut uses = TokenStream::new();
    let (others, attrs): (Vec<_>, Vec<_>) = std::mem::take(&mut function.attrs)
        .into_iter()
        .partition(|attr| our_attribute(attr, options.facade.as_ref()).is_some());
    function.attrs = attrs;
    let cfgs: Vec<_> = function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .collect();
    for attr in others {
        let Some(other) = our_attribute(&attr, options.facade.as_ref()) else {
            continue;
        };
        let path = attr.path();
        let merged = Ident::new(MERGED, Span::mixed_site());
        uses.extend(quote!(#(#cfgs)* #[#path(#merged)] fn #merged() {}));
        if options.has(other) {
            errors.on(&attr, repeated(other));
            continue;
        }
        match arguments(&attr) {
            Ok(tokens) => options.read(other, tokens, errors),
            Err(error) => errors.push(error),
        }
    }
    uses
}

/// The attribute of this crate that `attr` names, if any.
fn our_attribute(attr: &Attribute, facade: Option<&Path>) -> Option<attribute::Attribute> {
    let mut segments = attr.path().segments.iter().rev();
    let (last, module) = (segments.next()?, segments.next());
    let facade = facade.and_then(|path| path.segments.last());
    let is_ours = module.is_none_or(|module| {
        module.ident == "handler_cache" || facade.is_some_and(|facade| facade.ident == module.ident)
    });
    let mut all = attribute::ALL.into_iter().filter(|_| is_ours);
    all.find(|attribute| last.ident == attribute.name)
}

/// The tokens in the parentheses of an attribute.
fn arguments(attr: &Attribute) -> syn::Result<TokenStream> {
    match &attr.meta {
        Meta::Path(_) => Ok(TokenStream::new()),
        Meta::List(list) => Ok(list.tokens.clone()),
        Meta::NameValue(_) => Err(syn::Error::new_spanned(
            attr,
            "options are written in parentheses, such as `#[cache(expire = 30)]`",
        )),
    }
}

fn repeated(attribute: attribute::Attribute) -> &'static str {
    match attribute.kind {
        Kind::Cache { .. } => "this handler is already cached; remove one of the two attributes",
        Kind::Evict => {
            "this handler already has `#[cache_evict]`; list all targets in one attribute: `#[cache_evict(…, …)]`"
        }
    }
}
