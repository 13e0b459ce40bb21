//! The companion type: the handler without its cache, its keys, and the eviction of its entries.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Pat, WhereClause, WherePredicate, ext::IdentExt as _, parse_quote_spanned, spanned::Spanned as _};

use super::{body, context::Context, handler_meta, key, refresh, tags};
use crate::{
    model::{Param, UsedParam},
    syntax::span::macro_span,
};

/// Input: `pub async fn product(Path(id): Path<u64>, State(db): State<Db>) -> Json<Product> { body }`
/// Output:
/// ```text
/// pub enum product {}
/// impl product {
///     pub fn uncached(arg0: Path<u64>, arg1: State<Db>) -> impl Future<Output = Json<Product>> { … }
///     pub fn key(id: Path<u64>) -> CacheKey { … }
///     pub fn evict(id: Path<u64>) -> Evicting { … }
///     pub fn evict_all() -> Evicting { … }
///     pub fn call(arg0: Path<u64>, arg1: State<Db>) -> HandlerCall { … }
///     pub fn refresh(arg0: Path<u64>, arg1: State<Db>) -> Refreshing { … }
/// }
/// ```
/// The type is never generic, because one name imports both it and the handler. Its public functions are `#[inline]`:
/// otherwise a library compiles all of them to machine code, though few are called.
pub(super) fn companion(cx: &Context<'_>) -> TokenStream {
    let attrs = &cx.handler.attributes.all;
    let companion = &cx.names.companion;
    let writer = key::writer(cx);
    let handler = body::function(cx, cx.handler.name());
    let public = public(cx, &handler, &Bodies::new(cx));
    let vary = handler_meta::vary(cx);
    quote_spanned! {cx.span=>
        #public

        #(#attrs)*
        impl #companion {
            #writer
        }

        #vary
    }
}

/// The public items without an implementation, so that code that names them has no errors besides the handler's.
pub(super) fn placeholder(cx: &Context<'_>) -> TokenStream {
    public(cx, &TokenStream::new(), &Bodies::placeholders(cx))
}

/// The bodies of the public functions.
struct Bodies {
    key: TokenStream,
    evict: TokenStream,
    evict_all: TokenStream,
    call: TokenStream,
    refresh: TokenStream,
    handler_id: TokenStream,
}

impl Bodies {
    fn new(cx: &Context<'_>) -> Self {
        let private = cx.private(cx.span);
        let (handler_id, turbofish) = (handler_meta::id(cx), &cx.turbofish);
        let names: Vec<Ident> = parameter_names(cx).collect();
        let arguments = names
            .iter()
            .zip(cx.companion_params())
            .map(|(name, UsedParam { param, .. })| {
                let cfgs = &param.cfgs;
                quote!(#(#cfgs)* #name)
            });
        Self {
            key: tags::of_key(cx, cache_key(cx, &names), &names),
            evict: quote_spanned!(cx.span=> #private::evict(Self::key #turbofish (#(#arguments),*))),
            evict_all: quote_spanned!(cx.span=> #private::evict_all(#handler_id)),
            call: refresh::call(cx),
            refresh: refresh::refresh(cx),
            handler_id: handler_meta::id_of_static(cx),
        }
    }

    fn placeholders(cx: &Context<'_>) -> Self {
        let never = || quote_spanned!(cx.span=> loop {});
        Self {
            key: never(),
            evict: never(),
            evict_all: never(),
            call: never(),
            refresh: never(),
            handler_id: never(),
        }
    }
}

/// Output: `cache_key(product::__handler_id(), (&id, None), product::__key)`
fn cache_key(cx: &Context<'_>, names: &[Ident]) -> TokenStream {
    let private = cx.private(cx.span);
    let receiver = quote_spanned!(cx.span=> #private::);
    let mut names = names.iter();
    key::call(cx, &receiver, "cache_key", |used| {
        if used.not_in_companion {
            return quote_spanned!(cx.span=> ::core::option::Option::None);
        }
        let name = names.next();
        quote!(&#name)
    })
}

fn public(cx: &Context<'_>, handler: &TokenStream, bodies: &Bodies) -> TokenStream {
    let Context { names, .. } = cx;
    let private = cx.private(cx.span);
    let vis = &cx.handler.function.vis;
    let attrs = &cx.handler.attributes.all;
    let companion = &names.companion;
    let doc = format!(
        " The cached responses of [`{0}`](fn@{0}): their keys, their eviction, and the handler without them.",
        cx.handler.name().unraw()
    );
    let uncached = uncached(cx, handler);
    let (generics, _, bounds) = cx.generics.split_for_impl();
    let key_bounds = key_bounds(cx);
    let key_params: Vec<TokenStream> = parameter_names(cx)
        .zip(cx.companion_params())
        .map(|(name, UsedParam { param, .. })| {
            let Param { cfgs, ty, .. } = param;
            quote_spanned!(cx.span=> #(#cfgs)* #name: #ty)
        })
        .collect();
    let handler_id_name = &names.handler_id;
    let Bodies {
        key,
        evict,
        evict_all,
        call,
        refresh,
        handler_id,
    } = bodies;
    let params = cx.params();
    quote_spanned! {cx.span=>
        #(#attrs)*
        #[doc = #doc]
        #vis enum #companion {}

        #(#attrs)*
        impl #companion {
            #uncached

            /// The key of the responses to these arguments.
            #[must_use]
            #[inline]
            #vis fn key #generics (#(#key_params),*) -> #private::CacheKey #key_bounds {
                #key
            }

            /// Evicts the responses to these arguments from the global cache.
            ///
            /// # Errors
            ///
            /// Without a global cache, when these arguments have no key, and when the store did not acknowledge.
            #[inline]
            #vis fn evict #generics (#(#key_params),*) -> #private::Evicting #key_bounds {
                #evict
            }

            /// Evicts every response of this handler from the global cache, however many there are.
            ///
            /// # Errors
            ///
            /// Without a global cache, and when the store did not acknowledge.
            #[inline]
            #vis fn evict_all #generics () -> #private::Evicting #bounds {
                #evict_all
            }

            /// The handler with these arguments, for `Cache::refresh` of any cache.
            #[inline]
            #vis fn call #generics (#(#params),*) -> #private::HandlerCall #bounds {
                #call
            }

            /// Runs the handler now, with these arguments, and stores its response in the global cache; see
            /// `Cache::refresh`.
            ///
            /// # Errors
            ///
            /// Without a global cache, and when these arguments have no key.
            #[inline]
            #vis fn refresh #generics (#(#params),*) -> #private::Refreshing #bounds {
                #refresh
            }

            #[doc(hidden)]
            #[must_use]
            #[inline]
            #vis fn #handler_id_name #generics () -> #private::HandlerId #bounds {
                #handler_id
            }
        }
    }
}

/// Input: `async fn product(Path(id): Path<u64>) -> Json<Product> { body }`
/// Output:
/// ```text
/// fn uncached(arg0: Path<u64>) -> impl Future<Output = Json<Product>> {
///     async fn product(Path(id): Path<u64>) -> Json<Product> { body }
///     product(arg0)
/// }
/// ```
/// The inner function keeps the handler's name, which `#[instrument]` reports, and does not clash with the functions of
/// the companion. Its future is returned, not awaited, so the arguments are stored once.
fn uncached(cx: &Context<'_>, handler: &TokenStream) -> TokenStream {
    let vis = &cx.handler.function.vis;
    let (generics, _, bounds) = cx.handler.generics().split_for_impl();
    let params = cx.params();
    let (name, turbofish, output) = (cx.handler.name(), &cx.turbofish, &cx.return_type);
    let arguments = cx.arguments();
    let uncached = &cx.names.body;
    quote_spanned! {cx.span=>
        /// Runs the handler without the cache; for unit tests.
        #vis fn #uncached #generics (#(#params),*) -> impl ::core::future::Future<Output = #output> #bounds {
            #handler
            #name #turbofish (#arguments)
        }
    }
}

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output: `where for<'a> State<Db>: AxumState`
///
/// The functions do not take parameters called `State`, so they must not be called where that is another type, which is in
/// the key. With `for`, the compiler checks the bound at the call; otherwise it would reject the function itself.
fn key_bounds(cx: &Context<'_>) -> Option<WhereClause> {
    let mut generics = cx.generics.clone();
    let states = cx
        .key_params
        .iter()
        // A bound cannot have `cfg`; there, the writer has the check.
        .filter(|used| used.not_in_companion && used.param.cfgs.is_empty());
    for UsedParam { param, .. } in states {
        let (ty, span) = (&param.ty, macro_span(param.ty.span()));
        let private = cx.private(span);
        let predicate: WherePredicate = parse_quote_spanned!(span=> for<'__call> #ty: #private::AxumState);
        generics.make_where_clause().predicates.push(predicate);
    }
    generics.where_clause
}

/// The names that users see in the editor: the binding's name, if the parameter has only one.
fn parameter_names<'a>(cx: &'a Context<'_>) -> impl Iterator<Item = Ident> + 'a {
    cx.companion_params().enumerate().map(
        |(index, used)| match (&used.param.pat, used.bindings.as_slice()) {
            (Pat::Ident(_) | Pat::TupleStruct(_), [name]) => {
                let mut name = (*name).clone();
                name.set_span(cx.span);
                name
            }
            _ => format_ident!("arg{index}", span = cx.span),
        },
    )
}
