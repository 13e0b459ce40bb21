//! The function with the body of the handler, and its response.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Signature;

use super::context::Context;

/// The original function under another name, with the attributes that belong to the body.
pub(super) fn function(cx: &Context<'_>, name: &Ident) -> TokenStream {
    let function = &cx.handler.function;
    let attrs = &cx.handler.attributes.body;
    let body = &function.body;
    let sig = Signature {
        ident: name.clone(),
        ..function.sig.clone()
    };
    quote!(#(#attrs)* #sig #body)
}

/// The function with the body of an associated handler, which needs the `Self` and the generics of its `impl` block.
pub(super) fn sibling(cx: &Context<'_>) -> TokenStream {
    let function = function(cx, &cx.names.body);
    let cfgs = cx
        .handler
        .function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"));
    quote_spanned!(cx.span=> #(#cfgs)* #[doc(hidden)] #function)
}

/// The future of the handler's response.
///
/// Output: `HandlerFuture(product::uncached(arg0)).response(IntoResponse::into_response)`
///
/// Everything has the span of the return type: errors here mean that it does not implement `IntoResponse`.
pub(super) fn response(cx: &Context<'_>) -> TokenStream {
    let has_function = cx.options.cache.is_some() || cx.options.associated.is_some();
    let call = if has_function {
        let (body, arguments) = (cx.generated(&cx.names.body), cx.arguments());
        quote_spanned!(cx.span=> #body(#arguments))
    } else {
        inline(cx)
    };
    let span = cx.return_span();
    let private = cx.private(span);
    quote_spanned! {span=>
        {
            use #private::NotAResult as _;
            #private::HandlerFuture(#call).response(#private::IntoResponse::into_response)
        }
    }
}

/// Input: `async fn product(Path(id): Path<u64>) -> Json<Product> { body }`
/// Output: `{ async fn product(Path(id): Path<u64>) -> Json<Product> { body } product(arg0) }`
///
/// For a handler without a companion that could hold the function.
fn inline(cx: &Context<'_>) -> TokenStream {
    let (name, turbofish, arguments) = (cx.handler.name(), &cx.turbofish, cx.arguments());
    let function = function(cx, name);
    quote_spanned!(cx.span=> { #function #name #turbofish (#arguments) })
}
