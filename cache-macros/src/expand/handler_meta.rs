//! The static with the policy of a handler, and the id of the handler.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::{context::Context, policy};
use crate::syntax::span::hidden;

/// The id of the handler, as an expression.
///
/// Output: `product::__handler_id::<T>()`
///
/// An associated handler has no companion with that function, and a trait's `impl` admits no other items beside it, so
/// its id is written out where it is used.
pub(super) fn id(cx: &Context<'_>) -> TokenStream {
    if cx.options.associated.is_some() {
        return id_of_static(cx);
    }
    let handler_id = cx.generated(&cx.names.handler_id);
    quote_spanned!(cx.span=> #handler_id())
}

/// The id of the handler, with the static that it comes from.
///
/// Input: `expire = 30, vary = ["accept-language"]`
/// Output:
/// ```text
/// static __META: HandlerMeta = {
///     let policy = Policy::new();
///     let policy = policy.expire(Duration::new(30, 0));
///     let policy = policy.vary(&["accept-language"]);
///     HandlerMeta::new(policy, None)
/// };
/// __META.id(&product)
/// ```
/// The compiler evaluates a static even when nothing uses it, so an invalid policy is an error of `cargo check`.
pub(super) fn id_of_static(cx: &Context<'_>) -> TokenStream {
    let (handler, turbofish) = (&cx.names.handler, &cx.turbofish);
    let meta = if has_function(cx) {
        let name = function_name(cx);
        quote_spanned!(cx.span=> Self::#name())
    } else {
        reference(cx)
    };
    quote_spanned!(cx.span=> #meta.id(&#handler #turbofish))
}

/// Where request headers may be part of the key, the extractor needs their names. The static is in a function of its own
/// then, because the handler may be generic.
///
/// Output:
/// ```text
/// impl product {
///     fn __handler_meta() -> &'static HandlerMeta { … }
/// }
/// impl Companion for product {
///     fn vary() -> KeptHeaders { Self::__handler_meta().vary() }
/// }
/// ```
pub(super) fn vary(cx: &Context<'_>) -> TokenStream {
    if !has_function(cx) {
        return TokenStream::new();
    }
    let private = cx.private(cx.span);
    let attrs = &cx.handler.attributes.all;
    let companion = &cx.names.companion;
    let (name, meta) = (function_name(cx), reference(cx));
    quote_spanned! {cx.span=>
        #(#attrs)*
        impl #companion {
            #[doc(hidden)]
            fn #name() -> &'static #private::HandlerMeta {
                #meta
            }
        }

        #(#attrs)*
        impl #private::Companion for #companion {
            fn vary() -> #private::KeptHeaders {
                Self::#name().vary()
            }
        }
    }
}

fn has_function(cx: &Context<'_>) -> bool {
    cx.options.may_vary() && cx.options.associated.is_none()
}

fn function_name(cx: &Context<'_>) -> Ident {
    Ident::new("__handler_meta", cx.span)
}

/// Output: `{ static __META: HandlerMeta = …; &__META }`
fn reference(cx: &Context<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let (name, policy) = (hidden("__META"), hidden("__policy"));
    let statements = policy::statements(cx, &policy);
    let handler_name = match &cx.options.name {
        Some(name) => {
            let name = &name.value;
            quote!(::core::option::Option::Some(#name))
        }
        None => quote!(::core::option::Option::None),
    };
    quote_spanned! {cx.span=>
        {
            static #name: #private::HandlerMeta = {
                #statements
                #private::HandlerMeta::new(#policy, #handler_name)
            };
            &#name
        }
    }
}
