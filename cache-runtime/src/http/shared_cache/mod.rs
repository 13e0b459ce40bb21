//! What a shared cache makes of responses that say themselves how they are cached (RFC 9111).

mod storing;
mod variants;
mod validation;
mod ranges;

use http::{HeaderName, header};
pub(crate) use ranges::{SelectedRange, select_range};
pub(crate) use storing::{storability, without_withheld_fields};
pub(crate) use validation::{
    add_validators, freshened_headers, has_validators, is_conditional, is_outdated, remove_conditions,
};
pub(crate) use variants::variant;

/// By what the service can be asked whether a response is still true (RFC 9110 section 8.8).
const VALIDATORS: [HeaderName; 2] = [header::ETAG, header::LAST_MODIFIED];

#[cfg(test)]
mod oracle;
