//! The function that axum calls: the handler's name and arity, with the cache in between.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{FnArg, parse_quote, parse_quote_spanned};

use super::{Cx, client_max_age, companion, evict, key};
use crate::{
    handler::{Param, Role},
    span::hidden,
};

/// Input: `async fn product(Path(id): Path<u64>, State(db): State<Db>) -> Json<Product> { body }`
/// Output:
/// ```text
/// fn product((context, arg0): (CacheContext, Path<u64>), arg1: State<Db>) -> ResponseFuture {
///     let context = context.url_decides(const { … });
///     let ready = context.key(product::handler_id(), (&arg0, Some(&arg1)), product::key);
///     let waiting = match ready {
///         Ready::Answered(response) => return response,
///         Ready::Waits(waiting) => waiting,
///     };
///     waiting.fill(Run(product::uncached(arg0, arg1)).response())
/// }
/// ```
/// The key is made, and memory looked through, before any future exists; what waits is boxed, which keeps the future
/// small that axum boxes for every request. It is no `async fn`, of which the compiler would make a type for each
/// handler, and prove anew that it is `Send`, in each place where axum asks.
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
    let body = match cx.args.cache {
        Some(_) => {
            sig.asyncness = None;
            sig.output = parse_quote_spanned!(cx.span=> -> #private::ResponseFuture);
            through_cache(cx, &context)
        }
        None => {
            sig.output = parse_quote_spanned!(cx.span=> -> #private::Response);
            run(cx, &context)
        }
    };
    quote_spanned! {cx.span=>
        #(#attrs)*
        #vis #sig {
            #body
        }
    }
}

/// The key, and the run of the handler.
fn through_cache(cx: &Cx<'_>, context: &Ident) -> TokenStream {
    let private = cx.private(cx.span);
    let (ready, waiting) = (hidden("__ready"), hidden("__waiting"));
    let (response, evictor) = (hidden("__response"), hidden("__evictor"));
    let keep_evictor = cx
        .args
        .evict
        .is_some()
        .then(|| quote_spanned!(cx.span=> let (#context, #evictor) = #context.with_evictor();));
    let max_age_checks = client_max_age::checks(cx);
    let max_age_proof = client_max_age::proof(cx, context);
    let lookup = lookup(cx, context);
    let tags = key::tags(cx, &waiting);
    let fill = if cx.args.evict.is_none() && lazy(cx).next().is_none() {
        let run = response_of_run(cx);
        quote_spanned!(cx.span=> #waiting.fill(#run))
    } else {
        let extract = extract_lazy(cx);
        let run = run(cx, &evictor);
        quote_spanned!(cx.span=> #waiting.fill(async move { #extract #run }))
    };
    quote_spanned! {cx.span=>
        #max_age_checks
        #keep_evictor
        #max_age_proof
        let #ready = #lookup;
        let #waiting = match #ready {
            #private::Ready::Answered(#response) => return #response,
            #private::Ready::Waits(#waiting) => #waiting,
        };
        #tags
        #fill
    }
}

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output:
/// ```text
/// refresh(product::handler_id(), Box::new(move |context| product((context, arg0), arg1)))
/// ```
/// The handler is called as axum calls it, with a context that stands for no request.
pub(super) fn refresh(cx: &Cx<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let context = hidden("__context");
    let handler_id = cx.handler_id();
    let (handler, turbofish) = (&cx.names.handler, &cx.turbofish);
    let arguments = inputs(cx, &context).into_iter().map(|input| input.argument);
    quote_spanned! {cx.span=>
        #private::refresh(#handler_id, ::std::boxed::Box::new(move |#context| #handler #turbofish (#(#arguments),*)))
    }
}

/// Input: `async fn product(Path(id): Path<u64>) -> Json<Product> { body }`, `#[cache_evict(product(Path(id)))]`
/// Output:
/// ```text
/// let pending = evictor.begin(…);
/// pending.after(Run(product::uncached(arg0)).response().await).await
/// ```
fn run(cx: &Cx<'_>, evictor: &Ident) -> TokenStream {
    let response = response_of_run(cx);
    let response = quote_spanned!(cx.return_span()=> (#response).await);
    let Some(targets) = &cx.args.evict else {
        return response;
    };
    let pending = hidden("__pending");
    let begin = evict::begin(cx, targets, evictor);
    quote_spanned! {cx.span=>
        let #pending = #begin;
        #pending.after(#response).await
    }
}

/// Output: `Run(product::uncached(arg0)).response()`
///
/// All of it at the return type, which is what may not be a response.
fn response_of_run(cx: &Cx<'_>) -> TokenStream {
    let is_inline = cx.args.cache.is_none() && cx.args.associated.is_none();
    let body = if is_inline {
        companion::inline(cx)
    } else {
        let (body, arguments) = (cx.call(&cx.names.body), cx.arguments());
        quote_spanned!(cx.span=> #body(#arguments))
    };
    let span = cx.return_span();
    let private = cx.private(span);
    quote_spanned! {span=>
        {
            use #private::NotAResult as _;
            #private::Run(#body).response()
        }
    }
}

/// `context.key(product::handler_id(), (&arg0, Some(&arg1)), product::key)`
///
/// An associated handler has no companion to share the function with, and holds it itself.
fn lookup(cx: &Cx<'_>, context: &Ident) -> TokenStream {
    let of = quote!(#context.);
    if cx.args.associated.is_some() {
        let (handler_id, write) = (cx.handler_id(), key::closure(cx));
        return quote_spanned!(cx.span=> #of key_by(#handler_id, #write));
    }
    key::call(cx, &of, "key", |keyed| {
        let local = &keyed.param.local;
        if keyed.unknown_to_companion {
            quote_spanned!(cx.span=> ::core::option::Option::Some(&#local))
        } else {
            quote!(&#local)
        }
    })
}

/// A parameter of the function that axum calls.
struct Input {
    param: FnArg,
    /// What the companion calls it with, from names of its own parameters.
    argument: TokenStream,
}

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output: `(context, arg0): (CacheContext, Path<u64>), arg1: State<Db>`
///
/// Joining keeps the arity, which `#[debug_handler]` calls with and axum limits to 16. A parameter under `cfg` cannot
/// be joined, for it would take the context with it. Lazy parameters leave `()` behind, but for one place.
fn inputs(cx: &Cx<'_>, context: &Ident) -> Vec<Input> {
    let private = cx.private(cx.span);
    let (context, context_type, context_argument) = context_input(cx, context);
    let params = &cx.handler.params;
    let deferred = hidden("__deferred");
    let place_of_deferred = params.iter().rposition(|param| param.role == Role::Lazy);
    let joined = params.iter().position(|param| param.cfgs.is_empty());

    let mut inputs: Vec<Input> = Vec::with_capacity(params.len() + 1);
    if joined.is_none() {
        inputs.push(Input {
            param: parse_quote!(#context: #context_type),
            argument: context_argument.clone(),
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
                argument: quote!((#context_argument, #argument)),
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

/// What is joined to the parameters: its pattern, its type, and what the companion calls the handler with.
///
/// Output: `context`, `CacheContext`, and `context`; where headers may join the key: `Varying { context, .. }`,
/// `Varying<product>`, and `Into::into(context)`.
fn context_input(cx: &Cx<'_>, context: &Ident) -> (TokenStream, TokenStream, TokenStream) {
    let private = cx.private(cx.span);
    let plain = |ty| (quote!(#context), ty, quote!(#context));
    if cx.args.cache.is_none() {
        return plain(quote_spanned!(cx.span=> #private::Evictor));
    }
    if !cx.args.may_vary() {
        return plain(quote_spanned!(cx.span=> #private::CacheContext));
    }
    let companion = if cx.args.associated.is_some() {
        quote_spanned!(cx.span=> #private::Associated)
    } else {
        let companion = &cx.names.companion;
        quote!(#companion)
    };
    (
        quote_spanned!(cx.span=> #private::Varying { context: #context, .. }),
        quote_spanned!(cx.span=> #private::Varying<#companion>),
        quote_spanned!(cx.span=> ::core::convert::Into::into(#context)),
    )
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
