//! What a handler's signature may be.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    FnArg, GenericParam, Lifetime, Safety, Type,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use crate::{
    args::{Args, Attribute},
    errors::Errors,
    function::Function,
};

/// Types that every module sees: a companion of that name would take their place.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
    "u64", "u128", "usize",
];

pub(super) fn check(function: &Function, attribute: Attribute, args: &Args, errors: &mut Errors) {
    qualifiers(function, errors);
    generics(function, errors);
    parameters(function, attribute, errors);
    if args.associated.is_none() {
        self_type(function.sig.to_token_stream(), attribute, errors);
        if args.cache.is_some()
            && args.companion.is_none()
            && PRIMITIVES.iter().any(|name| function.sig.ident == name)
        {
            errors.at(
                function.sig.ident.span(),
                format!(
                    "the companion type would hide the primitive type `{}`; name it with `companion = …`",
                    function.sig.ident
                ),
            );
        }
    }
}

fn qualifiers(function: &Function, errors: &mut Errors) {
    let sig = &function.sig;
    if let Some(token) = &sig.constness {
        errors.at(
            token.span,
            "a handler runs when a request comes; take `const` away",
        );
    }
    if sig.asyncness.is_none() {
        errors.at(sig.fn_token.span, "a handler is asynchronous; write `async fn`");
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(
            token.span,
            "axum calls only safe handlers; take `unsafe` away and put an `unsafe` block into the body",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.on(abi, "axum calls only Rust functions; take `extern` away");
    }
    if let Some(variadic) = &sig.variadic {
        errors.on(
            variadic,
            "a handler takes extractors, one by one; take `...` away",
        );
    }
}

fn generics(function: &Function, errors: &mut Errors) {
    for param in &function.sig.generics.params {
        if let GenericParam::Lifetime(param) = param {
            errors.on(
                &param.lifetime,
                "a handler owns its arguments, so it takes no lifetimes; use owned types or `'static`",
            );
        }
    }
}

fn parameters(function: &Function, attribute: Attribute, errors: &mut Errors) {
    for input in &function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => errors.on(
                receiver,
                format!(
                    "a handler has no `self`; take what it holds with `State`, and say `#[{}(associated, …)]` \
                     when the function stands in an `impl` block",
                    attribute.name
                ),
            ),
            FnArg::Typed(typed) => TypeCheck {
                errors,
                declared: function,
            }
            .visit_type(&typed.ty),
        }
    }
}

struct TypeCheck<'a> {
    errors: &'a mut Errors,
    declared: &'a Function,
}

impl TypeCheck<'_> {
    fn borrowed(&mut self, span: Span) {
        self.errors.at(
            span,
            "a handler owns its arguments; use an owned type or `'static`",
        );
    }
}

impl<'ast> Visit<'ast> for TypeCheck<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        match ty {
            Type::ImplTrait(_) => self.errors.on(
                ty,
                "an `impl Trait` parameter has no name to ask for; declare it: `async fn handler<T: Trait>(…: T)`",
            ),
            // `fn(&T)` and `dyn for<'a> Fn(&'a T)` borrow nothing themselves.
            Type::FnPtr(_) => {}
            Type::Reference(reference) if reference.lifetime.is_none() => {
                self.borrowed(reference.and_token.span());
                visit::visit_type(self, ty);
            }
            _ => visit::visit_type(self, ty),
        }
    }

    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast syn::ParenthesizedGenericArguments) {}

    fn visit_trait_bound(&mut self, bound: &'ast syn::TraitBound) {
        if bound.lifetimes.is_none() {
            visit::visit_trait_bound(self, bound);
        }
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        // A declared one got its error where it is declared.
        let is_declared = self
            .declared
            .sig
            .generics
            .lifetimes()
            .any(|param| param.lifetime == *lifetime);
        if lifetime.ident != "static" && !is_declared {
            self.borrowed(lifetime.span());
        }
    }
}

/// `Self` would silently become the companion, or be out of sight of the function with the body.
fn self_type(tokens: TokenStream, attribute: Attribute, errors: &mut Errors) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => errors.at(
                ident.span(),
                format!(
                    "a handler has no `Self` here; name the type, and say `#[{}(associated, …)]` \
                     when the function stands in an `impl` block",
                    attribute.name
                ),
            ),
            TokenTree::Group(group) => self_type(group.stream(), attribute, errors),
            _ => {}
        }
    }
}
