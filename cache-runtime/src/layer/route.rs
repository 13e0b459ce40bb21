//! Paths with parameters, in the syntax of axum's routes.

use std::fmt;

use matchit::{Params, Router};

use crate::key::path::normal_encoding;

/// A path with parameters in braces: `/users/{id}`, `/files/{*path}`.
#[derive(Clone)]
pub(super) struct Route {
    text: String,
    router: Router<()>,
}

impl Route {
    /// # Panics
    /// If the text is not a route.
    #[track_caller]
    pub(super) fn new(text: &str) -> Self {
        assert_is_path(text);
        assert!(
            !text.contains("/:") && !text.contains("/*"),
            "{text:?} is not a route: write parameters in braces, `{{id}}` and `{{*rest}}`"
        );
        let mut router = Router::new();
        if let Err(error) = router.insert(encode(text), ()) {
            panic!("{text:?} is not a route: {error}");
        }
        Self {
            text: text.to_owned(),
            router,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the route matches the path, however that is escaped.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.captures(&normal_encoding(path)).is_some()
    }

    /// The values of the parameters, if the route matches a path in its normal encoding.
    pub(super) fn captures<'p>(&self, path: &'p str) -> Option<Params<'_, 'p>> {
        let matched = self.router.at(path).ok()?;
        Some(matched.params)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// # Panics
/// If the text does not begin with `/`.
#[track_caller]
pub(super) fn assert_is_path(text: &str) {
    assert!(
        text.starts_with('/'),
        "{text:?} is not a path: it must begin with `/`"
    );
}

/// The route with all text outside of its parameters in normal encoding.
fn encode(route: &str) -> String {
    let mut out = String::with_capacity(route.len());
    let mut rest = route;
    while let Some(brace) = rest.find(['{', '}']) {
        let (text, from) = rest.split_at(brace);
        out.push_str(&normal_encoding(text));
        let (encoded, length) = match from.get(..2) {
            Some("{{") => ("%7B", 2),
            Some("}}") => ("%7D", 2),
            _ => {
                let length = from.find('}').map_or(from.len(), |end| end + 1);
                (&from[..length], length)
            }
        };
        out.push_str(encoded);
        rest = &from[length..];
    }
    out.push_str(&normal_encoding(rest));
    out
}
