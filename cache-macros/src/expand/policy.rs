//! The options of a policy, as statements of a constant.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::context::Context;
use crate::{
    parse::{ClientMaxAge, DurationValue, Options, Setting, Ttl},
    syntax::span::macro_span,
};

/// Input: `expire = 30, vary = ["accept-language"]`
/// Output:
/// ```text
/// let policy: Policy = Policy::new();
/// let policy = policy.expire(Duration::new(30, 0));
/// let policy = policy.vary(&["accept-language"]);
/// ```
/// One statement for each option, so that errors are shown at the option.
pub(super) fn statements(cx: &Context<'_>, policy: &Ident) -> TokenStream {
    let options = cx.options;
    let calls = ttl(cx)
        .into_iter()
        .chain(methods(cx))
        .chain(vary(options))
        .chain(stale(cx))
        .chain(client_max_age(cx))
        .chain(visibility(options))
        .chain(expressions(options));
    with_calls(cx, policy, calls)
}

/// The same for the options that a `max-age` depends on.
pub(super) fn max_age_statements(cx: &Context<'_>, policy: &Ident) -> TokenStream {
    with_calls(cx, policy, client_max_age(cx).chain(visibility(cx.options)))
}

fn with_calls(cx: &Context<'_>, policy: &Ident, calls: impl Iterator<Item = Call>) -> TokenStream {
    let private = cx.private(cx.span);
    let base = match &cx.options.policy {
        Some(base) => base.value.to_token_stream(),
        None => quote_spanned!(cx.span=> #private::Policy::new()),
    };
    let calls = calls.map(|call| call.statement(policy));
    quote_spanned! {cx.span=>
        let #policy: #private::Policy = #base;
        #(#calls)*
    }
}

/// A call of a method of `Policy`.
struct Call {
    span: Span,
    method: &'static str,
    argument: TokenStream,
}

impl Call {
    fn new<T>(setting: &Setting<T>, method: &'static str, argument: TokenStream) -> Self {
        Self {
            span: macro_span(setting.name.span()),
            method,
            argument,
        }
    }

    /// Output: `let policy = policy.expire(…);`
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

fn ttl(cx: &Context<'_>) -> Vec<Call> {
    let preset = cx.options.preset_ttl().map(|seconds| Call {
        span: cx.span,
        method: "expire",
        argument: quote!(::core::time::Duration::from_secs(#seconds)),
    });
    let expire = cx.options.expire.as_ref().map(|expire| match &expire.value {
        Ttl::For(value) => Call::new(expire, "expire", duration(cx, value)),
        Ttl::Never => Call::new(expire, "never_expires", TokenStream::new()),
    });
    preset.into_iter().chain(expire).collect()
}

fn methods(cx: &Context<'_>) -> Option<Call> {
    let methods = cx.options.methods.as_ref()?;
    Some(Call::new(methods, "methods", method_filter(cx, &methods.value)))
}

/// Input: `[GET, POST]`
/// Output: `MethodFilter::GET.or(MethodFilter::POST)`
fn method_filter(cx: &Context<'_>, methods: &[Ident]) -> TokenStream {
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

fn vary(options: &Options) -> Option<Call> {
    let vary = options.vary.as_ref()?;
    let names = &vary.value;
    Some(Call::new(vary, "vary", quote!(&[#(#names),*])))
}

fn stale(cx: &Context<'_>) -> impl Iterator<Item = Call> {
    let options = cx.options;
    [
        (&options.stale_while_revalidate, "stale_while_revalidate"),
        (&options.stale_if_error, "stale_if_error"),
        (&options.stale_if_slow, "stale_if_slow"),
        (&options.not_found, "not_found"),
    ]
    .into_iter()
    .filter_map(|(setting, method)| {
        let setting = setting.as_ref()?;
        Some(Call::new(setting, method, duration(cx, &setting.value)))
    })
}

fn client_max_age(cx: &Context<'_>) -> impl Iterator<Item = Call> {
    cx.options
        .client_max_age
        .iter()
        .map(|setting| match &setting.value {
            ClientMaxAge::Fixed(value) => Call::new(setting, "client_max_age", duration(cx, value)),
            ClientMaxAge::Remaining => Call::new(setting, "client_max_age_remaining", TokenStream::new()),
        })
}

/// Output: `Duration::new(30, 0)`, or for an expression `duration(TWO_HOURS)`, which names the type in its errors
fn duration(cx: &Context<'_>, value: &DurationValue) -> TokenStream {
    match value {
        DurationValue::Literal(duration, span) => {
            let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
            quote_spanned!(macro_span(*span)=> ::core::time::Duration::new(#seconds, #nanos))
        }
        DurationValue::Expression(expression) => {
            let span = macro_span(expression.span());
            let private = cx.private(span);
            quote_spanned!(span=> #private::duration(#expression))
        }
    }
}

fn visibility(options: &Options) -> impl Iterator<Item = Call> {
    [(&options.private, "private"), (&options.public, "public")]
        .into_iter()
        .filter_map(|(flag, method)| Some(Call::new(flag.as_ref()?, method, TokenStream::new())))
}

fn expressions(options: &Options) -> impl Iterator<Item = Call> {
    [
        (&options.store_if, "store_if"),
        (&options.max_body, "max_body"),
        (&options.version, "version"),
    ]
    .into_iter()
    .filter_map(|(setting, method)| {
        let setting = setting.as_ref()?;
        Some(Call::new(setting, method, setting.value.to_token_stream()))
    })
}
