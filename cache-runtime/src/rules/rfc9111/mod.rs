//! What a shared cache makes of responses that say themselves how they are cached (RFC 9111).

mod storing;
mod variants;
mod validation;
mod ranges;

pub(crate) use ranges::{Ranged, ranged};
pub(crate) use storing::{shown, storable};
pub(crate) use validation::{
    ask_whether_modified, has_validators, is_conditional, is_outdated, merged, unconditional,
};
pub(crate) use variants::variant;

#[cfg(test)]
mod oracle;
