//! Checks that the options and the function fit together, and reports every problem at once.

mod options;
mod signature;
mod types;
mod names;
mod tags;
mod lazy;

use crate::{attribute::Attribute, errors::Errors, model::Handler, parse::Options};

/// Whether the function has the signature of a handler.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signature {
    Valid,
    Invalid,
}

/// Checks what needs both the options and the function. Single options were checked when they were parsed.
pub(crate) fn validate(
    handler: &Handler,
    attribute: Attribute,
    options: &Options,
    errors: &mut Errors,
) -> Signature {
    options::check(options, errors);
    let before = errors.count();
    signature::check(&handler.function, attribute, options, errors);
    types::check(&handler.function, attribute, options, errors);
    let signature = if errors.count() == before {
        Signature::Valid
    } else {
        Signature::Invalid
    };
    names::check(handler, options, errors);
    tags::check(handler, options, errors);
    lazy::check(handler, options, errors);
    signature
}
