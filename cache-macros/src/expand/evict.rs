//! `#[cache_evict]`: what is evicted, named before the body runs.

use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::PathArguments;

use super::{Cx, HANDLER_ID, key};
use crate::{
    args::{Evicted, Target},
    owned,
    span::{hidden, macro_span},
};

/// Input: `get_product(Path(id)), list_products::<Db>(..), tag = format!("product:{id}")`
/// Output:
/// ```text
/// evictor.begin(|targets| {
///     let arg0 = &arg0;
///     let Path(id) = arg0;
///     targets.key(get_product::key(Path(Clone::clone(id))));
///     targets.all(list_products::handler_id::<Db>());
///     targets.tag(format!("product:{id}"));
/// })
/// ```
/// Everything that a target gets wrong is wrong in its line, at its tokens.
pub(super) fn begin(cx: &Cx<'_>, targets: &[Target], evictor: &Ident) -> TokenStream {
    let named = hidden("__targets");
    let lines = targets.iter().map(|target| line(cx, target, &named));
    let arguments: TokenStream = targets.iter().filter_map(arguments).collect();
    let bind = cx.handler.mentioned_in(&arguments).into_iter().map(|keyed| {
        let (borrow, bind) = (key::borrow(&keyed), key::bind(&keyed, false));
        quote!(#borrow #bind)
    });
    quote_spanned! {cx.span=>
        #evictor.begin(|#named| {
            #(#bind)*
            #(#lines)*
        })
    }
}

fn arguments(target: &Target) -> Option<TokenStream> {
    // The comma keeps the last name of one target and the first of the next apart.
    match target {
        Target::Handler {
            entries: Evicted::Of(arguments),
            ..
        } => Some(quote!(#arguments,)),
        Target::Handler { .. } => None,
        Target::Tag { value, .. } => Some(quote!(#value,)),
    }
}

fn line(cx: &Cx<'_>, target: &Target, named: &Ident) -> TokenStream {
    let (companion, paren, entries) = match target {
        Target::Handler {
            companion,
            paren,
            entries,
        } => (companion, paren, entries),
        Target::Tag { name, value } => {
            let span = macro_span(name.span());
            let tag = owned::argument(value, cx.handler);
            return quote_spanned!(span=> #named.tag(#tag););
        }
    };
    let (mut companion, mut turbofish) = (companion.clone(), PathArguments::None);
    let mut span = cx.span;
    if let Some(last) = companion.segments.last_mut() {
        turbofish = std::mem::take(&mut last.arguments);
        span = macro_span(last.ident.span());
    }
    let (method, function, arguments) = match entries {
        Evicted::Of(arguments) => {
            let arguments = arguments
                .iter()
                .map(|argument| owned::argument(argument, cx.handler));
            ("key", Ident::new("key", span), quote!(#(#arguments),*))
        }
        Evicted::All => ("all", Ident::new(HANDLER_ID, span), TokenStream::new()),
    };
    let method = Ident::new(method, span);
    let mut list = Group::new(proc_macro2::Delimiter::Parenthesis, arguments);
    list.set_span(paren.span.join());
    let list = list.to_token_stream();
    quote_spanned!(span=> #named.#method(#companion::#function #turbofish #list);)
}
