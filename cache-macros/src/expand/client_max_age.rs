//! Whether clients may reuse a response without asking: proven by the types of the handler's parameters.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned as _;

use super::{context::Context, policy};
use crate::{
    model::Param,
    syntax::span::{hidden, macro_span},
};

/// Tells the context whether every argument comes from the URL.
///
/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output:
/// ```text
/// let context = context.url_decides(const {
///     use NotFromUrl as _;
///     all(&[Argument::<Path<u64>>::FROM_URL, Argument::<State<Db>>::FROM_URL])
/// });
/// ```
/// The constant is part of the call because the handler's static cannot name the types of a generic handler.
pub(super) fn proof(cx: &Context<'_>, context: &Ident) -> TokenStream {
    let private = cx.private(cx.span);
    let arguments = cx.handler.params.iter().map(
        |Param { cfgs, ty, .. }| quote_spanned!(cx.span=> #(#cfgs)* #private::Argument::<#ty>::FROM_URL),
    );
    quote_spanned! {cx.span=>
        let #context = #context.url_decides(const {
            use #private::NotFromUrl as _;
            #private::all(&[#(#arguments),*])
        });
    }
}

/// Rejects parameters that may not come from the URL, where the options send a `max-age` and neither `public` nor `vary`
/// allows it.
///
/// Output without a `policy`:
/// ```text
/// let _ = <User as FromUrl>::PROVEN;
/// ```
/// Output with a `policy`, whose own `max-age`, `public` and `vary` are known to the compiler only:
/// ```text
/// const {
///     use NotFromUrl as _;
///     may_send_max_age(&policy, Argument::<User>::FROM_URL)
/// };
/// ```
pub(super) fn checks(cx: &Context<'_>) -> TokenStream {
    let options = cx.options;
    let names_headers = options.vary.as_ref().is_some_and(|vary| !vary.value.is_empty());
    if options.public.is_some() || names_headers {
        return TokenStream::new();
    }
    let sends_max_age = options
        .client_max_age
        .as_ref()
        .map(|setting| !setting.value.is_zero());
    match (sends_max_age, &options.policy) {
        (Some(false), _) | (None, None) => TokenStream::new(),
        (_, Some(_)) => with_policy(cx),
        (Some(true), None) => without_policy(cx),
    }
}

fn without_policy(cx: &Context<'_>) -> TokenStream {
    let params = cx.handler.params.iter();
    params
        .map(|Param { cfgs, ty, .. }| {
            let span = macro_span(ty.span());
            let private = cx.private(span);
            quote_spanned!(span=> #(#cfgs)* let _ = <#ty as #private::FromUrl>::PROVEN;)
        })
        .collect()
}

fn with_policy(cx: &Context<'_>) -> TokenStream {
    let policy = hidden("__policy");
    let statements = policy::max_age_statements(cx, &policy);
    let params = cx.handler.params.iter();
    params
        .map(|Param { cfgs, ty, .. }| {
            let span = macro_span(ty.span());
            let private = cx.private(span);
            quote_spanned! {span=>
                #(#cfgs)*
                const {
                    use #private::NotFromUrl as _;
                    #private::may_send_max_age(&{ #statements #policy }, #private::Argument::<#ty>::FROM_URL)
                };
            }
        })
        .collect()
}
