//! The types in a signature: parameters own their values, and `Self` has a meaning in `impl` blocks only.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    FnArg, Lifetime, Type,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use crate::{
    attribute::Attribute,
    errors::Errors,
    parse::{Function, Options},
};

pub(super) fn check(function: &Function, attribute: Attribute, options: &Options, errors: &mut Errors) {
    for input in &function.sig.inputs {
        if let FnArg::Typed(typed) = input {
            TypeCheck { errors, function }.visit_type(&typed.ty);
        }
    }
    if options.associated.is_none() {
        self_type(function.sig.to_token_stream(), attribute, errors);
    }
}

struct TypeCheck<'a> {
    errors: &'a mut Errors,
    function: &'a Function,
}

impl TypeCheck<'_> {
    fn borrowed(&mut self, span: Span) {
        self.errors.at(
            span,
            "a handler owns its arguments, and this one is borrowed; use an owned type, such as `String` for `&str`",
        );
    }
}

impl<'ast> Visit<'ast> for TypeCheck<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        match ty {
            Type::ImplTrait(_) => self.errors.on(
                ty,
                "the key needs the name of this type; use a type parameter: `async fn handler<T: Trait>(…: T)`",
            ),
            // `fn(&T)` and `dyn for<'a> Fn(&'a T)` do not borrow anything themselves.
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
        // A declared lifetime has an error at its declaration.
        let is_declared = self
            .function
            .sig
            .generics
            .lifetimes()
            .any(|param| param.lifetime == *lifetime);
        if lifetime.ident != "static" && !is_declared {
            self.borrowed(lifetime.span());
        }
    }
}

/// Rejects `Self`: it would mean the companion, or be out of scope in the function with the body.
fn self_type(tokens: TokenStream, attribute: Attribute, errors: &mut Errors) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => errors.at(
                ident.span(),
                format!(
                    "`Self` is not known here; name the type, and write `#[{}(associated, …)]` if the function is in \
                     an `impl` block",
                    attribute.name
                ),
            ),
            TokenTree::Group(group) => self_type(group.stream(), attribute, errors),
            _ => {}
        }
    }
}
