//! `call` and `refresh` of the companion: they call the handler as axum does.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{context::Context, handler_meta, inputs::inputs};
use crate::syntax::span::hidden;

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output:
/// ```text
/// handler_call(product::__handler_id(), Box::new(move |context| product((context, arg0), arg1)))
/// ```
/// The context is one that no request came with.
pub(super) fn call(cx: &Context<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let context = hidden("__context");
    let handler_id = handler_meta::id(cx);
    let (handler, turbofish) = (&cx.names.handler, &cx.turbofish);
    let arguments = inputs(cx, &context).into_iter().map(|input| input.argument);
    quote_spanned! {cx.span=>
        #private::handler_call(
            #handler_id,
            ::std::boxed::Box::new(move |#context| #handler #turbofish (#(#arguments),*))
        )
    }
}

/// Output: `refresh(Self::call(arg0, arg1))`
pub(super) fn refresh(cx: &Context<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let (turbofish, arguments) = (&cx.turbofish, cx.arguments());
    quote_spanned!(cx.span=> #private::refresh(Self::call #turbofish (#arguments)))
}
