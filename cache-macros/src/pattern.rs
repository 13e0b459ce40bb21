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

use crate::span::{hidden, macro_span};

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

/// The extractors around each binding of `pat`, outermost first. Those inside `pat` get a name; `whole` is that of all.
///
/// Input: `(State(db), Id(id), Path((a, b)))`, which `arg0` is matched with
/// Output: `(arg0_0 @ State(db), arg0_1 @ Id(id), arg0_2 @ Path((a, b)))`; `db: [arg0_0]`, `a: [arg0_2]`, …
///
/// Only patterns with fields by number are looked at: axum's `State` is one, and `State { 0: db }` is its other spelling.
pub(crate) fn name_extractors(pat: &mut Pat, whole: &Ident) -> Vec<(Ident, Vec<Ident>)> {
    let mut namer = Namer {
        argument: whole,
        around: Vec::new(),
        names: 0,
        bindings: Vec::new(),
    };
    namer.visit(pat, Some(whole), true);
    namer.bindings
}

struct Namer<'a> {
    /// What the names begin with, as other parameters have such extractors, too.
    argument: &'a Ident,
    around: Vec<Ident>,
    names: usize,
    bindings: Vec<(Ident, Vec<Ident>)>,
}

impl Namer<'_> {
    /// `whole` names the value that `pat` is matched with. Alternatives of a pattern cannot be named, as each would have to
    /// bind the same.
    fn visit(&mut self, pat: &mut Pat, whole: Option<&Ident>, may_name: bool) {
        match pat {
            Pat::Paren(paren) => self.visit(&mut paren.pat, whole, may_name),
            Pat::Ident(binding) => {
                self.bindings.push((binding.ident.clone(), self.around.clone()));
                if let Some((_, pat)) = &mut binding.subpat {
                    self.visit(pat, whole, may_name);
                }
            }
            Pat::Tuple(tuple) => self.visit_all(&mut tuple.elems, may_name),
            Pat::Slice(slice) => self.visit_all(&mut slice.elems, may_name),
            Pat::Or(alternatives) => {
                for case in &mut alternatives.cases {
                    self.visit(case, whole, false);
                }
            }
            Pat::Struct(fields) => {
                let is_numbered = |field: &FieldPat| matches!(field.member, Member::Unnamed(_));
                let name = fields.fields.iter().any(is_numbered);
                let name = name.then(|| self.enter(whole, may_name)).flatten();
                for field in &mut fields.fields {
                    self.visit(&mut field.pat, None, may_name);
                }
                self.leave(name, pat, whole);
            }
            Pat::TupleStruct(tuple) => {
                let name = self.enter(whole, may_name);
                self.visit_all(&mut tuple.elems, may_name);
                self.leave(name, pat, whole);
            }
            _ => {}
        }
    }

    fn visit_all<'a>(&mut self, pats: impl IntoIterator<Item = &'a mut Pat>, may_name: bool) {
        for pat in pats {
            self.visit(pat, None, may_name);
        }
    }

    fn enter(&mut self, whole: Option<&Ident>, may_name: bool) -> Option<Ident> {
        let name = match whole {
            Some(whole) => Some(whole.clone()),
            None if may_name => {
                self.names += 1;
                Some(hidden(&format!("{}_{}", self.argument, self.names - 1)))
            }
            None => None,
        }?;
        self.around.push(name.clone());
        Some(name)
    }

    fn leave(&mut self, name: Option<Ident>, pat: &mut Pat, whole: Option<&Ident>) {
        let Some(name) = name else { return };
        self.around.pop();
        let is_needed = self.bindings.iter().any(|(_, around)| around.contains(&name));
        if whole.is_none() && is_needed {
            let inner = std::mem::replace(pat, wild());
            *pat = parse_quote!(#name @ #inner);
        }
    }
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

    use super::{bindings, by_reference, name_extractors};

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

    #[test]
    fn extractors_around_a_binding_have_names() {
        for (text, expected, around) in [
            ("id", "id", "id:"),
            ("Path(id)", "Path (id)", "id: arg"),
            ("Path((a, b))", "Path ((a , b))", "a: arg, b: arg"),
            ("whole @ State(db)", "whole @ State (db)", "whole:, db: arg"),
            ("State { 0: db }", "State { 0 : db }", "db: arg"),
            (
                "(State(db), Path(id))",
                "(arg_0 @ State (db) , arg_1 @ Path (id))",
                "db: arg_0, id: arg_1",
            ),
            (
                "((State(db), _), user)",
                "((arg_0 @ State (db) , _) , user)",
                "db: arg_0, user:",
            ),
            (
                "Cached(State(Inner(db)))",
                "Cached (arg_0 @ State (arg_1 @ Inner (db)))",
                "db: arg arg_0 arg_1",
            ),
            (
                "Args { state: State(db), id }",
                "Args { state : arg_0 @ State (db) , id }",
                "db: arg_0, id:",
            ),
            (
                "(State(_), Path(id))",
                "(State (_) , arg_1 @ Path (id))",
                "id: arg_1",
            ),
            ("(A(x) | B(x))", "(A (x) | B (x))", "x: arg, x: arg"),
            ("[State(db), ..]", "[arg_0 @ State (db) , ..]", "db: arg_0"),
        ] {
            let mut pat = pattern(text);
            let found: Vec<String> = name_extractors(&mut pat, &format_ident!("arg"))
                .into_iter()
                .map(|(name, around)| {
                    let around = around.iter().map(|name| format!(" {name}"));
                    format!("{name}:{}", around.collect::<String>())
                })
                .collect();
            assert_eq!(pat.to_token_stream().to_string(), expected, "{text}");
            assert_eq!(found.join(", "), around, "{text}");
        }
    }
}
