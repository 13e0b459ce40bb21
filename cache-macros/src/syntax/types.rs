//! Small questions about types and paths.

use proc_macro2::Ident;
use syn::{
    Generics, Path, Type, TypeGroup, TypeParen,
    visit::{self, Visit},
};

/// Whether `ty` is a path whose last segment is `name`.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    match ty {
        // `macro_rules!` puts an invisible group around a type argument.
        Type::Group(TypeGroup { elem, .. }) | Type::Paren(TypeParen { elem, .. }) => is_named(elem, name),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == name),
        _ => false,
    }
}

/// Whether `path` ends in the segments `end`.
pub(crate) fn ends_with(path: &Path, end: &[&str]) -> bool {
    path.segments.len() >= end.len()
        && path
            .segments
            .iter()
            .rev()
            .zip(end.iter().rev())
            .all(|(segment, expected)| segment.ident == expected)
}

/// Whether `ty` mentions a type parameter of `generics`.
pub(crate) fn mentions_type_parameter(ty: &Type, generics: &Generics) -> bool {
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
        generics,
        found: false,
    };
    visit::visit_type(&mut finder, ty);
    finder.found
}
