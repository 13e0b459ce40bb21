//! The extractors in a pattern, with a name for each.

use proc_macro2::Ident;
use syn::{FieldPat, Member, Pat, parse_quote};

use super::wildcard::take;
use crate::syntax::span::hidden;

/// Finds the extractors around each binding of `pat`, outermost first, and names those inside `pat`.
///
/// Input: `(State(db), Id(id), Path((a, b)))`, matched with `arg0`
/// Output: `(arg0_0 @ State(db), arg0_1 @ Id(id), arg0_2 @ Path((a, b)))`; `db: [arg0_0]`, `a: [arg0_2]`, …
///
/// `argument` is the name of the whole value. Only patterns with numbered fields count as extractors: axum's `State` has
/// them, and `State { 0: db }` is its other spelling.
pub(crate) fn name_extractors(pat: &mut Pat, argument: &Ident) -> Vec<(Ident, Vec<Ident>)> {
    let mut namer = Namer {
        argument,
        around: Vec::new(),
        names: 0,
        bindings: Vec::new(),
    };
    namer.visit(pat, Some(argument), true);
    namer.bindings
}

struct Namer<'a> {
    /// The prefix of new names: other parameters have extractors as well.
    argument: &'a Ident,
    /// The extractors around the visited pattern.
    around: Vec<Ident>,
    /// How many new names there are.
    names: usize,
    bindings: Vec<(Ident, Vec<Ident>)>,
}

impl Namer<'_> {
    /// `value` is the name of the value that `pat` is matched with, if it has one. The alternatives of an or-pattern
    /// cannot be named, as each would have to bind the same names.
    fn visit(&mut self, pat: &mut Pat, value: Option<&Ident>, may_name: bool) {
        match pat {
            Pat::Paren(paren) => self.visit(&mut paren.pat, value, may_name),
            Pat::Ident(binding) => {
                self.bindings.push((binding.ident.clone(), self.around.clone()));
                if let Some((_, pat)) = &mut binding.subpat {
                    self.visit(pat, value, may_name);
                }
            }
            Pat::Tuple(tuple) => self.visit_all(&mut tuple.elems, may_name),
            Pat::Slice(slice) => self.visit_all(&mut slice.elems, may_name),
            Pat::Or(alternatives) => {
                for case in &mut alternatives.cases {
                    self.visit(case, value, false);
                }
            }
            Pat::Struct(fields) => {
                let is_numbered = |field: &FieldPat| matches!(field.member, Member::Unnamed(_));
                let is_extractor = fields.fields.iter().any(is_numbered);
                let name = is_extractor.then(|| self.enter(value, may_name)).flatten();
                for field in &mut fields.fields {
                    self.visit(&mut field.pat, None, may_name);
                }
                self.leave(name, pat, value);
            }
            Pat::TupleStruct(tuple) => {
                let name = self.enter(value, may_name);
                self.visit_all(&mut tuple.elems, may_name);
                self.leave(name, pat, value);
            }
            _ => {}
        }
    }

    fn visit_all<'a>(&mut self, pats: impl IntoIterator<Item = &'a mut Pat>, may_name: bool) {
        for pat in pats {
            self.visit(pat, None, may_name);
        }
    }

    /// Enters an extractor and returns its name.
    fn enter(&mut self, value: Option<&Ident>, may_name: bool) -> Option<Ident> {
        let name = match value {
            Some(value) => Some(value.clone()),
            None if may_name => {
                self.names += 1;
                Some(hidden(&format!("{}_{}", self.argument, self.names - 1)))
            }
            None => None,
        }?;
        self.around.push(name.clone());
        Some(name)
    }

    /// Leaves an extractor, and puts its new name into the pattern if it has bindings.
    fn leave(&mut self, name: Option<Ident>, pat: &mut Pat, value: Option<&Ident>) {
        let Some(name) = name else { return };
        self.around.pop();
        let is_needed = self.bindings.iter().any(|(_, around)| around.contains(&name));
        if value.is_none() && is_needed {
            let inner = take(pat);
            *pat = parse_quote!(#name @ #inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens as _, format_ident};
    use syn::{Pat, parse::Parser as _};

    use super::name_extractors;

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
            let mut pat = Pat::parse_single.parse_str(text).unwrap();
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
