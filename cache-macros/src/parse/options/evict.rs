//! The arguments of `#[cache_evict]`: targets, and options beside them.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{
    Expr, Path, Token,
    ext::IdentExt as _,
    parse::{Parse as _, ParseStream},
};

use super::{cache::set_flag, settings::Options};
use crate::{
    errors::Errors,
    parse::{
        arguments::{self, RawOption, missing_value},
        target::{self, Target},
        value,
    },
    suggestions::{listed, nearest},
};

/// The options of `#[cache_evict]`.
const OPTIONS: [&str; 2] = ["associated", "crate"];

enum Argument {
    Target(Target),
    Option(RawOption),
}

/// Sets the targets among the arguments, and returns the options.
pub(super) fn read_targets(
    options: &mut Options,
    tokens: TokenStream,
    errors: &mut Errors,
) -> Vec<RawOption> {
    let before = errors.count();
    let (mut targets, mut others) = (Vec::new(), Vec::new());
    for argument in arguments::arguments(tokens, errors, argument) {
        match argument {
            Argument::Target(target) => targets.push(target),
            Argument::Option(option) => others.push(option),
        }
    }
    let is_option = |option: &RawOption| OPTIONS.iter().any(|name| option.name == name);
    if targets.is_empty() && errors.count() == before && others.iter().all(is_option) {
        errors.at(
            Span::call_site(),
            format!(
                "`#[cache_evict]` has no target; add handlers with `#[cache]`, such as {}, or tags, such as \
                 `tag = \"products\"`",
                target::EXAMPLES
            ),
        );
    }
    options.evict = Some(targets);
    others
}

fn argument(input: ParseStream<'_>) -> syn::Result<Argument> {
    if looks_like_option(input) {
        return Ok(match arguments::option(input)? {
            RawOption {
                name,
                value: Some(value),
            } if name == "tag" => Argument::Target(Target::Tag { name, value }),
            option => Argument::Option(option),
        });
    }
    if input.peek(Token![..]) {
        return Err(input.error("`..` needs a handler; write for example `list_products(..)`"));
    }
    let expr = Expr::parse(input)?;
    target::handler(&expr).map(Argument::Target)
}

/// Whether an identifier comes next, and then `=`, a comma or the end.
fn looks_like_option(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    ahead.call(Ident::parse_any).is_ok()
        && (ahead.is_empty() || ahead.peek(Token![,]) || ahead.peek(Token![=]) && !ahead.peek(Token![==]))
}

/// Parses the value of `option` and sets it.
pub(super) fn set(options: &mut Options, option: RawOption) -> syn::Result<()> {
    let RawOption { name, value } = option;
    match (name.to_string().as_str(), value) {
        ("associated", value) => set_flag(options, name, value.as_ref()),
        ("crate", Some(value)) => {
            options.facade = Some(value::path(&name, &value)?);
            Ok(())
        }
        (_, value) => Err(not_an_option(&name, value.as_ref())),
    }
}

/// The error for an argument that is written like an option.
fn not_an_option(name: &Ident, value: Option<&Expr>) -> syn::Error {
    let text = name.unraw().to_string();
    let at_name = |message: String| syn::Error::new(name.span(), message);
    match value {
        None if matches!(text.as_str(), "crate" | "tag") => missing_value(name),
        None => target::missing_arguments(&Path::from(name.clone())),
        Some(_) if text == "tags" => at_name(
            "`#[cache_evict]` takes tags one by one; write for example `tag = \"products\"`".to_owned(),
        ),
        Some(_) => at_name(match nearest(&text, OPTIONS) {
            Some(near) => format!("unknown option `{text}`; did you mean `{near}`?"),
            None => format!(
                "unknown option `{text}`; `#[cache_evict]` takes targets, and the options {}",
                listed(OPTIONS)
            ),
        }),
    }
}
