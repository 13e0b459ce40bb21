//! The model of a handler: its parameters, what they bind, and what becomes of each.

use proc_macro2::{Ident, Span};
use quote::{ToTokens, format_ident};
use syn::{
    Attribute, FnArg, GenericParam, Generics, Pat, Type, TypeGroup, TypeParen, ext::IdentExt as _,
    visit::Visit,
};

use crate::{args::Args, attributes::Attributes, function::Function, mentions::mentioned, pattern};

/// A function under our attributes.
pub(crate) struct Handler {
    pub(crate) function: Function,
    pub(crate) attributes: Attributes,
    pub(crate) params: Vec<Param>,
}

/// One parameter, an extractor.
pub(crate) struct Param {
    /// Its `cfg` attributes: whatever is generated from it disappears with it.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    /// What generated code calls it.
    pub(crate) local: Ident,
    /// The names it binds for the body.
    pub(crate) bindings: Vec<Ident>,
    /// A macro stands in the pattern, so that not all it binds can be seen.
    pub(crate) opaque: bool,
    pub(crate) role: Role,
}

/// What a parameter is to the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its bindings join the key, but for those in `ignore`.
    Data,
    /// Called `State`, which is axum's as a rule. The companion's functions are without it; what joins the key, its type
    /// says.
    State,
    /// Extracted on a miss only.
    Lazy,
}

impl Handler {
    pub(crate) fn new(function: Function, args: &Args) -> Self {
        let attributes = Attributes::sort(&function.attrs);
        let lazy = args.lazy.as_ref().map_or(&[][..], |lazy| &lazy.value);
        let params = function
            .sig
            .inputs
            .iter()
            .filter_map(|input| match input {
                FnArg::Typed(typed) => Some(typed),
                FnArg::Receiver(_) => None,
            })
            .enumerate()
            .map(|(index, typed)| {
                let (bindings, opaque) = pattern::bindings(&typed.pat);
                let role = if bindings.iter().any(|binding| contains(lazy, binding)) {
                    Role::Lazy
                } else if is_named(&typed.ty, "State") {
                    Role::State
                } else {
                    Role::Data
                };
                Param {
                    cfgs: typed
                        .attrs
                        .iter()
                        .filter(|attr| attr.path().is_ident("cfg"))
                        .cloned()
                        .collect(),
                    pat: (*typed.pat).clone(),
                    ty: (*typed.ty).clone(),
                    local: format_ident!("__arg{index}", span = Span::mixed_site()),
                    bindings,
                    opaque,
                    role,
                }
            })
            .collect();
        Self {
            function,
            attributes,
            params,
        }
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.function.sig.ident
    }

    pub(crate) fn generics(&self) -> &Generics {
        &self.function.sig.generics
    }

    /// Each parameter with those of its bindings that make the key; parameters without any are left out.
    pub(crate) fn keyed(&self, args: &Args) -> Vec<Keyed<'_>> {
        if let Some(key) = &args.key {
            return self.mentioned_in(&key.value);
        }
        let ignored = args.ignore.as_ref().map_or(&[][..], |ignore| &ignore.value);
        let eager = self.params.iter().filter(|param| param.role != Role::Lazy);
        eager
            .map(|param| Keyed {
                param,
                bindings: param
                    .bindings
                    .iter()
                    .filter(|binding| !param.opaque && !contains(ignored, binding))
                    .collect(),
                // What a macro hides may matter, so nothing of such an argument is left out.
                whole: param.opaque,
                // An associated handler has no companion.
                unknown_to_companion: param.role == Role::State && args.associated.is_none(),
            })
            .filter(|keyed| keyed.whole || !keyed.bindings.is_empty())
            .collect()
    }

    /// Each parameter with those of its bindings that `expression` mentions; parameters without any are left out.
    pub(crate) fn mentioned_in(&self, expression: &impl ToTokens) -> Vec<Keyed<'_>> {
        let names = mentioned(expression);
        let is_mentioned = |binding: &&Ident| names.contains(&binding.unraw().to_string());
        self.params
            .iter()
            .map(|param| Keyed {
                param,
                bindings: param.bindings.iter().filter(is_mentioned).collect(),
                whole: false,
                unknown_to_companion: false,
            })
            .filter(|keyed| !keyed.bindings.is_empty())
            .collect()
    }

    /// Whether a parameter binds `name`.
    pub(crate) fn binds(&self, name: &Ident) -> bool {
        self.params.iter().any(|param| contains(&param.bindings, name))
    }

    /// Whether `ty` names one of the function's type parameters.
    pub(crate) fn is_generic_in(&self, ty: &Type) -> bool {
        struct Finder<'a> {
            generics: &'a Generics,
            found: bool,
        }
        impl Visit<'_> for Finder<'_> {
            fn visit_ident(&mut self, ident: &Ident) {
                self.found |= self.generics.type_params().any(|param| param.ident == *ident);
            }
        }
        let mut finder = Finder {
            generics: self.generics(),
            found: false,
        };
        finder.visit_type(ty);
        finder.found
    }

    /// The type and const parameters, as arguments of a call.
    pub(crate) fn generic_arguments(&self) -> impl Iterator<Item = &Ident> {
        self.generics().params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            GenericParam::Const(param) => Some(&param.ident),
            GenericParam::Lifetime(_) => None,
        })
    }
}

/// A parameter that makes a key: the handler's own, or one that it evicts.
pub(crate) struct Keyed<'a> {
    pub(crate) param: &'a Param,
    pub(crate) bindings: Vec<&'a Ident>,
    /// The argument as it is, because a macro hides what its pattern binds.
    pub(crate) whole: bool,
    /// The companion's functions do not take it, since its type is called `State`.
    pub(crate) unknown_to_companion: bool,
}

/// Whether `names` has `name`, raw or not.
pub(crate) fn contains(names: &[Ident], name: &Ident) -> bool {
    names.iter().any(|other| other.unraw() == name.unraw())
}

/// Whether `ty` is a path that ends in `name`.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    match ty {
        // Around what `macro_rules!` was given.
        Type::Group(TypeGroup { elem, .. }) | Type::Paren(TypeParen { elem, .. }) => is_named(elem, name),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == name),
        _ => false,
    }
}
