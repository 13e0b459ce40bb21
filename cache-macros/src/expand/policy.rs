//! The options, to a constant `Policy` in the attribute's one `Site`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};

use super::Cx;
use crate::{args::Given, duration::Life, span::macro_span};

/// Input: `expire = 30, vary = ["accept-language"]`
/// Output:
/// ```text
/// fn site() -> &'static Site {
///     static SITE: Site = Site::new(Policy::new().with_expire(Duration::new(30, 0)).vary(&["accept-language"]), None);
///     &SITE
/// }
/// ```
/// The compiler evaluates a static even when nothing uses it, so that a bad policy is an error of `cargo check`.
pub(super) fn site(cx: &Cx<'_>) -> TokenStream {
    let Cx { private, names, .. } = cx;
    let site = &names.site;
    let attrs = &cx.handler.attributes.all;
    let policy = policy(cx);
    let name = match &cx.args.name {
        Some(name) => {
            let name = &name.value;
            quote!(::core::option::Option::Some(#name))
        }
        None => quote!(::core::option::Option::None),
    };
    quote_spanned! {cx.span=>
        #(#attrs)*
        #[doc(hidden)]
        fn #site() -> &'static #private::Site {
            static SITE: #private::Site = #private::Site::new(#policy, #name);
            &SITE
        }
    }
}

fn policy(cx: &Cx<'_>) -> TokenStream {
    let Cx { args, private, .. } = cx;
    let mut policy = match &args.policy {
        Some(policy) => {
            let (span, value) = (macro_span(policy.name.span()), &policy.value);
            quote_spanned!(span=> { const BASE: #private::Policy = #value; BASE })
        }
        None => quote_spanned!(cx.span=> #private::Policy::new()),
    };
    if let Some(seconds) = args.attribute.expire {
        policy.extend(quote_spanned!(cx.span=> .with_expire(::core::time::Duration::from_secs(#seconds))));
    }
    if let Some(expire) = &args.expire {
        let span = macro_span(expire.name.span());
        policy.extend(match &expire.value {
            Life::For(period) => {
                let period = period.tokens();
                quote_spanned!(span=> .with_expire(#period))
            }
            Life::Never => quote_spanned!(span=> .never_expires()),
        });
    }
    if let Some(methods) = &args.methods {
        let span = macro_span(methods.name.span());
        let mut filter = TokenStream::new();
        for (index, method) in methods.value.iter().enumerate() {
            let method = quote_spanned!(macro_span(method.span())=> #private::MethodFilter::#method);
            filter.extend(if index == 0 {
                method
            } else {
                quote_spanned!(span=> .or(#method))
            });
        }
        policy.extend(quote_spanned!(span=> .methods(#filter)));
    }
    if let Some(vary) = &args.vary {
        let names = &vary.value;
        policy.extend(call(vary, "vary", quote!(&[#(#names),*])));
    }
    for (period, method) in [
        (&args.not_found, "not_found"),
        (&args.client_max_age, "client_max_age"),
    ] {
        if let Some(period) = period {
            policy.extend(call(period, method, period.value.tokens()));
        }
    }
    for (flag, method) in [(&args.private, "private"), (&args.public, "public")] {
        if let Some(flag) = flag {
            policy.extend(call(flag, method, TokenStream::new()));
        }
    }
    let expressions = [
        (&args.store_if, "store_if"),
        (&args.max_body, "max_body"),
        (&args.version, "version"),
    ];
    for (expression, method) in expressions {
        if let Some(expression) = expression {
            policy.extend(call(expression, method, &expression.value));
        }
    }
    policy
}

/// `.method(argument)`, at the option.
fn call<T>(option: &Given<T>, method: &str, argument: impl ToTokens) -> TokenStream {
    let span = macro_span(option.name.span());
    let method = proc_macro2::Ident::new(method, span);
    quote_spanned!(span=> .#method(#argument))
}
