//! What `#[cache_evict]` takes: targets, and a few options beside them.

use proc_macro2::Ident;
use syn::{
    Expr, ExprCall, ExprPath, ExprRange, Path, RangeLimits, Token,
    ext::IdentExt as _,
    parse::{Parse as _, ParseStream},
    punctuated::Punctuated,
    token::Paren,
};

use super::{list, ungrouped};
use crate::errors::{listed, nearest};

/// For errors.
pub(super) const EXAMPLES: &str = "`get_product(Path(id))` or `list_products(..)`";

/// Options that `#[cache_evict]` has in common with `#[cache]`.
const OPTIONS: [&str; 2] = ["associated", "crate"];

/// One target.
pub(crate) enum Target {
    /// A handler, and which of its entries.
    Handler {
        /// The handler's companion; with a turbofish if the handler is generic.
        companion: Path,
        /// Where the list of arguments stands.
        paren: Paren,
        entries: Evicted,
    },
    /// `tag = …`
    Tag { name: Ident, value: Expr },
}

/// Which entries of a handler are evicted.
pub(crate) enum Evicted {
    /// Those of these arguments.
    Of(Punctuated<Expr, Token![,]>),
    /// `..`
    All,
}

/// What may stand between two commas.
pub(super) enum Element {
    Target(Target),
    Option(list::Opt),
}

pub(super) fn element(input: ParseStream<'_>) -> syn::Result<Element> {
    let ahead = input.fork();
    let is_option = ahead.call(Ident::parse_any).is_ok()
        && (ahead.is_empty() || ahead.peek(Token![,]) || ahead.peek(Token![=]) && !ahead.peek(Token![==]));
    if is_option {
        return Ok(match list::option(input)? {
            list::Opt {
                name,
                value: Some(value),
            } if name == "tag" => Element::Target(Target::Tag { name, value }),
            option => Element::Option(option),
        });
    }
    if input.peek(Token![..]) {
        return Err(input.error("`..` stands behind a handler: `list_products(..)`"));
    }
    let expr = Expr::parse(input)?;
    target(&expr).map(Element::Target)
}

fn target(expr: &Expr) -> syn::Result<Target> {
    let Expr::Call(ExprCall {
        func,
        paren_token: paren,
        args,
        ..
    }) = ungrouped(expr)
    else {
        return Err(match ungrouped(expr) {
            Expr::Path(ExprPath {
                qself: None, path, ..
            }) => without_arguments(path),
            other => no_target(other),
        });
    };
    let Expr::Path(ExprPath {
        qself: None,
        path: companion,
        ..
    }) = ungrouped(func)
    else {
        return Err(no_target(func));
    };
    let rest = args.iter().find(|argument| is_rest(argument));
    let entries = match rest {
        None => Evicted::Of(args.clone()),
        Some(_) if args.len() == 1 => Evicted::All,
        Some(rest) => {
            return Err(syn::Error::new_spanned(
                rest,
                "`..` stands alone: it means every entry of the handler, whatever its arguments",
            ));
        }
    };
    Ok(Target::Handler {
        companion: companion.clone(),
        paren: *paren,
        entries,
    })
}

/// `..`
fn is_rest(argument: &Expr) -> bool {
    matches!(
        argument,
        Expr::Range(ExprRange {
            start: None,
            end: None,
            limits: RangeLimits::HalfOpen(_),
            ..
        })
    )
}

/// Whether this belongs to `#[cache_evict]`, and is no target that was meant otherwise.
pub(super) fn is_option(option: &list::Opt) -> bool {
    OPTIONS.iter().any(|name| option.name == name)
}

/// The error for what is written like an option.
pub(super) fn no_option(name: &Ident, value: Option<&Expr>) -> syn::Error {
    let text = name.unraw().to_string();
    let at = |message: String| syn::Error::new(name.span(), message);
    match value {
        None if matches!(text.as_str(), "crate" | "tag") => {
            at(format!("`{text}` needs a value: `{text} = …`"))
        }
        None => without_arguments(&Path::from(name.clone())),
        Some(_) if text == "tags" => {
            at("tags are named one by one; write for example `tag = \"products\"`".to_owned())
        }
        Some(_) => at(match nearest(&text, OPTIONS) {
            Some(near) => format!("unknown option `{text}`; did you mean `{near}`?"),
            None => format!(
                "unknown option `{text}`; beside what it evicts, `#[cache_evict]` takes {}",
                listed(OPTIONS)
            ),
        }),
    }
}

fn without_arguments(handler: &Path) -> syn::Error {
    let name = handler
        .segments
        .last()
        .map_or_else(String::new, |last| last.ident.to_string());
    syn::Error::new_spanned(
        handler,
        format!("which entries of `{name}`? Those of some arguments: `{name}(…)`; all: `{name}(..)`"),
    )
}

fn no_target(expr: &Expr) -> syn::Error {
    syn::Error::new_spanned(
        expr,
        format!("expected a cached handler and which of its entries are evicted, such as {EXAMPLES}"),
    )
}
