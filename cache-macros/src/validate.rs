//! What cannot work as written: every reason at once, each with its cure.

mod names;
mod signature;

use crate::{
    args::{Args, Attribute, Kind},
    errors::Errors,
    handler::Handler,
};

/// Checks what needs both the options and the function; options alone were checked while they were read.
///
/// Whether the function's signature is a handler's, whatever the options say.
pub(crate) fn validate(handler: &Handler, attribute: Attribute, args: &Args, errors: &mut Errors) -> bool {
    contradictions(args, errors);
    let before = errors.count();
    signature::check(&handler.function, attribute, args, errors);
    let is_handler = errors.count() == before;
    names::check(handler, args, errors);
    is_handler
}

fn contradictions(args: &Args, errors: &mut Errors) {
    if let (Some(private), Some(public)) = (&args.private, &args.public) {
        errors.at(
            private.name.span(),
            "`private` and `public` contradict each other; keep one",
        );
        errors.at(
            public.name.span(),
            "`private` and `public` contradict each other; keep one",
        );
    }
    let keeps_stale =
        args.stale_while_revalidate.is_some() || args.stale_if_error.is_some() || args.policy.is_some();
    if let Some(slow) = args.stale_if_slow.as_ref().filter(|_| !keeps_stale) {
        errors.at(
            slow.name.span(),
            "`stale_if_slow` needs an entry past its life; add `stale_if_error` or `stale_while_revalidate`, \
             which say how long it is kept",
        );
    }
    if let (Some(companion), Some(_)) = (&args.companion, &args.associated) {
        errors.at(
            companion.name.span(),
            "an associated function has no companion type; take `companion` away",
        );
    }
}

/// The error for a second attribute that does what another does already.
pub(crate) fn repeated(attribute: Attribute) -> &'static str {
    match attribute.kind {
        Kind::Cache { .. } => "this handler is already cached; keep one of the two attributes",
        Kind::Evict => "this handler already evicts; name all targets in one list: `#[cache_evict(…, …)]`",
    }
}
