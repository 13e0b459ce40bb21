//! The parameters of the function that axum calls.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{FnArg, parse_quote, parse_quote_spanned};

use super::context::Context;
use crate::{
    model::{Param, Role},
    syntax::span::hidden,
};

/// A parameter of the function that axum calls.
pub(super) struct Input {
    pub(super) param: FnArg,
    /// The argument with which the companion calls the function.
    pub(super) argument: TokenStream,
}

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output: `(context, arg0): (CacheContext, Path<u64>), arg1: State<Db>`
///
/// The context shares the first parameter, so the number of parameters stays: `#[debug_handler]` relies on it, and axum
/// allows 16. It cannot share a parameter with `cfg`, which may disappear. Lazy parameters leave `()` behind, except the
/// last, which holds all of them.
pub(super) fn inputs(cx: &Context<'_>, context: &Ident) -> Vec<Input> {
    let hidden_input = context_input(cx, context);
    let params = &cx.handler.params;
    let shared = params.iter().position(|param| param.cfgs.is_empty());
    let mut inputs: Vec<Input> = Vec::with_capacity(params.len() + 1);
    if shared.is_none() {
        inputs.push(hidden_input.alone());
    }
    for (index, param) in params.iter().enumerate() {
        let input = input(cx, index, param);
        inputs.push(if Some(index) == shared {
            hidden_input.join(cx, input)
        } else {
            input.with_cfgs(cx, param)
        });
    }
    inputs
}

/// The lazy parameters, in order.
pub(super) fn lazy<'a>(cx: &Context<'a>) -> impl Iterator<Item = &'a Param> {
    cx.handler.params.iter().filter(|param| param.role == Role::Lazy)
}

/// The parts of a parameter.
struct Parts {
    pattern: TokenStream,
    ty: TokenStream,
    argument: TokenStream,
}

impl Parts {
    fn alone(&self) -> Input {
        let Self {
            pattern,
            ty,
            argument,
        } = self;
        Input {
            param: parse_quote!(#pattern: #ty),
            argument: argument.clone(),
        }
    }

    fn with_cfgs(self, cx: &Context<'_>, Param { cfgs, .. }: &Param) -> Input {
        let Self {
            pattern,
            ty,
            argument,
        } = self;
        Input {
            param: parse_quote_spanned!(cx.span=> #(#cfgs)* #pattern: #ty),
            argument: quote!(#(#cfgs)* #argument),
        }
    }

    fn join(&self, cx: &Context<'_>, other: Self) -> Input {
        let Self {
            pattern,
            ty,
            argument,
        } = self;
        let (other_pattern, other_ty, other_argument) = (other.pattern, other.ty, other.argument);
        Input {
            param: parse_quote_spanned!(cx.span=> (#pattern, #other_pattern): (#ty, #other_ty)),
            argument: quote!((#argument, #other_argument)),
        }
    }
}

fn input(cx: &Context<'_>, index: usize, param: &Param) -> Parts {
    if param.role != Role::Lazy {
        let (local, ty) = (&param.local, &param.ty);
        return Parts {
            pattern: quote!(#local),
            ty: quote!(#ty),
            argument: quote!(#local),
        };
    }
    let params = &cx.handler.params;
    if Some(index) == params.iter().rposition(|param| param.role == Role::Lazy) {
        return deferred(cx, index + 1 == params.len());
    }
    Parts {
        pattern: quote!(_),
        ty: quote_spanned!(cx.span=> ()),
        argument: quote!(()),
    }
}

/// The parameter that holds all lazy ones. As the last parameter it takes the request; otherwise a later parameter may
/// need the body.
fn deferred(cx: &Context<'_>, is_last: bool) -> Parts {
    let private = cx.private(cx.span);
    let deferred = hidden("__deferred");
    let types = lazy(cx).map(|param| &param.ty);
    let locals = lazy(cx).map(|param| &param.local);
    let holder = if is_last { "Deferred" } else { "DeferredBeside" };
    let holder = Ident::new(holder, cx.span);
    Parts {
        pattern: quote!(#deferred),
        ty: quote_spanned!(cx.span=> #private::#holder<(#(#types,)*)>),
        argument: quote_spanned!(cx.span=> #private::#holder::extracted((#(#locals,)*))),
    }
}

/// The hidden parameter: the cache and the request, or the cache to evict from.
///
/// Output: `context: CacheContext`; where headers may be part of the key: `Varying { context, .. }: Varying<product>`
fn context_input(cx: &Context<'_>, context: &Ident) -> Parts {
    let private = cx.private(cx.span);
    let plain = |ty| Parts {
        pattern: quote!(#context),
        ty,
        argument: quote!(#context),
    };
    if cx.options.cache.is_none() {
        return plain(quote_spanned!(cx.span=> #private::Evictor));
    }
    if !cx.options.may_vary() {
        return plain(quote_spanned!(cx.span=> #private::CacheContext));
    }
    let companion = if cx.options.associated.is_some() {
        quote_spanned!(cx.span=> #private::Associated)
    } else {
        let companion = &cx.names.companion;
        quote!(#companion)
    };
    Parts {
        pattern: quote_spanned!(cx.span=> #private::Varying { context: #context, .. }),
        ty: quote_spanned!(cx.span=> #private::Varying<#companion>),
        argument: quote_spanned!(cx.span=> ::core::convert::Into::into(#context)),
    }
}
