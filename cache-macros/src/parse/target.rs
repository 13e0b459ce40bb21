//! The targets of `#[cache_evict]`.

use proc_macro2::Ident;
use syn::{
    Expr, ExprCall, ExprPath, ExprRange, Path, RangeLimits, Token, punctuated::Punctuated, token::Paren,
};

use crate::syntax::expression::ungrouped;

/// Shown in errors.
pub(super) const EXAMPLES: &str = "`get_product(Path(id))` or `list_products(..)`";

/// The functions of a companion that take the arguments of a target.
const KEY_FUNCTIONS: [&str; 3] = ["evict", "evict_all", "key"];

/// What is evicted.
pub(crate) enum Target {
    /// Entries of a handler.
    Handler {
        /// The companion of the handler, with the turbofish of a generic handler.
        companion: Path,
        /// The parentheses of the argument list.
        paren: Paren,
        entries: Entries,
    },
    /// The entries with a tag: `tag = …`.
    Tag { name: Ident, value: Expr },
}

/// Entries of a handler.
pub(crate) enum Entries {
    /// The entries of these arguments.
    Of(Punctuated<Expr, Token![,]>),
    /// `..`: all entries.
    All,
}

/// Parses a handler with arguments or `..`.
pub(super) fn handler(expr: &Expr) -> syn::Result<Target> {
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
            }) => missing_arguments(path),
            other => not_a_target(other),
        });
    };
    let Expr::Path(ExprPath {
        qself: None,
        path: companion,
        ..
    }) = ungrouped(func)
    else {
        return Err(not_a_target(func));
    };
    check_path(companion)?;
    Ok(Target::Handler {
        companion: companion.clone(),
        paren: *paren,
        entries: entries(args)?,
    })
}

/// Rejects paths that look like a handler, and have another meaning.
fn check_path(path: &Path) -> syn::Result<()> {
    let mut segments = path.segments.iter().rev();
    let (Some(last), Some(before)) = (segments.next(), segments.next()) else {
        return Ok(());
    };
    let (name, owner) = (&last.ident, &before.ident);
    if KEY_FUNCTIONS.iter().any(|function| name == function) {
        return Err(syn::Error::new_spanned(
            path,
            format!(
                "a target is a handler with its arguments; write `{owner}(…)` instead of `{owner}::{name}(…)`, or import \
                 the handler `{name}` and write `{name}(…)`"
            ),
        ));
    }
    if owner.to_string().starts_with(char::is_uppercase) {
        return Err(syn::Error::new_spanned(
            path,
            format!(
                "an associated function has no companion type to evict by; give `{owner}::{name}` an option \
                 `tags = [...]`, and write `tag = …` here"
            ),
        ));
    }
    Ok(())
}

fn entries(arguments: &Punctuated<Expr, Token![,]>) -> syn::Result<Entries> {
    match arguments.iter().find(|argument| is_all(argument)) {
        None => Ok(Entries::Of(arguments.clone())),
        Some(_) if arguments.len() == 1 => Ok(Entries::All),
        Some(all) => Err(syn::Error::new_spanned(
            all,
            "`..` means every entry of the handler; remove the other arguments, or the `..`",
        )),
    }
}

/// Whether `argument` is `..`.
fn is_all(argument: &Expr) -> bool {
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

/// The error for a handler without an argument list.
pub(super) fn missing_arguments(handler: &Path) -> syn::Error {
    let name = handler
        .segments
        .last()
        .map_or_else(String::new, |last| last.ident.to_string());
    syn::Error::new_spanned(
        handler,
        format!(
            "`{name}` needs arguments; write `{name}(…)` for the entries of these arguments, or `{name}(..)` for all"
        ),
    )
}

fn not_a_target(expr: &Expr) -> syn::Error {
    syn::Error::new_spanned(
        expr,
        format!("expected a target: a handler with `#[cache]` and arguments, such as {EXAMPLES}"),
    )
}
