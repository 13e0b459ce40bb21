//! The option `tags`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, spanned::Spanned as _};

use super::{
    bindings::{bind, borrow},
    context::Context,
};
use crate::{
    model::UsedParam,
    syntax::span::{hidden, macro_span},
};

/// Adds the tags to a waiting request.
///
/// Input: `tags = ["products", format!("product:{id}")]`
/// Output:
/// ```text
/// let waiting = waiting.tags(&|tags| {
///     let arg0 = &arg0;
///     let Path(id) = arg0;
///     tags.add(IntoTag::into_tag("products"));
///     tags.add(IntoTag::into_tag(format!("product:{id}")));
/// });
/// ```
pub(super) fn of_request(cx: &Context<'_>, waiting: &Ident) -> TokenStream {
    let Some(tags) = &cx.options.tags else {
        return TokenStream::new();
    };
    let list = hidden("__tags");
    let used = used_params(cx, &tags.value);
    let borrow = used.iter().map(borrow);
    let add = add(cx, &list, &tags.value, &used);
    quote_spanned! {cx.span=>
        let #waiting = #waiting.tags(&|#list| {
            #(#borrow)*
            #add
        });
    }
}

/// Adds the tags to the key of the companion.
///
/// Input: `tags = [format!("product:{id}")]`, and the parameters of `key(id: Path<u64>)`
/// Output:
/// ```text
/// tagged(cache_key(…), &|tags| {
///     let arg0 = &id;
///     let Path(id) = arg0;
///     tags.add(IntoTag::into_tag(format!("product:{id}")));
/// })
/// ```
/// Where the tags use arguments that are not in the key: `with_unknown_tags(cache_key(…))`.
pub(super) fn of_key(cx: &Context<'_>, key: TokenStream, parameters: &[Ident]) -> TokenStream {
    let Some(tags) = &cx.options.tags else {
        return key;
    };
    let private = cx.private(cx.span);
    let list = hidden("__tags");
    let used = used_params(cx, &tags.value);
    let borrow_parameter = |UsedParam { param, .. }: &UsedParam<'_>| {
        let index = cx
            .companion_params()
            .position(|used| used.param.local == param.local)?;
        let (cfgs, local, name) = (&param.cfgs, &param.local, &parameters[index]);
        Some(quote!(#(#cfgs)* let #local = &#name;))
    };
    let Some(borrow) = used.iter().map(borrow_parameter).collect::<Option<Vec<_>>>() else {
        return quote_spanned!(cx.span=> #private::with_unknown_tags(#key));
    };
    let add = add(cx, &list, &tags.value, &used);
    quote_spanned! {cx.span=>
        #private::tagged(#key, &|#list| {
            #(#borrow)*
            #add
        })
    }
}

fn used_params<'a>(cx: &Context<'a>, tags: &[Expr]) -> Vec<UsedParam<'a>> {
    cx.handler.used_in(&quote!(#(#tags),*))
}

fn add(cx: &Context<'_>, list: &Ident, tags: &[Expr], used: &[UsedParam<'_>]) -> TokenStream {
    let bind = used.iter().map(bind);
    let add = tags.iter().map(|tag| {
        let span = macro_span(tag.span());
        let private = cx.private(span);
        quote_spanned!(span=> #list.add(#private::IntoTag::into_tag(#tag));)
    });
    quote!(#(#bind)* #(#add)*)
}
