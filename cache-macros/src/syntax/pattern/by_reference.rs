//! A copy of a pattern that matches a reference to the same value.

use proc_macro2::Ident;
use syn::{
    FieldPat, Member, Pat, Token,
    visit_mut::{self, VisitMut},
};

use super::{
    rename::renamed,
    wildcard::{take, wildcard},
};

/// Copies `pat` for a match against a reference: it binds only the names in `keep`, by reference.
///
/// Input: `&(mut a, Page { number, ref b, .. })`, keeping `a` and `number`
/// Output: `(a, Page { number, b: _, .. })`
///
/// Edition 2024 rejects `mut`, `ref` and `&` under a reference, and names that are not kept would be unused variables.
/// With `hygienic`, the names belong to the macro, and lints on names do not apply to the copy.
pub(crate) fn by_reference(pat: &Pat, keep: &[&Ident], hygienic: bool) -> Pat {
    let mut copy = pat.clone();
    Copier { keep, hygienic }.visit_pat_mut(&mut copy);
    copy
}

struct Copier<'a> {
    keep: &'a [&'a Ident],
    hygienic: bool,
}

impl VisitMut for Copier<'_> {
    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        while let Pat::Reference(reference) = pat {
            *pat = take(&mut reference.pat);
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
            *pat = wildcard();
        }
    }

    fn visit_field_pat_mut(&mut self, field: &mut FieldPat) {
        visit_mut::visit_field_pat_mut(self, field);
        // The shorthand `{ number }` becomes `{ number: _ }` when the name is dropped, and stays a shorthand when it is
        // kept, because a lint warns of `{ number: number }`.
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

#[cfg(test)]
mod tests {
    use proc_macro2::Ident;
    use quote::{ToTokens as _, format_ident};
    use syn::{Pat, parse::Parser as _};

    use super::by_reference;

    fn copy(text: &str, keep: &[&str]) -> String {
        let pattern = Pat::parse_single.parse_str(text).unwrap();
        let names: Vec<Ident> = keep.iter().map(|name| format_ident!("{name}")).collect();
        let names: Vec<&Ident> = names.iter().collect();
        by_reference(&pattern, &names, false)
            .to_token_stream()
            .to_string()
    }

    #[test]
    fn the_copy_binds_the_kept_names_by_reference() {
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
