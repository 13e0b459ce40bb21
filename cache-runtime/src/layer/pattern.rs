//! Which paths are meant: by segments, by a pattern as axum's routes have it, or by a function.

use std::{fmt, sync::Arc};

use matchit::{Params, Router};

/// Paths: all below a prefix, those of a route, or those that a function accepts.
///
/// | text | means |
/// |---|---|
/// | `"/users"` | `/users` and all below it, `/users/7`, but not `/users-archive` |
/// | `"/users/{id}"` | each `/users/7`, and nothing below it: as axum's routes, `{*rest}` included |
///
/// ```
/// use handler_cache::layer::PathPattern;
///
/// let reports = PathPattern::matching(|path| path.ends_with("/report"));
/// assert!(reports.matches("/users/7/report"));
/// assert!(PathPattern::from("/users").matches("/users/7"));
/// assert!(!PathPattern::from("/users").matches("/users-archive"));
/// ```
#[derive(Clone)]
pub struct PathPattern(Kind);

#[derive(Clone)]
enum Kind {
    /// Without the slash at its end; the root is empty.
    Below(String),
    Route(Route),
    Accepted(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl PathPattern {
    /// Those that the function accepts, such as `move |path| regex.is_match(path)`. It sees the path as it was sent, with
    /// its escapes.
    pub fn matching(accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Kind::Accepted(Arc::new(accepts)))
    }

    /// Whether this path is meant.
    pub fn matches(&self, path: &str) -> bool {
        match &self.0 {
            Kind::Below(prefix) => is_below(path, prefix),
            Kind::Route(route) => route.captures(path).is_some(),
            Kind::Accepted(accepts) => accepts(path),
        }
    }
}

impl From<&str> for PathPattern {
    /// # Panics
    /// When the text does not begin with `/`, or is no route.
    fn from(text: &str) -> Self {
        if text.contains(['{', '}']) {
            return Self(Kind::Route(Route::new(text)));
        }
        assert!(
            text.starts_with('/'),
            "a path begins with `/`, and {text:?} does not"
        );
        Self(Kind::Below(text.trim_end_matches('/').to_owned()))
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Below(prefix) => write!(f, "{prefix}/…"),
            Kind::Route(route) => f.write_str(&route.text),
            Kind::Accepted(_) => f.write_str("a function"),
        }
    }
}

/// Whether the path is the prefix, or below it by whole segments.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path with names in braces, as axum's routes have it.
#[derive(Clone)]
pub(super) struct Route {
    text: String,
    router: Router<()>,
}

impl Route {
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub(super) fn new(text: &str) -> Self {
        assert!(
            text.starts_with('/'),
            "a path begins with `/`, and {text:?} does not"
        );
        assert!(
            !text.contains("/:") && !text.contains("/*"),
            "a route names its parts in braces, `{{id}}` and `{{*rest}}`, and {text:?} does not"
        );
        let mut router = Router::new();
        if let Err(error) = router.insert(text, ()) {
            panic!("{text:?} is no route: {error}");
        }
        Self {
            text: text.to_owned(),
            router,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What stands in the place of each name, with its escapes; nothing where the path is another.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_ends_with_a_segment() {
        for prefix in ["/q", "/q/"] {
            let pattern = PathPattern::from(prefix);
            for path in ["/q", "/q/", "/q/1", "/q/1/2"] {
                assert!(pattern.matches(path), "{path}");
            }
            for path in ["/", "/q-archive", "/Q", "/p/q", "q", ""] {
                assert!(!pattern.matches(path), "{path}");
            }
        }
        let all = PathPattern::from("/");
        assert!(all.matches("/") && all.matches("/q"));
    }

    #[test]
    fn route_is_the_whole_path() {
        let route = PathPattern::from("/users/{id}");
        assert!(route.matches("/users/7"));
        for path in ["/users", "/users/", "/users/7/", "/users/7/posts"] {
            assert!(!route.matches(path), "{path}");
        }
        assert!(PathPattern::from("/files/{*path}").matches("/files/a/b"));
    }

    #[test]
    #[should_panic(expected = "a path begins with `/`, and \"users\" does not")]
    fn text_without_a_slash_is_refused() {
        let _ = PathPattern::from("users");
    }

    #[test]
    #[should_panic(expected = "\"/users/{id\" is no route")]
    fn route_that_is_none_is_refused() {
        let _ = PathPattern::from("/users/{id");
    }
}
