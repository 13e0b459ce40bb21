//! The key that companions hand out.

use std::fmt;

use super::{KeyArgs, KeyError, write_args};

/// The key of one entry, as a handler and its arguments make it.
///
/// A companion makes it (`get_product::key(Path(42))`), and every cache takes it: it holds no cache's prefix, and it
/// stands for all variants of the entry at once, those by `vary`, `methods` and `version`.
/// It displays itself as in the store, there behind the prefix: `api::products::get_product(id=42)`; before the cap at 240
/// bytes.
#[derive(Debug, Clone)]
pub struct CacheKey {
    /// The handler's escaped name.
    pub(crate) handler: &'static str,
    /// The argument list with its parentheses, however long.
    pub(crate) args: Result<String, KeyError>,
}

impl CacheKey {
    /// The key of `handler`, by its escaped name, with the arguments that `write` fills in.
    pub(crate) fn new(
        handler: &'static str,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> Self {
        let mut args = String::new();
        let written = write_args(&mut args, write);
        Self {
            handler,
            args: written.map(|()| args),
        }
    }

    /// There is none. `handler` says for whom.
    pub(crate) fn none(handler: &'static str, reason: KeyError) -> Self {
        Self {
            handler,
            args: Err(reason),
        }
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.args {
            Ok(args) => write!(f, "{}{args}", self.handler),
            Err(reason) => write!(f, "no key for {}: {reason}", self.handler),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_the_handler_and_its_arguments() {
        let key = CacheKey::new("api::products::get_product", |args| {
            args.arg("id").serialize(&42)?;
            args.arg("size").str("x l")
        });
        assert_eq!(
            key.to_string(),
            r#"api::products::get_product(id=42,size="x%20l")"#
        );
        assert_eq!(CacheKey::new("api::all", |_| Ok(())).to_string(), "api::all()");
    }

    #[test]
    fn p2_says_that_there_is_none_and_why() {
        let key = CacheKey::new("api::page", |args| {
            args.arg("page").serialize(&1)?;
            Err(KeyError::new("no user"))
        });
        assert_eq!(key.to_string(), "no key for api::page: no user");
        let key = CacheKey::none("api::page", KeyError::new("another handler has its name"));
        assert_eq!(
            key.to_string(),
            "no key for api::page: another handler has its name"
        );
    }
}
