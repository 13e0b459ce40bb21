//! Reads the arguments of one attribute into the options.

use proc_macro2::{Ident, TokenStream};

use super::{cache, evict, settings::Options};
use crate::{
    attribute::{Attribute, Kind},
    errors::Errors,
    parse::arguments,
};

impl Options {
    /// Adds the arguments of `attribute`. Invalid ones are left out, and reported in `errors`.
    pub(crate) fn read(&mut self, attribute: Attribute, tokens: TokenStream, errors: &mut Errors) {
        let options = match attribute.kind {
            Kind::Cache { .. } => {
                self.cache = Some(attribute);
                arguments::arguments(tokens, errors, arguments::option)
            }
            Kind::Evict => evict::read_targets(self, tokens, errors),
        };
        let mut seen: Vec<Ident> = Vec::new();
        for option in options {
            if seen.contains(&option.name) {
                errors.at(
                    option.name.span(),
                    format!("`{}` is set twice; remove one", option.name),
                );
                continue;
            }
            seen.push(option.name.clone());
            let result = match attribute.kind {
                Kind::Cache { .. } => cache::set(self, option, errors),
                Kind::Evict => evict::set(self, option),
            };
            if let Err(error) = result {
                errors.push(error);
            }
        }
    }
}
