//! Whether clients may use a response without asking again: proven by the types of the handler's parameters.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::{Cx, policy};
use crate::{handler::Param, span::macro_span};

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output:
/// ```text
/// let context = context.url_decides(const {
///     use NotFromUrl as _;
///     all(&[Argument::<Path<u64>>::FROM_URL, Argument::<State<Db>>::FROM_URL])
/// });
/// ```
/// A constant of the call, not of the handler's static, which cannot name the types of a generic handler.
pub(super) fn proof(cx: &Cx<'_>, context: &Ident) -> TokenStream {
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

/// The errors, each on its parameter, where the attribute grants a `max-age` and nothing says that it may.
///
/// Without a `policy`:
/// ```text
/// let _ = is_from_url::<User>;
/// ```
/// With one, which alone may grant it, or say `public` or `vary`:
/// ```text
/// const {
///     use NotFromUrl as _;
///     may_grant_max_age(&policy, Argument::<User>::FROM_URL)
/// };
/// ```
pub(super) fn checks(cx: &Cx<'_>) -> TokenStream {
    let args = cx.args;
    let is_explained = args.public.is_some() || args.vary.as_ref().is_some_and(|vary| !vary.value.is_empty());
    let grants = args.client_max_age.as_ref().map(|given| !given.value.is_zero());
    let policy = match (grants, &args.policy) {
        _ if is_explained => return TokenStream::new(),
        (Some(false), _) | (None, None) => return TokenStream::new(),
        (_, Some(_)) => Some(policy::of_max_age(cx)),
        (Some(true), None) => None,
    };
    let params = cx.handler.params.iter();
    params
        .map(|Param { cfgs, ty, .. }| {
            let span = macro_span(ty.span());
            let private = cx.private(span);
            let check = match &policy {
                None => quote_spanned!(span=> let _ = #private::is_from_url::<#ty>;),
                Some(policy) => quote_spanned! {span=>
                    const {
                        use #private::NotFromUrl as _;
                        #private::may_grant_max_age(&#policy, #private::Argument::<#ty>::FROM_URL)
                    };
                },
            };
            quote!(#(#cfgs)* #check)
        })
        .collect()
}
