//! What all transforms share: the handler, its options, and the names of generated items.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    GenericParam, Generics, Lifetime, ReturnType, Type, TypeParamBound, ext::IdentExt as _,
    spanned::Spanned as _,
};

use crate::{
    model::{Handler, Param, UsedParam},
    parse::Options,
    syntax::span::macro_span,
};

/// The hidden function of a companion that returns the id of its handler.
pub(super) const HANDLER_ID: &str = "__handler_id";

pub(super) struct Context<'a> {
    pub(super) handler: &'a Handler,
    pub(super) options: &'a Options,
    /// Shows errors at the handler's name.
    pub(super) span: Span,
    pub(super) names: Names,
    /// The parameters in the key.
    pub(super) key_params: Vec<UsedParam<'a>>,
    /// The generics of the handler, with `'static` added.
    pub(super) generics: Generics,
    /// `::<T, N>`, or nothing.
    pub(super) turbofish: TokenStream,
    pub(super) return_type: Type,
}

/// The names of the generated items.
pub(super) struct Names {
    pub(super) companion: Ident,
    /// The type with the generated functions: the companion, or `Self`.
    pub(super) home: Ident,
    /// The path of the handler.
    pub(super) handler: TokenStream,
    /// The function that returns the id of the handler.
    pub(super) handler_id: Ident,
    /// The function that writes the arguments into a key.
    pub(super) write_key: Ident,
    /// The function with the body of the handler.
    pub(super) body: Ident,
}

impl<'a> Context<'a> {
    pub(super) fn new(handler: &'a Handler, options: &'a Options) -> Self {
        let span = macro_span(handler.name().span());
        let return_type = match &handler.function.sig.output {
            ReturnType::Type(_, ty) => (**ty).clone(),
            ReturnType::Default => Type::Verbatim(quote_spanned!(span=> ())),
        };
        let arguments: Vec<&Ident> = handler.generic_arguments().collect();
        Self {
            handler,
            options,
            span,
            names: Names::new(handler, options, span),
            key_params: handler.in_key(options),
            generics: with_static(handler.generics()),
            turbofish: if arguments.is_empty() {
                TokenStream::new()
            } else {
                quote!(::<#(#arguments),*>)
            },
            return_type,
        }
    }

    /// `::handler_cache::__private`, with errors shown at `span`.
    pub(super) fn private(&self, span: Span) -> TokenStream {
        match &self.options.facade {
            Some(path) => quote!(#path::__private),
            None => quote_spanned!(span=> ::handler_cache::__private),
        }
    }

    /// Shows errors at the return type.
    pub(super) fn return_span(&self) -> Span {
        macro_span(self.return_type.span())
    }

    /// The arguments for the function with the body: `arg0, arg1`.
    pub(super) fn arguments(&self) -> TokenStream {
        let arguments = self
            .handler
            .params
            .iter()
            .map(|Param { cfgs, local, .. }| quote!(#(#cfgs)* #local));
        quote!(#(#arguments),*)
    }

    /// All parameters, under their generated names: `arg0: Path<u64>, arg1: State<Db>`.
    pub(super) fn params(&self) -> Vec<TokenStream> {
        let params = self.handler.params.iter();
        params
            .map(|Param { cfgs, local, ty, .. }| quote!(#(#cfgs)* #local: #ty))
            .collect()
    }

    /// The parameters of `key` and `evict` in the companion.
    pub(super) fn companion_params(&self) -> impl Iterator<Item = &UsedParam<'a>> {
        self.key_params.iter().filter(|used| !used.not_in_companion)
    }

    /// The path of a generated function, with the generics of the handler: `product::key::<T>`.
    pub(super) fn generated(&self, function: &Ident) -> TokenStream {
        let home = &self.names.home;
        let turbofish = &self.turbofish;
        quote_spanned!(self.span=> #home::#function #turbofish)
    }
}

impl Names {
    fn new(handler: &Handler, options: &Options, span: Span) -> Self {
        let mut name = handler.name().clone();
        name.set_span(macro_span(name.span()));
        let ident = |text: &str| Ident::new(text, span);
        let mut companion = options
            .companion
            .as_ref()
            .map_or_else(|| name.clone(), |companion| companion.value.clone());
        if options.associated.is_some() {
            let plain = name.unraw();
            return Self {
                companion,
                home: ident("Self"),
                handler: quote_spanned!(span=> Self::#name),
                handler_id: ident(HANDLER_ID),
                write_key: ident("__key"),
                body: format_ident!("__cache_{plain}", span = span),
            };
        }
        // With a span of the macro, so that no lint asks for the name `GetProduct`.
        companion.set_span(macro_span(companion.span()));
        Self {
            home: companion.clone(),
            companion,
            handler: quote!(#name),
            handler_id: ident(HANDLER_ID),
            write_key: ident("__key"),
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
