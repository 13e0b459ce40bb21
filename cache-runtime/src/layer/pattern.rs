//! Which paths are meant: by segments, by a pattern as axum's routes have it, or by a function.

use std::{borrow::Cow, fmt, iter, sync::Arc};

use matchit::{Params, Router};

use crate::http::path::{decoded, normal_encoding, normalize};

/// Paths: all below a prefix, those of a route, or those that a function accepts.
///
/// | text | means |
/// |---|---|
/// | `"/users"` | `/users` and all below it, `/users/7`, but not `/users-archive` |
/// | `"/users/{id}"` | each `/users/7`, and nothing below it: as axum's routes, `{*rest}` included |
///
/// Escapes do not count: `"/café"` is `/caf%C3%A9`, and `"/@me"` is `/%40me`.
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
    /// In its normal encoding, without the slash at its end; the root is empty.
    Below(String),
    Route(Route),
    Accepted(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl PathPattern {
    /// Those that the function accepts, such as `move |path| regex.is_match(path)`. It sees the path as it was sent, with
    /// its escapes; in [`exclude`](super::CacheLayer::exclude) also without them, and without what servers may leave out.
    pub fn matching(accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Kind::Accepted(Arc::new(accepts)))
    }

    /// Whether this path is meant.
    pub fn matches(&self, path: &str) -> bool {
        match &self.0 {
            Kind::Below(prefix) => is_below(&normal_encoding(path), prefix),
            Kind::Route(route) => route.matches(path),
            Kind::Accepted(accepts) => accepts(path),
        }
    }

    /// Whether this path is meant by any way to read it.
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

/// The ways to read a path, in their normal encoding: as it is; as the resource that it may stand for; and that one with a slash
/// at its end.
pub(super) fn readings(path: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let encoded = normal_encoding(path);
    let name = Some(normalize(path)).filter(|name| *name != encoded);
    let with_slash = name.as_ref().map(|name| format!("{name}/").into());
    iter::once(encoded).chain(name).chain(with_slash)
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
        Self(Kind::Below(
            normal_encoding(text.trim_end_matches('/')).into_owned(),
        ))
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
        if let Err(error) = router.insert(encoded(text), ()) {
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

    /// Whether the path is one of these, whatever its escapes.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.captures(&normal_encoding(path)).is_some()
    }

    /// What stands in the place of each name in a path of normal encoding; nothing where the path is another.
    pub(super) fn captures<'p>(&self, path: &'p str) -> Option<Params<'_, 'p>> {
        let matched = self.router.at(path).ok()?;
        Some(matched.params)
    }
}

/// The route with all that is no name in its normal encoding.
fn encoded(route: &str) -> String {
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
