//! The key of a handler's arguments: one function that the handler, `key` and `evict` share.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, spanned::Spanned as _};

use super::{
    argument::{Argument, Write, argument},
    bindings::{bind, borrow},
    context::Context,
    handler_meta,
};
use crate::{
    model::UsedParam,
    syntax::span::{hidden, macro_span},
};

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output:
/// ```text
/// fn key(key: &mut KeyArgs<'_>, (arg0, arg1): (&Path<u64>, Option<&State<Db>>)) -> Result<(), KeyError> {
///     let Path(id) = arg0;
///     let form = (&&&&&Part(arg0, id)).form();
///     CacheKeyPart::write_key(&*form, key.arg_for("id", &form))?;
///     match arg1 {
///         Some(arg1) => {
///             let State(db) = arg1;
///             let form = (&&&&&Part(arg1, db)).form();
///             CacheKeyPart::write_key(&*form, key.arg_for("db", &form))
///         }
///         None => Ok(()),
///     }
/// }
/// ```
/// The type of an argument decides whether it is axum's `State`, which is left out of the key; see `key::form` in the
/// runtime. The companion's functions do not take parameters called `State`, so they exist only where those are axum's.
pub(super) fn writer(cx: &Context<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let name = &cx.names.write_key;
    let (generics, _, bounds) = cx.generics.split_for_impl();
    let locals = cx.key_params.iter().map(|used| &used.param.local);
    let types = cx.key_params.iter().map(|used| {
        let ty = &used.param.ty;
        if used.not_in_companion {
            quote_spanned!(cx.span=> ::core::option::Option<&#ty>)
        } else {
            quote!(&#ty)
        }
    });
    let arguments = if is_tuple(cx) {
        quote_spanned!(cx.span=> (#(#locals,)*): (#(#types,)*))
    } else {
        let cfgs = cx.key_params.iter().map(|used| &used.param.cfgs);
        quote_spanned!(cx.span=> #(#(#cfgs)* #locals: #types),*)
    };
    let key = hidden("__key");
    let body = body(cx, &key);
    quote_spanned! {cx.span=>
        #[doc(hidden)]
        fn #name #generics (
            #key: &mut #private::KeyArgs<'_>,
            #arguments
        ) -> ::core::result::Result<(), #private::KeyError> #bounds {
            #body
        }
    }
}

/// The same as a closure, for an associated handler, which alone needs it.
pub(super) fn closure(cx: &Context<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let key = hidden("__key");
    let body = body(cx, &key);
    let borrow = cx.key_params.iter().map(borrow);
    quote_spanned! {cx.span=>
        &|#key: &mut #private::KeyArgs<'_>| -> ::core::result::Result<(), #private::KeyError> {
            #(#borrow)*
            #body
        }
    }
}

/// Calls `function` of the runtime with the handler's id, its arguments and the writer; `argument` borrows each argument.
///
/// Output: `context.key(product::__handler_id(), (&arg0, Some(&arg1)), product::key)`
///
/// Handlers with arguments of equal types share the compiled `function`. Where arguments may be absent due to `cfg`, a
/// closure takes their place, which is compiled for each handler.
pub(super) fn call<'a>(
    cx: &'a Context<'_>,
    receiver: &TokenStream,
    function: &str,
    argument: impl FnMut(&'a UsedParam<'_>) -> TokenStream,
) -> TokenStream {
    let (handler_id, write) = (handler_meta::id(cx), cx.generated(&cx.names.write_key));
    let arguments = cx.key_params.iter().map(argument);
    if is_tuple(cx) {
        let function = Ident::new(function, cx.span);
        return quote_spanned!(cx.span=> #receiver #function(#handler_id, (#(#arguments,)*), #write));
    }
    let function = format_ident!("{function}_by", span = cx.span);
    let key = hidden("__key");
    let cfgs = cx.key_params.iter().map(|used| &used.param.cfgs);
    quote_spanned!(cx.span=> #receiver #function(#handler_id, &|#key| #write(#key, #(#(#cfgs)* #arguments),*)))
}

/// Whether the arguments are passed as a tuple, whose elements cannot have `cfg`.
fn is_tuple(cx: &Context<'_>) -> bool {
    cx.key_params.iter().all(|used| used.param.cfgs.is_empty())
}

fn body(cx: &Context<'_>, key: &Ident) -> TokenStream {
    match &cx.options.key {
        Some(expression) => of_expression(cx, key, &expression.value),
        None if cx.key_params.is_empty() => quote_spanned! {cx.span=>
            let _ = #key;
            ::core::result::Result::Ok(())
        },
        None => of_arguments(cx, key),
    }
}

/// The option `key`.
fn of_expression(cx: &Context<'_>, key: &Ident, expression: &syn::Expr) -> TokenStream {
    let bind = cx.key_params.iter().map(bind);
    let span = macro_span(expression.span());
    let (value, form) = (Ident::new("__value", span), Ident::new("__form", span));
    let private = cx.private(span);
    // Without `ViaServerSide`: a `State` in this expression is meant to be in the key.
    quote_spanned! {span=>
        use #private::{ViaNothing as _, ViaText as _};
        #(#bind)*
        let #value = #expression;
        let #form = (&&&&#private::Part(&(), &#value)).form();
        #private::CacheKeyPart::write_key(&*#form, #key.whole())
    }
}

fn of_arguments(cx: &Context<'_>, key: &Ident) -> TokenStream {
    let private = cx.private(cx.span);
    let (bind, writes): (Vec<_>, Vec<_>) = cx
        .key_params
        .iter()
        .map(|used| argument(cx, used, key))
        .map(|Argument { bind, writes }| (bind, writes))
        .unzip();
    let mut writes = writes.into_iter().flatten();
    let last = writes.next_back().map(Write::result);
    let writes = writes.map(Write::statement);
    quote_spanned! {cx.span=>
        use #private::{ViaNothing as _, ViaServerSide as _, ViaText as _};
        #(#bind)*
        #(#writes)*
        #last
    }
}
