//! The targets of `#[cache_evict]`, which are named before the body runs.

use proc_macro2::{Delimiter, Group, Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Path, PathArguments, token::Paren};

use super::{
    bindings::{bind, borrow},
    context::{Context, HANDLER_ID},
    owned::owned,
};
use crate::{
    model::Handler,
    parse::{Entries, Target},
    syntax::span::{hidden, macro_span},
};

/// Input: `get_product(Path(id)), list_products::<Db>(..), tag = format!("product:{id}")`
/// Output:
/// ```text
/// evictor.begin(|targets| {
///     let arg0 = &arg0;
///     let Path(id) = arg0;
///     targets.key(get_product::key(Path(Clone::clone(id))));
///     targets.all(list_products::__handler_id::<Db>());
///     targets.tag(format!("product:{id}"));
/// })
/// ```
/// One statement for each target, so that errors are shown at its tokens.
pub(super) fn begin(cx: &Context<'_>, targets: &[Target], evictor: &Ident) -> TokenStream {
    let list = hidden("__targets");
    let statements = targets.iter().map(|target| statement(cx.handler, target, &list));
    let expressions: TokenStream = targets.iter().filter_map(expressions).collect();
    let bind = cx.handler.used_in(&expressions).into_iter().map(|used| {
        let (borrow, bind) = (borrow(&used), bind(&used));
        quote!(#borrow #bind)
    });
    quote_spanned! {cx.span=>
        #evictor.begin(|#list| {
            #(#bind)*
            #(#statements)*
        })
    }
}

/// The user's expressions in a target, which may use bindings of the handler.
fn expressions(target: &Target) -> Option<TokenStream> {
    // The comma separates the last name of one target from the first of the next.
    match target {
        Target::Handler {
            entries: Entries::Of(arguments),
            ..
        } => Some(quote!(#arguments,)),
        Target::Handler { .. } => None,
        Target::Tag { value, .. } => Some(quote!(#value,)),
    }
}

fn statement(handler: &Handler, target: &Target, list: &Ident) -> TokenStream {
    match target {
        Target::Tag { name, value } => {
            let span = macro_span(name.span());
            let tag = owned(value, handler);
            quote_spanned!(span=> #list.tag(#tag);)
        }
        Target::Handler {
            companion,
            paren,
            entries,
        } => match entries {
            Entries::Of(arguments) => {
                let arguments = arguments.iter().map(|argument| owned(argument, handler));
                let arguments = quote!(#(#arguments),*);
                add(list, "key", companion, "key", paren, arguments)
            }
            Entries::All => add(list, "all", companion, HANDLER_ID, paren, TokenStream::new()),
        },
    }
}

/// Output: `targets.key(get_product::key::<Db>(Path(id)));`
fn add(
    list: &Ident,
    method: &str,
    companion: &Path,
    function: &str,
    paren: &Paren,
    arguments: TokenStream,
) -> TokenStream {
    let mut companion = companion.clone();
    let Some(last) = companion.segments.last_mut() else {
        return TokenStream::new();
    };
    let turbofish = std::mem::replace(&mut last.arguments, PathArguments::None);
    let span = macro_span(last.ident.span());
    let (method, function) = (Ident::new(method, span), Ident::new(function, span));
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(paren.span.join());
    quote_spanned!(span=> #list.#method(#companion::#function #turbofish #arguments);)
}
