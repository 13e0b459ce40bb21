//! The list between the parentheses, read on past what is wrong.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Expr, Token,
    ext::IdentExt as _,
    parse::{ParseStream, Parser as _},
};

use crate::errors::Errors;

/// One option as written.
pub(super) struct Opt {
    pub(super) name: Ident,
    pub(super) value: Option<Expr>,
}

/// What can be read. The rest is in `errors`: after an error, reading goes on behind the next comma.
pub(super) fn elements<T>(
    tokens: TokenStream,
    errors: &mut Errors,
    element: impl Fn(ParseStream<'_>) -> syn::Result<T>,
) -> Vec<T> {
    let mut elements = Vec::new();
    let all = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match element(input).and_then(|element| ended(input).map(|()| element)) {
                Ok(element) => elements.push(element),
                Err(error) => {
                    errors.push(error);
                    skip_to_comma(input)?;
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = all.parse2(tokens) {
        errors.push(error);
    }
    elements
}

/// `expire = 30`, or `private`.
pub(super) fn option(input: ParseStream<'_>) -> syn::Result<Opt> {
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected an option, such as `expire = 30`"));
    }
    let name = input.call(Ident::parse_any)?;
    let value = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new(
                name.span(),
                format!("`{name}` needs a value: `{name} = …`"),
            ));
        }
        Some(input.parse()?)
    } else {
        None
    };
    Ok(Opt { name, value })
}

fn ended(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error("expected `,` between two of these"))
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
