//! The function that axum calls: the handler's name and arity, with the cache in between.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{FnArg, parse_quote, parse_quote_spanned, spanned::Spanned as _};

use super::{Cx, companion, evict, key, policy};
use crate::{
    handler::{Keyed, Param, Role},
    span::{hidden, macro_span},
};

/// Input: `async fn product(Path(id): Path<u64>, State(db): State<Db>) -> Json<Product> { body }`
/// Output:
/// ```text
/// async fn product((context, arg0): (CacheContext<Plain>, Path<u64>), arg1: State<Db>) -> Response {
///     let ready = context.key(product::site(), Itself::of(&product), &|key| product::key(key, &arg0));
///     let waiting = match ready {
///         Ready::Answered(response) => return response,
///         Ready::Waits(waiting) => waiting,
///     };
///     waiting.fill(async move { product::uncached(arg0, arg1).await.into_response() }).await
/// }
/// ```
/// The key is made, and memory looked through, before any future exists; what waits is boxed, which keeps the future
/// small that axum boxes for every request.
pub(super) fn function(cx: &Cx<'_>) -> TokenStream {
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
    sig.output = parse_quote_spanned!(cx.span=> -> #private::Response);
    let body = match cx.args.cache {
        Some(_) => through_cache(cx, &context),
        None => run(cx, &context),
    };
    quote_spanned! {cx.span=>
        #(#attrs)*
        #vis #sig {
            #body
        }
    }
}

/// The key, and the closure that runs the handler.
fn through_cache(cx: &Cx<'_>, context: &Ident) -> TokenStream {
    let private = cx.private(cx.span);
    let (ready, waiting) = (hidden("__ready"), hidden("__waiting"));
    let (response, evictor) = (hidden("__response"), hidden("__evictor"));
    let checks = state_checks(cx);
    let keep_evictor = cx
        .args
        .evict
        .is_some()
        .then(|| quote_spanned!(cx.span=> let #evictor = #context.evictor();));
    let lookup = lookup(cx);
    let tags = key::tags(cx, &waiting);
    let extract = extract_lazy(cx);
    let run = run(cx, &evictor);
    quote_spanned! {cx.span=>
        #checks
        #keep_evictor
        let #ready = #context.#lookup;
        let #waiting = match #ready {
            #private::Ready::Answered(#response) => return #response,
            #private::Ready::Waits(#waiting) => #waiting,
        };
        #tags
        #waiting.fill(async move {
            #extract
            #run
        }).await
    }
}

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output:
/// ```text
/// let context = <CacheContext<Plain>>::renewing(product::site())?;
/// refreshed(product((context, arg0), arg1).await)
/// ```
/// The handler is called as axum calls it, with a context that stands for no request.
pub(super) fn refresh(cx: &Cx<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let context = hidden("__context");
    let (context_type, site) = (context_type(cx), cx.call_plain(&cx.names.site));
    let (handler, turbofish) = (&cx.names.handler, &cx.turbofish);
    let arguments = inputs(cx, &context).into_iter().map(|input| input.argument);
    quote_spanned! {cx.span=>
        let #context = <#context_type>::renewing(#site())?;
        #private::refreshed(#handler #turbofish (#(#arguments),*).await)
    }
}

/// Input: `async fn product(Path(id): Path<u64>) -> Json<Product> { body }`, `#[cache_evict(product(Path(id)))]`
/// Output:
/// ```text
/// let pending = evictor.begin(…);
/// let response = product::uncached(arg0).await;
/// pending.after(into_response(response)).await
/// ```
fn run(cx: &Cx<'_>, evictor: &Ident) -> TokenStream {
    let is_inline = cx.args.cache.is_none() && cx.args.associated.is_none();
    let body = if is_inline {
        companion::inline(cx)
    } else {
        let (body, arguments) = (cx.call(&cx.names.body), cx.arguments());
        quote_spanned!(cx.span=> #body(#arguments))
    };
    let response = Ident::new("__response", cx.return_span());
    let into_response = into_response(cx, &response);
    let Some(targets) = &cx.args.evict else {
        return quote_spanned! {cx.span=>
            let #response = #body.await;
            #into_response
        };
    };
    let pending = hidden("__pending");
    let begin = evict::begin(cx, targets, evictor);
    quote_spanned! {cx.span=>
        let #pending = #begin;
        let #response = #body.await;
        let #response = { #into_response };
        #pending.after(#response).await
    }
}

/// `key(product::site(), Itself::of(&product), &|key| product::key(key, &arg0))`
///
/// An associated handler has no companion to share these with, and holds them itself: a trait's `impl` has no room for
/// siblings, so each of them would be one more error there.
fn lookup(cx: &Cx<'_>) -> TokenStream {
    let itself = cx.itself();
    if cx.args.associated.is_some() {
        let site = hidden("__SITE");
        let item = policy::site_static(cx, &site);
        let write = key::closure(cx);
        return quote_spanned!(cx.span=> key({ #item &#site }, #itself, #write));
    }
    let site = cx.call_plain(&cx.names.site);
    let write = cx.call(&cx.names.key);
    let key = hidden("__key");
    let keyed = cx.keyed.iter().map(|Keyed { param, .. }| {
        let (cfgs, local) = (&param.cfgs, &param.local);
        quote!(#(#cfgs)* &#local)
    });
    quote_spanned!(cx.span=> key(#site(), #itself, &|#key| #write(#key, #(#keyed),*)))
}

/// A parameter of the function that axum calls.
struct Input {
    param: FnArg,
    /// What the companion calls it with, from names of its own parameters.
    argument: TokenStream,
}

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output: `(context, arg0): (CacheContext<Plain>, Path<u64>), arg1: State<Db>`
///
/// Joining keeps the arity, which `#[debug_handler]` calls with and axum limits to 16. A parameter under `cfg` cannot
/// be joined, for it would take the context with it. Lazy parameters leave `()` behind, but for one place.
fn inputs(cx: &Cx<'_>, context: &Ident) -> Vec<Input> {
    let private = cx.private(cx.span);
    let context_type = context_type(cx);
    let params = &cx.handler.params;
    let deferred = hidden("__deferred");
    let place_of_deferred = params.iter().rposition(|param| param.role == Role::Lazy);
    let joined = params.iter().position(|param| param.cfgs.is_empty());

    let mut inputs: Vec<Input> = Vec::with_capacity(params.len() + 1);
    if joined.is_none() {
        inputs.push(Input {
            param: parse_quote!(#context: #context_type),
            argument: quote!(#context),
        });
    }
    for (index, param) in params.iter().enumerate() {
        let (pattern, ty, argument) = if param.role != Role::Lazy {
            let (local, ty) = (&param.local, &param.ty);
            (quote!(#local), quote!(#ty), quote!(#local))
        } else if Some(index) == place_of_deferred {
            let types = lazy(cx).map(|param| &param.ty);
            let locals = lazy(cx).map(|param| &param.local);
            // In the last place it may own the request; a later argument may need the body.
            let holder = Ident::new(
                if index + 1 == params.len() {
                    "Deferred"
                } else {
                    "DeferredBeside"
                },
                cx.span,
            );
            (
                quote!(#deferred),
                quote_spanned!(cx.span=> #private::#holder<(#(#types,)*)>),
                quote_spanned!(cx.span=> #private::#holder::extracted((#(#locals,)*))),
            )
        } else {
            (quote!(_), quote_spanned!(cx.span=> ()), quote!(()))
        };
        let cfgs = &param.cfgs;
        inputs.push(if Some(index) == joined {
            Input {
                param: parse_quote_spanned!(cx.span=> (#context, #pattern): (#context_type, #ty)),
                argument: quote!((#context, #argument)),
            }
        } else {
            Input {
                param: parse_quote_spanned!(cx.span=> #(#cfgs)* #pattern: #ty),
                argument: quote!(#(#cfgs)* #argument),
            }
        });
    }
    inputs
}

fn context_type(cx: &Cx<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    if cx.args.cache.is_none() {
        return quote_spanned!(cx.span=> #private::Evictor);
    }
    let companion = if !cx.args.may_vary() {
        quote_spanned!(cx.span=> #private::Plain)
    } else if cx.args.associated.is_some() {
        quote_spanned!(cx.span=> #private::Associated)
    } else {
        let companion = &cx.names.companion;
        quote!(#companion)
    };
    quote_spanned!(cx.span=> #private::CacheContext<#companion>)
}

/// Output: whether the answer is an `Err`, which no type needs to be, and the response.
///
/// All of it at the return type, which is what may not be a response.
fn into_response(cx: &Cx<'_>, response: &Ident) -> TokenStream {
    let span = cx.return_span();
    let private = cx.private(span);
    let is_err = Ident::new("__is_err", span);
    quote_spanned! {span=>
        let #is_err = {
            use #private::NotAResult as _;
            #private::Answer(&#response).is_err()
        };
        #private::into_response(#response, #is_err)
    }
}

/// Runs the lazy extractors, from left to right.
fn extract_lazy(cx: &Cx<'_>) -> TokenStream {
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

fn lazy<'a>(cx: &Cx<'a>) -> impl Iterator<Item = &'a Param> {
    cx.handler.params.iter().filter(|param| param.role == Role::Lazy)
}

/// `State` is known by its name alone, and left out of the key for it: so it must be axum's.
fn state_checks(cx: &Cx<'_>) -> TokenStream {
    let states = cx.handler.params.iter().filter(|param| param.role == Role::State);
    states
        .map(|Param { cfgs, ty, .. }| {
            let span = macro_span(ty.span());
            let private = cx.private(span);
            quote_spanned!(span=> #(#cfgs)* let _ = #private::is_axum_state::<#ty>;)
        })
        .collect()
}
