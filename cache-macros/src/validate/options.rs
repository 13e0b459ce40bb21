//! Options that contradict each other.

use crate::{errors::Errors, parse::Options};

pub(super) fn check(options: &Options, errors: &mut Errors) {
    if let (Some(private), Some(public)) = (&options.private, &options.public) {
        for name in [&private.name, &public.name] {
            errors.at(
                name.span(),
                "`private` and `public` contradict each other; remove one",
            );
        }
    }
    let keeps_stale_entries = options.stale_while_revalidate.is_some()
        || options.stale_if_error.is_some()
        || options.policy.is_some();
    if let Some(slow) = options.stale_if_slow.as_ref().filter(|_| !keeps_stale_entries) {
        errors.at(
            slow.name.span(),
            "`stale_if_slow` needs stale entries; add `stale_if_error` or `stale_while_revalidate`, which keep an entry \
             after its TTL",
        );
    }
    if let (Some(companion), Some(_)) = (&options.companion, &options.associated) {
        errors.at(
            companion.name.span(),
            "an associated function has no companion type; remove `companion`",
        );
    }
}
