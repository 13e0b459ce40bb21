//! The companion type: the handler without its cache, its keys, their eviction.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Pat, Signature, WhereClause, WherePredicate, ext::IdentExt as _, parse_quote_spanned,
    spanned::Spanned as _,
};

use super::{Cx, key, outer, policy};
use crate::{
    handler::{Keyed, Param},
    span::macro_span,
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
///     pub fn refresh(arg0: Path<u64>, arg1: State<Db>) -> Refreshing { … }
/// }
/// ```
/// It is never generic: users import it together with the handler, by one name. Its public functions are `#[inline]`: a
/// library's are else compiled to the end for whoever might call them, though most are called by nobody.
pub(super) fn companion(cx: &Cx<'_>) -> TokenStream {
    let attrs = &cx.handler.attributes.all;
    let companion = &cx.names.companion;
    let key = key::writer(cx);
    let body = body(cx, cx.handler.name());
    let public = public(cx, &body, &eviction(cx));
    let vary = policy::vary(cx);
    quote_spanned! {cx.span=>
        #public

        #(#attrs)*
        impl #companion {
            #key
        }

        #vary
    }
}

/// What other code may name, beside a handler that has errors of its own: it shall get none for naming it.
pub(super) fn placeholder(cx: &Cx<'_>) -> TokenStream {
    let never = || quote_spanned!(cx.span=> loop {});
    public(
        cx,
        &TokenStream::new(),
        &Eviction {
            key: never(),
            handler_id: never(),
            evict: never(),
            evict_all: never(),
            refresh: never(),
        },
    )
}

/// The bodies of the functions that have to do with keys.
struct Eviction {
    key: TokenStream,
    handler_id: TokenStream,
    evict: TokenStream,
    evict_all: TokenStream,
    refresh: TokenStream,
}

fn eviction(cx: &Cx<'_>) -> Eviction {
    let private = cx.private(cx.span);
    let (handler_id, turbofish) = (cx.handler_id(), &cx.turbofish);
    let parameters: Vec<Ident> = parameter_names(cx).collect();
    let arguments = parameters
        .iter()
        .zip(cx.in_companion())
        .map(|(name, Keyed { param, .. })| {
            let cfgs = &param.cfgs;
            quote!(#(#cfgs)* #name)
        });
    let of = quote_spanned!(cx.span=> #private::);
    let mut names = parameters.iter();
    let cache_key = key::call(cx, &of, "cache_key", |keyed| {
        if keyed.unknown_to_companion {
            return quote_spanned!(cx.span=> ::core::option::Option::None);
        }
        let name = names.next();
        quote!(&#name)
    });
    Eviction {
        key: key::tagged(cx, cache_key, &parameters),
        evict: quote_spanned!(cx.span=> #private::evict(Self::key #turbofish (#(#arguments),*))),
        handler_id: policy::handler_id(cx),
        evict_all: quote_spanned!(cx.span=> #private::evict_all(#handler_id)),
        refresh: outer::refresh(cx),
    }
}

fn public(cx: &Cx<'_>, body: &TokenStream, eviction: &Eviction) -> TokenStream {
    let Cx { handler, names, .. } = cx;
    let private = cx.private(cx.span);
    let vis = &handler.function.vis;
    let attrs = &handler.attributes.all;
    let companion = &names.companion;
    let doc = format!(
        " The cached responses of [`{0}`](fn@{0}): their keys, their eviction, and the handler without them.",
        handler.name().unraw()
    );
    let uncached = uncached(cx, body);
    let (generics, _, bounds) = cx.generics.split_for_impl();
    let key_bounds = key_bounds(cx);
    let params: Vec<TokenStream> = parameter_names(cx)
        .zip(cx.in_companion())
        .map(
            |(
                name,
                Keyed {
                    param: Param { cfgs, ty, .. },
                    ..
                },
            )| { quote_spanned!(cx.span=> #(#cfgs)* #name: #ty) },
        )
        .collect();
    let handler_id_name = &names.handler_id;
    let Eviction {
        key,
        handler_id,
        evict,
        evict_all,
        refresh,
    } = eviction;
    let every_param = every_param(cx);
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
            #vis fn key #generics (#(#params),*) -> #private::CacheKey #key_bounds {
                #key
            }

            /// Evicts the responses to these arguments from the global cache.
            ///
            /// # Errors
            ///
            /// Without a global cache, when these arguments have no key, and when the store did not acknowledge.
            #[inline]
            #vis fn evict #generics (#(#params),*) -> #private::Evicting #key_bounds {
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

            /// Runs the handler now, with these arguments, and stores its response in the global cache: to warm it up.
            ///
            /// Returns the response that a client gets. It stands for requests without headers of `vary`. A run that
            /// is under way already will do: after a change, evict first.
            ///
            /// # Errors
            ///
            /// Without a global cache, and when these arguments have no key.
            #[inline]
            #vis fn refresh #generics (#(#every_param),*) -> #private::Refreshing #bounds {
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

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output: `where for<'a> State<Db>: AxumState`
///
/// The functions do not take what is called `State`, and so cannot be called where that is another type, which is in the
/// key. The `for` has the compiler ask at the call: what it can tell to be wrong here, it refuses here.
fn key_bounds(cx: &Cx<'_>) -> Option<WhereClause> {
    let mut generics = cx.generics.clone();
    let states = cx
        .keyed
        .iter()
        // A bound cannot have `cfg`; the writer asks there.
        .filter(|keyed| keyed.unknown_to_companion && keyed.param.cfgs.is_empty());
    for Keyed { param, .. } in states {
        let (ty, span) = (&param.ty, macro_span(param.ty.span()));
        let private = cx.private(span);
        let predicate: WherePredicate = parse_quote_spanned!(span=> for<'__call> #ty: #private::AxumState);
        generics.make_where_clause().predicates.push(predicate);
    }
    generics.where_clause
}

/// Input: `async fn product(Path(id): Path<u64>) -> Json<Product> { body }`
/// Output:
/// ```text
/// fn uncached(arg0: Path<u64>) -> impl Future<Output = Json<Product>> {
///     async fn product(Path(id): Path<u64>) -> Json<Product> { body }
///     product(arg0)
/// }
/// ```
/// Inside, the body keeps its own name, for `#[instrument]`, and meets no other function of the companion. Handing its
/// future on, rather than awaiting it, keeps one copy of the arguments.
fn uncached(cx: &Cx<'_>, body: &TokenStream) -> TokenStream {
    let handler = cx.handler;
    let vis = &handler.function.vis;
    let (generics, _, bounds) = handler.generics().split_for_impl();
    let params = every_param(cx);
    let (name, turbofish, output) = (handler.name(), &cx.turbofish, &cx.return_type);
    let arguments = cx.arguments();
    let uncached = &cx.names.body;
    quote_spanned! {cx.span=>
        /// Runs the handler itself, past the cache; for unit tests.
        #vis fn #uncached #generics (#(#params),*) -> impl ::core::future::Future<Output = #output> #bounds {
            #body
            #name #turbofish (#arguments)
        }
    }
}

/// All parameters, each by a name of ours.
fn every_param(cx: &Cx<'_>) -> Vec<TokenStream> {
    let params = cx.handler.params.iter();
    params
        .map(|Param { cfgs, local, ty, .. }| quote!(#(#cfgs)* #local: #ty))
        .collect()
}

/// Input: `async fn product(Path(id): Path<u64>) -> Json<Product> { body }`
/// Output: `{ async fn product(Path(id): Path<u64>) -> Json<Product> { body } product(arg0) }`
///
/// For a handler without a companion to hold the function.
pub(super) fn inline(cx: &Cx<'_>) -> TokenStream {
    let (name, turbofish, arguments) = (cx.handler.name(), &cx.turbofish, cx.arguments());
    let body = body(cx, name);
    quote_spanned!(cx.span=> { #body #name #turbofish (#arguments) })
}

/// The hidden function with the body of an associated one, which must see the `impl` block's `Self` and generics.
pub(super) fn sibling(cx: &Cx<'_>) -> TokenStream {
    let body = body(cx, &cx.names.body);
    let cfgs = cx
        .handler
        .function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"));
    quote_spanned!(cx.span=> #(#cfgs)* #[doc(hidden)] #body)
}

/// The original function, by another name, with the attributes that belong to it.
fn body(cx: &Cx<'_>, name: &Ident) -> TokenStream {
    let function = &cx.handler.function;
    let attrs = &cx.handler.attributes.body;
    let body = &function.body;
    let sig = Signature {
        ident: name.clone(),
        ..function.sig.clone()
    };
    quote!(#(#attrs)* #sig #body)
}

/// What users see in the editor: the binding's name where there is just one.
fn parameter_names<'a>(cx: &'a Cx<'_>) -> impl Iterator<Item = Ident> + 'a {
    cx.in_companion().enumerate().map(
        |(index, keyed)| match (&keyed.param.pat, keyed.bindings.as_slice()) {
            (Pat::Ident(_) | Pat::TupleStruct(_), [name]) => {
                let mut name = (*name).clone();
                name.set_span(cx.span);
                name
            }
            _ => format_ident!("arg{index}", span = cx.span),
        },
    )
}
