//! A handler.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{FnArg, GenericParam, Generics, ext::IdentExt as _};

use super::{
    attributes::SortedAttributes,
    param::{Param, Role, contains},
};
use crate::{
    parse::{Function, Options},
    syntax::variables::variables,
};

/// A function with our attributes.
pub(crate) struct Handler {
    pub(crate) function: Function,
    pub(crate) attributes: SortedAttributes,
    pub(crate) params: Vec<Param>,
}

/// A parameter, and those of its bindings that an expression uses.
pub(crate) struct UsedParam<'a> {
    pub(crate) param: &'a Param,
    pub(crate) bindings: Vec<&'a Ident>,
    /// The whole argument is used, because a macro call in its pattern hides bindings.
    pub(crate) whole: bool,
    /// The functions of the companion do not take it, because its type is called `State`.
    pub(crate) not_in_companion: bool,
}

impl Handler {
    pub(crate) fn new(function: Function, options: &Options) -> Self {
        let typed = function.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        let params = typed
            .enumerate()
            .map(|(index, typed)| Param::new(index, typed, options))
            .collect();
        Self {
            attributes: SortedAttributes::new(&function.attrs),
            params,
            function,
        }
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.function.sig.ident
    }

    pub(crate) fn generics(&self) -> &Generics {
        &self.function.sig.generics
    }

    /// The names of type and const parameters.
    pub(crate) fn generic_arguments(&self) -> impl Iterator<Item = &Ident> {
        self.generics().params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            GenericParam::Const(param) => Some(&param.ident),
            GenericParam::Lifetime(_) => None,
        })
    }

    /// Whether a parameter binds `name`.
    pub(crate) fn binds(&self, name: &Ident) -> bool {
        self.params.iter().any(|param| contains(&param.bindings, name))
    }

    /// The parameters that are in the key, with the bindings that are.
    pub(crate) fn in_key(&self, options: &Options) -> Vec<UsedParam<'_>> {
        if let Some(key) = &options.key {
            return self.used_in(&key.value);
        }
        let ignored = options.ignored();
        let eager = self.params.iter().filter(|param| param.role != Role::Lazy);
        eager
            .map(|param| UsedParam {
                param,
                bindings: param
                    .bindings
                    .iter()
                    .filter(|binding| !param.has_macro && !contains(ignored, binding))
                    .collect(),
                whole: param.has_macro,
                // An associated handler has no companion.
                not_in_companion: param.role == Role::State && options.associated.is_none(),
            })
            .filter(|used| used.whole || !used.bindings.is_empty())
            .collect()
    }

    /// The parameters that `expression` uses, with the bindings that it uses.
    pub(crate) fn used_in(&self, expression: &impl ToTokens) -> Vec<UsedParam<'_>> {
        let names = variables(expression);
        let is_used = |binding: &&Ident| names.contains(&binding.unraw().to_string());
        self.params
            .iter()
            .map(|param| UsedParam {
                param,
                bindings: param.bindings.iter().filter(is_used).collect(),
                whole: false,
                not_in_companion: false,
            })
            .filter(|used| !used.bindings.is_empty())
            .collect()
    }
}
