//! Sets of paths: below a prefix, of a route, or accepted by a function.

use std::{borrow::Cow, fmt, iter, sync::Arc};

use super::route::{Route, assert_is_path};
use crate::key::path::{decoded, normal_encoding, normalize};

/// A set of paths: all paths below a prefix, the paths of a route, or the paths that a function accepts.
///
/// | text | matches |
/// |---|---|
/// | `"/users"` | `/users` and all paths below it, such as `/users/7`, but not `/users-archive` |
/// | `"/users/{id}"` | `/users/7`, and nothing below it; the syntax is that of axum's routes, with `{*rest}` |
///
/// Escapes make no difference: `"/café"` matches `/caf%C3%A9`, and `"/@me"` matches `/%40me`.
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
    /// In normal encoding, without a trailing slash. The root is empty.
    Below(String),
    Route(Route),
    Accepted(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl PathPattern {
    /// The paths that the function accepts, for example `move |path| regex.is_match(path)`.
    ///
    /// The function receives the path as the client sent it, with escapes. In [`exclude`](super::CacheLayer::exclude) it is also
    /// called with the other readings of the path: unescaped, without parameters, and with dot segments resolved.
    pub fn matching(accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Kind::Accepted(Arc::new(accepts)))
    }

    /// Whether the set contains the path.
    pub fn matches(&self, path: &str) -> bool {
        match &self.0 {
            Kind::Below(prefix) => is_below(&normal_encoding(path), prefix),
            Kind::Route(route) => route.matches(path),
            Kind::Accepted(accepts) => accepts(path),
        }
    }

    /// Whether the set contains any reading of the path.
    pub(super) fn matches_any_reading(&self, path: &str) -> bool {
        match &self.0 {
            Kind::Below(prefix) => readings(path).any(|reading| is_below(&reading, prefix)),
            Kind::Route(route) => readings(path).any(|reading| route.captures(&reading).is_some()),
            Kind::Accepted(accepts) => {
                accepts(path)
                    || readings(path).any(|reading| accepts(&reading) || accepts(&decoded(&reading)))
            }
        }
    }
}

/// The readings of a path, in normal encoding: the path itself, its canonical name, and that name with a trailing slash.
pub(super) fn readings(path: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let encoded = normal_encoding(path);
    let name = Some(normalize(path)).filter(|name| *name != encoded);
    let with_slash = name.as_ref().map(|name| format!("{name}/").into());
    iter::once(encoded).chain(name).chain(with_slash)
}

impl From<&str> for PathPattern {
    /// # Panics
    /// If the text does not begin with `/`, or has braces and is not a route.
    fn from(text: &str) -> Self {
        if text.contains(['{', '}']) {
            return Self(Kind::Route(Route::new(text)));
        }
        assert_is_path(text);
        Self(Kind::Below(
            normal_encoding(text.trim_end_matches('/')).into_owned(),
        ))
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Below(prefix) => write!(f, "{prefix}/…"),
            Kind::Route(route) => f.write_str(route.text()),
            Kind::Accepted(_) => f.write_str("a function"),
        }
    }
}

/// Whether the path is the prefix, or below it by whole segments.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
    #[should_panic(expected = "\"users\" is not a path: it must begin with `/`")]
    fn text_without_a_slash_is_rejected() {
        let _ = PathPattern::from("users");
    }

    #[test]
    #[should_panic(expected = "\"/users/{id\" is not a route")]
    fn invalid_route_is_rejected() {
        let _ = PathPattern::from("/users/{id");
    }
}
