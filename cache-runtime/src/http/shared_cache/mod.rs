//! A shared cache in front of an HTTP service (RFC 9111): the responses themselves declare how they are cached.
//!
//! Only this mode validates entries with the service, keeps variants side by side, serves ranges, and withholds the fields
//! that a response reserves for its own request.

mod variant;
mod withheld;
#[cfg_attr(
    not(feature = "layer"),
    allow(dead_code, unused_imports, reason = "for the layer, except `is_outdated`")
)]
mod revalidation;
mod range;

#[cfg(any(feature = "layer", test))]
pub(crate) use self::revalidation::{
    add_validators, freshened_headers, has_validators, is_conditional, remove_conditions,
};
pub(crate) use self::{
    range::{SelectedRange, select_range},
    revalidation::is_outdated,
    variant::variant,
    withheld::without_withheld_fields,
};
