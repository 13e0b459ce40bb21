//! The attributes that stand below `#[cache]`, sorted by where they belong.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{Attribute, Meta, Path};

use crate::{args::Args, function::Function};

/// An item's other attributes, each where it does its work.
pub(crate) struct Attributes {
    /// On what users see and call: docs, `cfg`, lint levels, `deprecated`.
    pub(crate) outer: Vec<TokenStream>,
    /// On everything generated: `cfg` and lint levels.
    pub(crate) all: Vec<TokenStream>,
    /// On the function with the original signature: they may name its parameters.
    pub(crate) body: Vec<Attribute>,
}

impl Attributes {
    pub(crate) fn sort(attrs: &[Attribute]) -> Self {
        let mut sorted = Self {
            outer: Vec::new(),
            all: Vec::new(),
            body: Vec::new(),
        };
        for attr in attrs {
            match attr.path().get_ident().map(Ident::to_string).as_deref() {
                Some("doc" | "must_use") => sorted.outer.push(attr.to_token_stream()),
                Some("deprecated") => {
                    sorted.outer.push(attr.to_token_stream());
                    // What is generated beside a deprecated handler names it.
                    sorted.all.push(quote!(#[allow(deprecated)]));
                }
                Some("cfg") => {
                    sorted.outer.push(attr.to_token_stream());
                    sorted.all.push(attr.to_token_stream());
                }
                Some("allow" | "warn" | "deny" | "forbid") => {
                    sorted.outer.push(attr.to_token_stream());
                    sorted.all.push(attr.to_token_stream());
                    sorted.body.push(attr.clone());
                }
                Some("expect") => {
                    // What is expected happens in the body; outside it may not, and must not be missed there.
                    let allowed = expect_to_allow(attr);
                    sorted.outer.push(allowed.clone());
                    sorted.all.push(allowed);
                    sorted.body.push(attr.clone());
                }
                _ => sorted.body.push(attr.clone()),
            }
        }
        sorted
    }
}

fn expect_to_allow(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        Meta::List(list) => {
            let lints = &list.tokens;
            quote!(#[allow(#lints)])
        }
        _ => TokenStream::new(),
    }
}

/// Input: `#[cache(expire = 30)] #[debug_handler] #[instrument] async fn …`
/// Output: `#[debug_handler] #[cache(expire = 30)] #[instrument] async fn …`
///
/// What reads the signature must run before `#[cache]` changes it: on the generated function, `#[debug_handler]` finds
/// no `State` to infer from, and `#[utoipa::path]` no arguments to document. Nothing when there is nothing to move.
pub(crate) fn hoisted(function: &Function, args: &Args, tokens: &TokenStream) -> Option<TokenStream> {
    let has_arguments = !function.sig.inputs.is_empty();
    let moves = |attr: &&Attribute| {
        // Without arguments the arity cannot be kept, so `#[debug_handler]` checks the body's function instead.
        ends_with(attr.path(), &["debug_handler"]) && has_arguments
            || ends_with(attr.path(), &["utoipa", "path"])
    };
    let (above, below): (Vec<&Attribute>, Vec<&Attribute>) = function.attrs.iter().partition(moves);
    if above.is_empty() {
        return None;
    }
    let facade = match &args.facade {
        Some(path) => quote!(#path),
        None => quote!(::handler_cache),
    };
    let name = Ident::new(args.attribute.name, Span::call_site());
    let Function { vis, sig, body, .. } = function;
    Some(quote! {
        #(#above)*
        #[#facade::#name(#tokens)]
        #(#below)*
        #vis #sig #body
    })
}

/// Whether `attr` is one of this crate's attributes that make a function cached.
pub(crate) fn is_cache(attr: &Attribute, facade: Option<&Path>) -> bool {
    let path = attr.path();
    let Some(last) = path.segments.last() else {
        return false;
    };
    let ours = last.ident == "cache" || crate::PRESETS.iter().any(|preset| last.ident == preset.name);
    let module = path.segments.iter().rev().nth(1);
    let facade = facade.and_then(|path| path.segments.last());
    let from_here = module.is_none_or(|module| {
        module.ident == "handler_cache" || facade.is_some_and(|facade| facade.ident == module.ident)
    });
    ours && from_here
}

fn ends_with(path: &Path, end: &[&str]) -> bool {
    path.segments.len() >= end.len()
        && path
            .segments
            .iter()
            .rev()
            .zip(end.iter().rev())
            .all(|(segment, expected)| segment.ident == expected)
}
