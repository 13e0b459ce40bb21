//! The names that a pattern binds.

use proc_macro2::Ident;
use syn::{
    Expr, Pat, PatIdent,
    visit::{self, Visit},
};

/// The names that a pattern binds.
#[derive(Default)]
pub(crate) struct Bindings {
    pub(crate) names: Vec<Ident>,
    /// A macro call in the pattern may bind more names.
    pub(crate) has_macro: bool,
}

/// Finds the names that `pat` binds, each once.
pub(crate) fn bindings(pat: &Pat) -> Bindings {
    let mut bindings = Bindings::default();
    bindings.visit_pat(pat);
    bindings
}

impl Visit<'_> for Bindings {
    fn visit_pat(&mut self, pat: &Pat) {
        self.has_macro |= matches!(pat, Pat::Macro(_) | Pat::Verbatim(_));
        visit::visit_pat(self, pat);
    }

    fn visit_pat_ident(&mut self, pat: &PatIdent) {
        // Both alternatives of `(A(x) | B(x))` bind the same `x`.
        if !self.names.contains(&pat.ident) {
            self.names.push(pat.ident.clone());
        }
        visit::visit_pat_ident(self, pat);
    }

    // The block of a constant has bindings of its own.
    fn visit_expr(&mut self, _: &Expr) {}
}

#[cfg(test)]
mod tests {
    use syn::{Pat, parse::Parser as _};

    use super::bindings;

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
            let pattern = Pat::parse_single.parse_str(text).unwrap();
            let found: Vec<String> = bindings(&pattern).names.iter().map(ToString::to_string).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
        let with_macro = Pat::parse_single.parse_str("Path(id!(x))").unwrap();
        assert!(bindings(&with_macro).has_macro);
    }
}
