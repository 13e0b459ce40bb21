//! The patterns of parameters: what they bind, and their copy for the key.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{
    FieldPat, Member, Pat, PatIdent, PatWild, Token,
    ext::IdentExt as _,
    parse_quote,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

use crate::span::macro_span;

/// The names that `pat` binds, and whether a macro in it hides some.
pub(crate) fn bindings(pat: &Pat) -> (Vec<Ident>, bool) {
    #[derive(Default)]
    struct Finder {
        found: Vec<Ident>,
        opaque: bool,
    }
    impl Visit<'_> for Finder {
        fn visit_pat(&mut self, pat: &Pat) {
            self.opaque |= matches!(pat, Pat::Macro(_) | Pat::Verbatim(_));
            visit::visit_pat(self, pat);
        }

        fn visit_pat_ident(&mut self, pat: &PatIdent) {
            // `(A(x) | B(x))` binds `x` once.
            if !self.found.contains(&pat.ident) {
                self.found.push(pat.ident.clone());
            }
            visit::visit_pat_ident(self, pat);
        }

        // A constant's block has bindings of its own.
        fn visit_expr(&mut self, _: &syn::Expr) {}
    }
    let mut finder = Finder::default();
    finder.visit_pat(pat);
    (finder.found, finder.opaque)
}

/// Whether `name` may be a constant or a unit struct, which look like bindings.
pub(crate) fn may_be_constant(name: &Ident) -> bool {
    name.to_string().starts_with(|first: char| first.is_uppercase())
}

/// `pat` to be matched against a reference, binding `keep` alone, by reference.
///
/// Input: `&(mut a, Page { number, ref b, .. })`, keeping `a` and `number`
/// Output: `(a, Page { number, b: _, .. })`
///
/// Edition 2024 refuses `mut`, `ref` and `&` under a reference, and what is not kept would be an unused variable.
/// With `hygienic`, the names are the macro's own, so that lints about names leave the copy alone.
pub(crate) fn by_reference(pat: &Pat, keep: &[&Ident], hygienic: bool) -> Pat {
    struct Copier<'a> {
        keep: &'a [&'a Ident],
        hygienic: bool,
    }
    impl VisitMut for Copier<'_> {
        fn visit_pat_mut(&mut self, pat: &mut Pat) {
            while let Pat::Reference(reference) = pat {
                let inner = std::mem::replace(&mut *reference.pat, wild());
                *pat = inner;
            }
            visit_mut::visit_pat_mut(self, pat);
            let Pat::Ident(binding) = pat else { return };
            binding.by_ref = None;
            binding.mutability = None;
            if self.keep.contains(&&binding.ident) {
                if self.hygienic {
                    binding.ident = renamed(&binding.ident);
                }
            } else if let Some((_, inner)) = binding.subpat.take() {
                *pat = *inner;
            } else {
                *pat = wild();
            }
        }

        fn visit_field_pat_mut(&mut self, field: &mut FieldPat) {
            visit_mut::visit_field_pat_mut(self, field);
            // The shorthand `{ number }` becomes `{ number: _ }` when it is not kept, and stays one when it is: a lint
            // watches over that.
            let is_shorthand = field.colon_token.is_none()
                && matches!(
                    (&*field.pat, &field.member),
                    (Pat::Ident(binding), Member::Named(name)) if binding.ident == *name
                );
            if !is_shorthand {
                field.colon_token.get_or_insert_with(<Token![:]>::default);
            }
        }

        fn visit_expr_mut(&mut self, _: &mut syn::Expr) {}
    }
    let mut copy = pat.clone();
    Copier { keep, hygienic }.visit_pat_mut(&mut copy);
    copy
}

/// The name in the macro's own hygiene, unlike any other there.
pub(crate) fn renamed(name: &Ident) -> Ident {
    let span = macro_span(name.span());
    if may_be_constant(name) {
        let mut name = name.clone();
        name.set_span(span);
        return name;
    }
    format_ident!("__part_{}", name.unraw(), span = span)
}

fn wild() -> Pat {
    Pat::Wild(PatWild {
        attrs: Vec::new(),
        underscore_token: parse_quote!(_),
    })
}

#[cfg(test)]
mod tests {
    use proc_macro2::Ident;
    use quote::{ToTokens as _, format_ident};
    use syn::{Pat, parse::Parser as _};

    use super::{bindings, by_reference};

    fn pattern(text: &str) -> Pat {
        Pat::parse_single.parse_str(text).unwrap()
    }

    fn copy(text: &str, keep: &[&str]) -> String {
        let names: Vec<Ident> = keep.iter().map(|name| format_ident!("{name}")).collect();
        let names: Vec<&Ident> = names.iter().collect();
        by_reference(&pattern(text), &names, false)
            .to_token_stream()
            .to_string()
    }

    #[test]
    fn every_shape_of_pattern_is_searched() {
        for (text, expected) in [
            ("x", "x"),
            ("_", ""),
            ("_guard", "_guard"),
            ("mut x", "x"),
            ("Path((a, b))", "a b"),
            ("Query(Page { number, size: s, .. })", "number s"),
            ("x @ Path(ref y)", "x y"),
            ("Extension(&x)", "x"),
            ("Path([first, .., last])", "first last"),
            ("Path([head, rest @ ..])", "head rest"),
            ("(Either::A(x) | Either::B(x))", "x"),
        ] {
            let found: Vec<String> = bindings(&pattern(text))
                .0
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
        assert!(bindings(&pattern("Path(id!(x))")).1);
    }

    #[test]
    fn the_copy_binds_what_is_kept_by_reference() {
        for (text, keep, expected) in [
            ("mut x", &["x"][..], "x"),
            ("Path(id)", &["id"], "Path (id)"),
            ("Path((mut a, ref b))", &["a", "b"], "Path ((a , b))"),
            ("Path((a, b))", &["a"], "Path ((a , _))"),
            ("Extension(&x)", &["x"], "Extension (x)"),
            (
                "Query(Page { number, size, .. })",
                &["number"],
                "Query (Page { number , size : _ , .. })",
            ),
            ("x @ Path(y)", &["x"], "x @ Path (_)"),
            ("x @ Path(y)", &["y"], "Path (y)"),
            ("Path([head, rest @ ..])", &["head"], "Path ([head , ..])"),
        ] {
            assert_eq!(copy(text, keep), expected, "{text}");
        }
    }
}
