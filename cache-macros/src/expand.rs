//! The model, to tokens.

mod client_max_age;
mod companion;
mod evict;
mod key;
mod outer;
mod policy;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    GenericParam, Generics, Lifetime, ReturnType, Type, TypeParamBound, ext::IdentExt as _,
    spanned::Spanned as _,
};

use crate::{
    args::Args,
    handler::{Handler, Keyed, Param},
    span::macro_span,
};

/// Input:
/// ```text
/// pub async fn product(Path(id): Path<u64>, State(db): State<Db>) -> Json<Product> { body }
/// ```
/// Output:
/// ```text
/// pub async fn product((context, arg0): (CacheContext, Path<u64>), arg1: State<Db>) -> ResponseFuture { … }
/// pub enum product {}
/// impl product { uncached, key, evict, evict_all }
/// ```
/// Under `#[cache_evict]` alone: the function, with an `Evictor` for the context, and nothing beside it.
pub(crate) fn expand(handler: &Handler, args: &Args) -> TokenStream {
    let cx = Cx::new(handler, args);
    let outer = outer::function(&cx);
    let beside = match (&args.associated, args.cache) {
        (Some(_), _) => companion::sibling(&cx),
        (None, Some(_)) => companion::companion(&cx),
        (None, None) => TokenStream::new(),
    };
    quote!(#outer #beside)
}

/// The companion of a handler with errors, with nothing behind its functions.
pub(crate) fn placeholder(handler: &Handler, args: &Args) -> TokenStream {
    companion::placeholder(&Cx::new(handler, args))
}

/// What every transform needs.
struct Cx<'a> {
    handler: &'a Handler,
    args: &'a Args,
    /// On the handler's name, with names of its own.
    span: Span,
    names: Names,
    keyed: Vec<Keyed<'a>>,
    /// The handler's, with `'static` added.
    generics: Generics,
    /// `::<T, N>`, or nothing.
    turbofish: TokenStream,
    return_type: Type,
}

/// The function of a companion that says which handler it belongs to.
const HANDLER_ID: &str = "__handler_id";

/// What the generated items are called.
struct Names {
    companion: Ident,
    /// Where they live: the companion's name, or `Self`.
    home: Ident,
    /// The handler itself.
    handler: TokenStream,
    /// What `#[cache_evict(product(..))]` calls, too.
    handler_id: Ident,
    key: Ident,
    body: Ident,
}

impl<'a> Cx<'a> {
    fn new(handler: &'a Handler, args: &'a Args) -> Self {
        let span = macro_span(handler.name().span());
        let return_type = match &handler.function.sig.output {
            ReturnType::Type(_, ty) => (**ty).clone(),
            ReturnType::Default => Type::Verbatim(quote_spanned!(span=> ())),
        };
        let arguments: Vec<&Ident> = handler.generic_arguments().collect();
        Self {
            handler,
            args,
            span,
            names: Names::new(handler, args, span),
            keyed: handler.keyed(args),
            generics: with_static(handler.generics()),
            turbofish: if arguments.is_empty() {
                TokenStream::new()
            } else {
                quote!(::<#(#arguments),*>)
            },
            return_type,
        }
    }

    /// `::handler_cache::__private`, at `span` so that errors stand there.
    fn private(&self, span: Span) -> TokenStream {
        match &self.args.facade {
            Some(path) => quote!(#path::__private),
            None => quote_spanned!(span=> ::handler_cache::__private),
        }
    }

    /// At the return type, where its errors belong.
    fn return_span(&self) -> Span {
        macro_span(self.return_type.span())
    }

    /// `product::handler_id::<T>()`, which tells the handler apart from every other.
    ///
    /// An associated handler has no companion to share it with: a trait's `impl` has no room for siblings, so each of
    /// them would be one more error there.
    fn handler_id(&self) -> TokenStream {
        if self.args.associated.is_some() {
            return policy::handler_id(self);
        }
        let handler_id = self.call(&self.names.handler_id);
        quote_spanned!(self.span=> #handler_id())
    }

    /// `arg0, arg1`: what the function with the body is called with.
    fn arguments(&self) -> TokenStream {
        let arguments = self
            .handler
            .params
            .iter()
            .map(|Param { cfgs, local, .. }| quote!(#(#cfgs)* #local));
        quote!(#(#arguments),*)
    }

    /// The parameters of the companion's functions.
    fn in_companion(&self) -> impl Iterator<Item = &Keyed<'a>> {
        self.keyed.iter().filter(|keyed| !keyed.unknown_to_companion)
    }

    /// A generated function with the handler's generics.
    fn call(&self, function: &Ident) -> TokenStream {
        let home = &self.names.home;
        let turbofish = &self.turbofish;
        quote_spanned!(self.span=> #home::#function #turbofish)
    }
}

impl Names {
    fn new(handler: &Handler, args: &Args, span: Span) -> Self {
        let mut name = handler.name().clone();
        name.set_span(macro_span(name.span()));
        let ident = |text: &str| Ident::new(text, span);
        let mut companion = args
            .companion
            .as_ref()
            .map_or_else(|| name.clone(), |given| given.value.clone());
        if args.associated.is_some() {
            let plain = name.unraw();
            return Self {
                companion,
                home: ident("Self"),
                handler: quote_spanned!(span=> Self::#name),
                handler_id: ident(HANDLER_ID),
                key: ident("__key"),
                body: format_ident!("__cache_{plain}", span = span),
            };
        }
        // As a name of the macro's, so that no lint asks for `GetProduct`.
        companion.set_span(macro_span(companion.span()));
        Self {
            home: companion.clone(),
            companion,
            handler: quote!(#name),
            handler_id: ident(HANDLER_ID),
            key: ident("__key"),
            body: ident("uncached"),
        }
    }
}

/// Input: `<T: Repo, const N: usize>`
/// Output: `<T: Repo + 'static, const N: usize>`
fn with_static(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for param in &mut generics.params {
        let GenericParam::Type(param) = param else {
            continue;
        };
        let is_static = |bound: &TypeParamBound| matches!(bound, TypeParamBound::Lifetime(lifetime) if lifetime.ident == "static");
        if !param.bounds.iter().any(is_static) {
            let lifetime = Lifetime::new("'static", macro_span(param.ident.span()));
            param.colon_token.get_or_insert_default();
            param.bounds.push(TypeParamBound::Lifetime(lifetime));
        }
    }
    generics
}
