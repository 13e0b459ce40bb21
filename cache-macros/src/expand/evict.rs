//! `#[cache_evict]`: what is evicted, named before the body runs.

use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{PathArguments, spanned::Spanned as _};

use super::{Cx, companion, key};
use crate::{
    args::{Evicted, Target},
    owned,
    span::{hidden, macro_span},
};

/// Input: `get_product(Path(id)), list_products::<Db>(..)`
/// Output:
/// ```text
/// evictor.begin(|targets| {
///     let arg0 = &arg0;
///     let Path(id) = arg0;
///     targets.key(get_product::key(Path(Clone::clone(id))));
///     targets.all(list_products::entries::<Db>());
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
    match &target.entries {
        // The comma keeps the last name of one target and the first of the next apart.
        Evicted::Of(arguments) => Some(quote!(#arguments,)),
        Evicted::All => None,
    }
}

fn line(cx: &Cx<'_>, target: &Target, named: &Ident) -> TokenStream {
    let span = macro_span(target.companion.span());
    let (mut companion, mut turbofish) = (target.companion.clone(), PathArguments::None);
    if let Some(last) = companion.segments.last_mut() {
        turbofish = std::mem::take(&mut last.arguments);
    }
    let (method, function, arguments) = match &target.entries {
        Evicted::Of(arguments) => {
            let arguments = arguments
                .iter()
                .map(|argument| owned::argument(argument, cx.handler));
            ("key", Ident::new("key", span), quote!(#(#arguments),*))
        }
        Evicted::All => ("all", companion::entries_name(span), TokenStream::new()),
    };
    let method = Ident::new(method, span);
    let mut list = Group::new(proc_macro2::Delimiter::Parenthesis, arguments);
    list.set_span(target.paren.span.join());
    let list = list.to_token_stream();
    quote_spanned!(span=> #named.#method(#companion::#function #turbofish #list);)
}
