//! The attributes that stand below ours, sorted by where they belong.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{Attribute, Meta, Path};

use crate::{
    args::{self, Args},
    errors::Errors,
    function::Function,
    validate,
};

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
pub(crate) fn hoisted(
    function: &Function,
    attribute: args::Attribute,
    facade: Option<&Path>,
    tokens: &TokenStream,
) -> Option<TokenStream> {
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
    let facade = match facade {
        Some(path) => quote!(#path),
        None => quote!(::handler_cache),
    };
    let name = Ident::new(attribute.name, Span::call_site());
    let Function { vis, sig, body, .. } = function;
    Some(quote! {
        #(#above)*
        #[#facade::#name(#tokens)]
        #(#below)*
        #vis #sig #body
    })
}

/// Takes those of our attributes that stand below the one that runs off the function, and reads them.
///
/// Input: `#[cache_evict(product(..))] #[instrument] async fn …`
/// Output: `#[cache_evict(__taken_in)] fn __taken_in() {}`, which becomes nothing
///
/// Without that the attribute would never be resolved, and its import unused.
pub(crate) fn take_in_others(function: &mut Function, args: &mut Args, errors: &mut Errors) -> TokenStream {
    let mut traces = TokenStream::new();
    let (others, attrs): (Vec<_>, Vec<_>) = std::mem::take(&mut function.attrs)
        .into_iter()
        .partition(|attr| ours(attr, args.facade.as_ref()).is_some());
    function.attrs = attrs;
    let cfgs: Vec<_> = function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .collect();
    for attr in others {
        let Some(other) = ours(&attr, args.facade.as_ref()) else {
            continue;
        };
        let path = attr.path();
        let taken_in = Ident::new(TAKEN_IN, Span::mixed_site());
        traces.extend(quote!(#(#cfgs)* #[#path(#taken_in)] fn #taken_in() {}));
        if args.has(other) {
            errors.on(&attr, validate::repeated(other));
            continue;
        }
        match list_of(&attr) {
            Ok(tokens) => args.read(other, tokens, errors),
            Err(error) => errors.push(error),
        }
    }
    traces
}

/// What stands in the parentheses of an attribute whose work another one did.
const TAKEN_IN: &str = "__taken_in";

/// Whether `tokens` say so.
pub(crate) fn is_taken_in(tokens: &TokenStream) -> bool {
    syn::parse2::<Ident>(tokens.clone()).is_ok_and(|only| only == TAKEN_IN)
}

/// Which of this crate's attributes `attr` is, if one.
fn ours(attr: &Attribute, facade: Option<&Path>) -> Option<args::Attribute> {
    let mut segments = attr.path().segments.iter().rev();
    let (last, module) = (segments.next()?, segments.next());
    let facade = facade.and_then(|path| path.segments.last());
    let is_from_here = module.is_none_or(|module| {
        module.ident == "handler_cache" || facade.is_some_and(|facade| facade.ident == module.ident)
    });
    let mut all = crate::ATTRIBUTES.into_iter().filter(|_| is_from_here);
    all.find(|attribute| last.ident == attribute.name)
}

/// What stands in the parentheses of an attribute, if it has any.
fn list_of(attr: &Attribute) -> syn::Result<TokenStream> {
    match &attr.meta {
        Meta::Path(_) => Ok(TokenStream::new()),
        Meta::List(list) => Ok(list.tokens.clone()),
        Meta::NameValue(_) => Err(syn::Error::new_spanned(
            attr,
            "options stand in parentheses, such as `#[cache(expire = 30)]`",
        )),
    }
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
