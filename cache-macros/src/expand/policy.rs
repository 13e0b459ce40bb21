//! The options, to a constant `Policy` in the attribute's one `HandlerMeta`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};

use super::Cx;
use crate::{
    args::{Args, Given},
    duration::{ClientMaxAge, Life},
    span::{hidden, macro_span},
};

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
/// The compiler evaluates a static even when nothing uses it, so that a bad policy is an error of `cargo check`. One
/// statement an option puts that error on the option.
pub(super) fn handler_id(cx: &Cx<'_>) -> TokenStream {
    let (handler, turbofish) = (&cx.names.handler, &cx.turbofish);
    let meta = if has_meta_function(cx) {
        let name = meta_name(cx);
        quote_spanned!(cx.span=> Self::#name())
    } else {
        meta(cx)
    };
    quote_spanned!(cx.span=> #meta.id(&#handler #turbofish))
}

/// Where the policy may name headers that join the key, the extractor asks for them, and the function that holds the
/// static is not the handler's, which may be generic.
/// ```text
/// impl product {
///     fn __handler_meta() -> &'static HandlerMeta { … }
/// }
/// impl Companion for product {
///     fn vary() -> Vary { Self::__handler_meta().vary() }
/// }
/// ```
pub(super) fn vary(cx: &Cx<'_>) -> TokenStream {
    if !has_meta_function(cx) {
        return TokenStream::new();
    }
    let private = cx.private(cx.span);
    let attrs = &cx.handler.attributes.all;
    let companion = &cx.names.companion;
    let (name, meta) = (meta_name(cx), meta(cx));
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

fn has_meta_function(cx: &Cx<'_>) -> bool {
    cx.args.may_vary() && cx.args.associated.is_none()
}

fn meta_name(cx: &Cx<'_>) -> Ident {
    Ident::new("__handler_meta", cx.span)
}

/// `{ static __META: HandlerMeta = …; &__META }`
fn meta(cx: &Cx<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let name = hidden("__META");
    let policy = hidden("__policy");
    let statements = statements(cx, &policy, steps(cx));
    let handler = match &cx.args.name {
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
                #private::HandlerMeta::new(#policy, #handler)
            };
            &#name
        }
    }
}

/// The part of it that a `max-age` depends on, as an expression: `{ let policy: Policy = BASE; …; policy }`.
pub(super) fn of_max_age(cx: &Cx<'_>) -> TokenStream {
    let policy = hidden("__policy");
    let statements = statements(cx, &policy, client_max_age(cx).chain(visibility(cx)));
    quote_spanned!(cx.span=> { #statements #policy })
}

fn statements(cx: &Cx<'_>, policy: &Ident, steps: impl IntoIterator<Item = Step>) -> TokenStream {
    let private = cx.private(cx.span);
    let base = match &cx.args.policy {
        Some(base) => base.value.to_token_stream(),
        None => quote_spanned!(cx.span=> #private::Policy::new()),
    };
    let steps = steps.into_iter().map(|step| step.statement(policy));
    quote_spanned! {cx.span=>
        let #policy: #private::Policy = #base;
        #(#steps)*
    }
}

/// One option: a call on the policy so far.
struct Step {
    span: Span,
    method: &'static str,
    argument: TokenStream,
}

impl Step {
    fn statement(self, policy: &Ident) -> TokenStream {
        let Self {
            span,
            method,
            argument,
        } = self;
        let method = Ident::new(method, span);
        let policy = Ident::new(&policy.to_string(), span);
        quote_spanned!(span=> let #policy = #policy.#method(#argument);)
    }
}

fn steps(cx: &Cx<'_>) -> Vec<Step> {
    let Args {
        expire,
        methods,
        vary,
        ..
    } = cx.args;
    let mut steps = Vec::new();
    if let Some(seconds) = cx.args.preset() {
        steps.push(Step {
            span: cx.span,
            method: "expire",
            argument: quote!(::core::time::Duration::from_secs(#seconds)),
        });
    }
    steps.extend(expire.as_ref().map(|expire| match &expire.value {
        Life::For(period) => step(expire, "expire", period.tokens()),
        Life::Never => step(expire, "never_expires", TokenStream::new()),
    }));
    steps.extend(
        methods
            .as_ref()
            .map(|methods| step(methods, "methods", filter(cx, &methods.value))),
    );
    steps.extend(vary.as_ref().map(|vary| {
        let names = &vary.value;
        step(vary, "vary", quote!(&[#(#names),*]))
    }));
    for (period, method) in [
        (&cx.args.stale_while_revalidate, "stale_while_revalidate"),
        (&cx.args.stale_if_error, "stale_if_error"),
        (&cx.args.stale_if_slow, "stale_if_slow"),
        (&cx.args.not_found, "not_found"),
    ] {
        steps.extend(
            period
                .as_ref()
                .map(|period| step(period, method, period.value.tokens())),
        );
    }
    steps.extend(client_max_age(cx).chain(visibility(cx)));
    for (expression, method) in [
        (&cx.args.store_if, "store_if"),
        (&cx.args.max_body, "max_body"),
        (&cx.args.version, "version"),
    ] {
        steps.extend(
            expression
                .as_ref()
                .map(|given| step(given, method, given.value.to_token_stream())),
        );
    }
    steps
}

fn client_max_age(cx: &Cx<'_>) -> impl Iterator<Item = Step> {
    let given = cx.args.client_max_age.iter();
    given.map(|given| match &given.value {
        ClientMaxAge::Fixed(period) => step(given, "client_max_age", period.tokens()),
        ClientMaxAge::Remaining => step(given, "client_max_age_remaining", TokenStream::new()),
    })
}

fn visibility(cx: &Cx<'_>) -> impl Iterator<Item = Step> {
    let flags = [(&cx.args.private, "private"), (&cx.args.public, "public")];
    let given = flags
        .into_iter()
        .filter_map(|(flag, method)| Some((flag.as_ref()?, method)));
    given.map(|(flag, method)| step(flag, method, TokenStream::new()))
}

fn step<T>(option: &Given<T>, method: &'static str, argument: TokenStream) -> Step {
    Step {
        span: macro_span(option.name.span()),
        method,
        argument,
    }
}

/// Input: `[GET, POST]`
/// Output: `MethodFilter::GET.or(MethodFilter::POST)`
fn filter(cx: &Cx<'_>, methods: &[Ident]) -> TokenStream {
    let mut filter = TokenStream::new();
    for method in methods {
        let span = macro_span(method.span());
        let private = cx.private(span);
        let method = quote_spanned!(span=> #private::MethodFilter::#method);
        filter.extend(if filter.is_empty() {
            method
        } else {
            quote_spanned!(span=> .or(#method))
        });
    }
    filter
}
