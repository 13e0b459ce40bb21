//! The variables that an expression uses, inside macro calls and format strings too.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{LitStr, ext::IdentExt as _};

/// Every identifier that may be a variable. Fields, methods and the first segments of paths are not.
pub(crate) fn variables(expr: &impl ToTokens) -> HashSet<String> {
    let mut names = HashSet::new();
    collect(expr.to_token_stream(), &mut names);
    names
}

fn collect(tokens: TokenStream, names: &mut HashSet<String>) {
    let mut tokens = tokens.into_iter().peekable();
    // One dot precedes a field, two precede the end of a range; one colon precedes a value, two precede a path segment.
    let mut before = String::new();
    while let Some(token) = tokens.next() {
        let is_part = matches!(before.as_str(), "." | "::");
        match &token {
            TokenTree::Punct(punct) => before.push(punct.as_char()),
            _ => before.clear(),
        }
        match token {
            TokenTree::Ident(ident) if !is_part => {
                let next = tokens.peek();
                // `a::b`, `a!(…)`, and `a: b`, where `a` is a field.
                let is_head =
                    matches!(next, Some(TokenTree::Punct(punct)) if matches!(punct.as_char(), ':' | '!'));
                let is_unequal = is_head && is_not_equal(&tokens.clone().collect());
                if !is_head || is_unequal {
                    names.insert(ident.unraw().to_string());
                }
            }
            TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse2::<LitStr>(TokenTree::Literal(literal).into()) {
                    format_arguments(&text.value(), names);
                }
            }
            TokenTree::Group(group) => collect(group.stream(), names),
            _ => {}
        }
    }
}

/// Whether `rest` begins with `!=`, rather than with the `!` of a macro call.
fn is_not_equal(rest: &TokenStream) -> bool {
    let mut rest = rest.clone().into_iter();
    matches!(rest.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!')
        && matches!(rest.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
}

/// The names in a format string: `{id}`, `{id:?}`, and `width` and `precision` in `{id:>width$.precision$}`.
fn format_arguments(format: &str, names: &mut HashSet<String>) {
    let mut rest = format;
    while let Some(start) = rest.find('{') {
        rest = &rest[start + 1..];
        if let Some(literal_brace) = rest.strip_prefix('{') {
            rest = literal_brace;
            continue;
        }
        let Some(end) = rest.find('}') else { return };
        let words = rest[..end].split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        names.extend(words.filter(|word| !word.is_empty()).map(ToOwned::to_owned));
        rest = &rest[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::variables;

    #[test]
    fn variables_are_found_in_every_position() {
        for (tokens, expected) in [
            (quote!(id), "id"),
            (quote!((a, b)), "a b"),
            (quote!(user.id), "user"),
            (quote!(user.id.min(limit)), "limit user"),
            (quote!(from..to), "from to"),
            (quote!(a != b), "a b"),
            (quote!(Key::new(a)), "a"),
            (quote!(-a + *b), "a b"),
            (quote!(Key { id: a.b }), "Key a"),
            (quote!(Key { id: a, b }), "Key a b"),
            (
                quote!(format!("{id}-{page:>width$}-{{no}}", other)),
                "id other page width",
            ),
            (quote!(r#type), "type"),
        ] {
            let mut found: Vec<String> = variables(&tokens).into_iter().collect();
            found.sort();
            assert_eq!(found.join(" "), expected, "{tokens}");
        }
    }
}
