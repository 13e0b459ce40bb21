//! The function that axum calls. It has the handler's name and number of parameters.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse_quote_spanned;

use super::{
    body, client_max_age,
    context::Context,
    evict, handler_meta,
    inputs::{inputs, lazy},
    key, tags,
};
use crate::syntax::span::hidden;

/// Input: `async fn product(Path(id): Path<u64>, State(db): State<Db>) -> Json<Product> { body }`
/// Output:
/// ```text
/// fn product((context, arg0): (CacheContext, Path<u64>), arg1: State<Db>) -> ResponseFuture {
///     let context = context.url_decides(const { … });
///     let ready = context.key(product::__handler_id(), (&arg0, Some(&arg1)), product::key);
///     let waiting = match ready {
///         Ready::Answered(response) => return response,
///         Ready::Waits(waiting) => waiting,
///     };
///     waiting.fill(Box::pin(HandlerFuture(product::uncached(arg0, arg1)).response(IntoResponse::into_response)))
/// }
/// ```
/// The key is built and looked up in memory before any future exists. Requests that must wait are boxed, so that the
/// future that axum boxes for every request stays small. The function is not an `async fn`: the compiler would create a
/// type for each handler, and prove again in each place where axum needs it that the type is `Send`.
pub(super) fn function(cx: &Context<'_>) -> TokenStream {
    let handler = cx.handler;
    let private = cx.private(cx.span);
    let context = hidden("__context");
    let attrs = &handler.attributes.outer;
    let vis = &handler.function.vis;
    let mut sig = handler.function.sig.clone();
    sig.generics = cx.generics.clone();
    sig.inputs = inputs(cx, &context)
        .into_iter()
        .map(|input| input.param)
        .collect();
    let body = if cx.options.cache.is_some() {
        sig.asyncness = None;
        sig.output = parse_quote_spanned!(cx.span=> -> #private::ResponseFuture);
        cached(cx, &context)
    } else {
        sig.output = parse_quote_spanned!(cx.span=> -> #private::Response);
        run(cx, &context)
    };
    quote_spanned! {cx.span=>
        #(#attrs)*
        #vis #sig {
            #body
        }
    }
}

/// Looks up the key; on a miss, runs the handler.
fn cached(cx: &Context<'_>, context: &Ident) -> TokenStream {
    let private = cx.private(cx.span);
    let (ready, waiting) = (hidden("__ready"), hidden("__waiting"));
    let (response, evictor) = (hidden("__response"), hidden("__evictor"));
    let max_age_checks = client_max_age::checks(cx);
    let split_evictor = cx
        .options
        .evict
        .is_some()
        .then(|| quote_spanned!(cx.span=> let (#context, #evictor) = #context.with_evictor();));
    let max_age_proof = client_max_age::proof(cx, context);
    let lookup = lookup(cx, context);
    let tags = tags::of_request(cx, &waiting);
    let fill = fill(cx, &evictor);
    // Errors here mean that the future of the handler is not `Send`.
    let fill = quote_spanned!(cx.return_span()=> ::std::boxed::Box::pin(#fill));
    quote_spanned! {cx.span=>
        #max_age_checks
        #split_evictor
        #max_age_proof
        let #ready = #lookup;
        let #waiting = match #ready {
            #private::Ready::Answered(#response) => return #response,
            #private::Ready::Waits(#waiting) => #waiting,
        };
        #tags
        #waiting.fill(#fill)
    }
}

/// Output: `context.key(product::__handler_id(), (&arg0, Some(&arg1)), product::key)`
///
/// An associated handler has no companion to share the function with, and passes a closure.
fn lookup(cx: &Context<'_>, context: &Ident) -> TokenStream {
    if cx.options.associated.is_some() {
        let (handler_id, write) = (handler_meta::id(cx), key::closure(cx));
        return quote_spanned!(cx.span=> #context.key_by(#handler_id, #write));
    }
    key::call(cx, &quote!(#context.), "key", |used| {
        let local = &used.param.local;
        if used.not_in_companion {
            quote_spanned!(cx.span=> ::core::option::Option::Some(&#local))
        } else {
            quote!(&#local)
        }
    })
}

/// The future that runs on a miss.
fn fill(cx: &Context<'_>, evictor: &Ident) -> TokenStream {
    let is_plain = cx.options.evict.is_none() && lazy(cx).next().is_none();
    if is_plain {
        return body::response(cx);
    }
    let extract = extract_lazy(cx);
    let run = run(cx, evictor);
    quote_spanned!(cx.span=> async move { #extract #run })
}

/// Runs the handler and evicts its targets.
///
/// Input: `async fn product(Path(id): Path<u64>) -> Json<Product> { body }`, `#[cache_evict(product(Path(id)))]`
/// Output:
/// ```text
/// let pending = evictor.begin(…);
/// pending.after(HandlerFuture(product::uncached(arg0)).response(IntoResponse::into_response).await).await
/// ```
fn run(cx: &Context<'_>, evictor: &Ident) -> TokenStream {
    let response = body::response(cx);
    let response = quote_spanned!(cx.return_span()=> (#response).await);
    let Some(targets) = &cx.options.evict else {
        return response;
    };
    let pending = hidden("__pending");
    let begin = evict::begin(cx, targets, evictor);
    quote_spanned! {cx.span=>
        let #pending = #begin;
        #pending.after(#response).await
    }
}

/// Runs the lazy extractors from left to right.
///
/// Output:
/// ```text
/// let (arg1,) = match deferred.extract().await {
///     Ok(extracted) => extracted,
///     Err(rejection) => return unshared(rejection),
/// };
/// ```
fn extract_lazy(cx: &Context<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    if lazy(cx).next().is_none() {
        return TokenStream::new();
    }
    let (deferred, extracted, rejection) =
        (hidden("__deferred"), hidden("__extracted"), hidden("__rejection"));
    let locals = lazy(cx).map(|param| &param.local);
    quote_spanned! {cx.span=>
        let (#(#locals,)*) = match #deferred.extract().await {
            ::core::result::Result::Ok(#extracted) => #extracted,
            ::core::result::Result::Err(#rejection) => return #private::unshared(#rejection),
        };
    }
}
