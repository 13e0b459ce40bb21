//! The function below the attribute. Its body stays unparsed, so that half-typed statements still compile as far as they go.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Signature, Token, Visibility,
    parse::{Parse, ParseStream},
};

/// A function with a body.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The body, with its braces.
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let ahead = input.fork();
        let Ok(sig) = input.parse::<Signature>() else {
            // A broken signature gets syn's error; for any other item, the error names what the attribute accepts.
            return Err(if begins_function(&ahead) {
                match ahead.parse::<Signature>() {
                    Ok(_) => input.error("expected a function"),
                    Err(error) => error,
                }
            } else {
                ahead.error("this attribute takes a handler; put it on an `async fn` with a body")
            });
        };
        if input.peek(Token![;]) {
            return Err(input
                .error("this function has no body; put the attribute on the function that implements it"));
        }
        match input.parse()? {
            TokenTree::Group(body) if input.is_empty() => Ok(Self {
                attrs,
                vis,
                sig,
                body,
            }),
            other => Err(syn::Error::new(
                other.span(),
                "expected the body of the function, in braces",
            )),
        }
    }
}

fn begins_function(input: ParseStream<'_>) -> bool {
    if input.peek(Token![const]) {
        return input.peek2(Token![fn]) || input.peek2(Token![async]) || input.peek2(Token![unsafe]);
    }
    if input.peek(Token![unsafe]) || input.peek(Token![extern]) {
        return !(input.peek2(Token![impl])
            || input.peek2(Token![trait])
            || input.peek2(Token![crate])
            || input.peek2(syn::token::Brace));
    }
    input.peek(Token![fn]) || input.peek(Token![async])
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            vis,
            sig,
            body,
        } = self;
        tokens.extend(quote::quote!(#(#attrs)* #vis #sig #body));
    }
}
