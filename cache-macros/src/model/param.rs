//! A parameter of a handler.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{Attribute, Pat, PatType, Type, ext::IdentExt as _};

use crate::{
    parse::Options,
    syntax::{
        pattern::{Bindings, bindings},
        types::is_named,
    },
};

/// A parameter of a handler: an extractor.
pub(crate) struct Param {
    /// Its `cfg` attributes, which go onto all code generated for it.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    /// Its name in generated code.
    pub(crate) local: Ident,
    pub(crate) bindings: Vec<Ident>,
    /// A macro call in the pattern may bind more names.
    pub(crate) has_macro: bool,
    pub(crate) role: Role,
}

/// What a parameter means for the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its bindings are in the key, except those in `ignore`.
    Data,
    /// Its type is called `State`, so the functions of the companion do not take it. Whether it is in the key depends on
    /// whether the type is axum's.
    State,
    /// It is extracted on a miss only.
    Lazy,
}

impl Param {
    pub(crate) fn new(index: usize, typed: &PatType, options: &Options) -> Self {
        let Bindings { names, has_macro } = bindings(&typed.pat);
        let is_cfg = |attr: &&Attribute| attr.path().is_ident("cfg");
        Self {
            cfgs: typed.attrs.iter().filter(is_cfg).cloned().collect(),
            pat: (*typed.pat).clone(),
            ty: (*typed.ty).clone(),
            local: format_ident!("__arg{index}", span = Span::mixed_site()),
            role: role(&names, &typed.ty, options),
            bindings: names,
            has_macro,
        }
    }
}

fn role(bindings: &[Ident], ty: &Type, options: &Options) -> Role {
    if bindings.iter().any(|binding| contains(options.lazy(), binding)) {
        Role::Lazy
    } else if is_named(ty, "State") {
        Role::State
    } else {
        Role::Data
    }
}

/// Whether `names` contains `name`, as a raw identifier or not.
pub(crate) fn contains(names: &[Ident], name: &Ident) -> bool {
    names.iter().any(|other| other.unraw() == name.unraw())
}
