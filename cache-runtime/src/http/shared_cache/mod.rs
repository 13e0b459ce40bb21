//! A shared cache in front of an HTTP service (RFC 9111): the responses themselves declare how they are cached.
//!
//! Only this mode validates entries with the service, keeps variants side by side, serves ranges, and withholds the fields
//! that a response reserves for its own request.

mod variant;
mod withheld;
mod revalidation;
mod range;

pub(crate) use self::{
    range::{SelectedRange, select_range},
    revalidation::{
        add_validators, freshened_headers, has_validators, is_conditional, is_outdated, remove_conditions,
    },
    variant::variant,
    withheld::without_withheld_fields,
};
