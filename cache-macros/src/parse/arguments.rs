//! The comma-separated arguments of an attribute.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Expr, Token,
    ext::IdentExt as _,
    parse::{ParseStream, Parser as _},
};

use crate::errors::Errors;

/// An option as written: `expire = 30` or `private`.
pub(super) struct RawOption {
    pub(super) name: Ident,
    pub(super) value: Option<Expr>,
}

/// Parses each argument with `argument`. After an error, parsing resumes behind the next comma.
pub(super) fn arguments<T>(
    tokens: TokenStream,
    errors: &mut Errors,
    argument: impl Fn(ParseStream<'_>) -> syn::Result<T>,
) -> Vec<T> {
    let mut arguments = Vec::new();
    let all = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match argument(input).and_then(|argument| end(input).map(|()| argument)) {
                Ok(argument) => arguments.push(argument),
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
    arguments
}

/// Parses one option.
pub(super) fn option(input: ParseStream<'_>) -> syn::Result<RawOption> {
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected an option, such as `expire = 30`"));
    }
    let name = input.call(Ident::parse_any)?;
    let value = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(missing_value(&name));
        }
        Some(input.parse()?)
    } else {
        None
    };
    Ok(RawOption { name, value })
}

pub(super) fn missing_value(name: &Ident) -> syn::Error {
    syn::Error::new(name.span(), format!("`{name}` needs a value; write `{name} = …`"))
}

fn end(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error("expected a comma before this"))
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
