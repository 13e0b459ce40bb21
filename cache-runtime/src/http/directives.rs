//! The grammar of `Cache-Control` (RFC 9111 section 5.2).
//!
//! Names are matched in any case, and unknown ones are passed over. A directive given twice counts once, with the
//! strictest of its values; one with an argument it should not have counts as the bare one, which is stricter
//! (section 5.2.2.4). A number that is none counts as the strictest there is (section 4.2.1).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::http::request_head::{Fields, RequestHead};

/// Where longer times end: 2^31 seconds, 68 years (RFC 9111 section 1.2.2).
pub(crate) const LONGEST: Duration = Duration::from_secs(1 << 31);

/// The fields that say how a response is stored and served.
const RULING: [HeaderName; 7] = [
    header::AGE,
    header::CACHE_CONTROL,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::VARY,
];

/// What a request asks of caches (RFC 9111 section 5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RequestDirectives {
    pub(crate) no_store: bool,
    pub(crate) no_cache: bool,
    pub(crate) only_if_cached: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) min_fresh: Option<Duration>,
    /// [`Duration::MAX`] when any staleness will do.
    pub(crate) max_stale: Option<Duration>,
}

impl RequestDirectives {
    /// What the request asks. `None`: nothing.
    pub(crate) fn of(request: &RequestHead) -> Option<Self> {
        let Fields {
            cache_control,
            pragma,
            ..
        } = request.fields();
        let mut asked = match (cache_control, pragma) {
            (None, None) if !request.no_store && !request.no_cache => return None,
            (None, None) => Self::default(),
            (cache_control, pragma) => Self::parse(cache_control.as_ref(), pragma.as_ref()),
        };
        asked.no_store |= request.no_store;
        asked.no_cache |= request.no_cache;
        Some(asked)
    }

    /// Reads both fields, each as one list.
    ///
    /// RFC 9111 section 5.4 lets caches pass over `Pragma` beside `Cache-Control`. Here `no-cache` in either is
    /// obeyed: a client that sends it wants the handler to run, whatever else it sends.
    pub(crate) fn parse(cache_control: Option<&HeaderValue>, pragma: Option<&HeaderValue>) -> Self {
        let mut all = Self::default();
        for directive in cache_control.into_iter().flat_map(directives) {
            all.add(directive);
        }
        all.no_cache |= pragma
            .into_iter()
            .flat_map(directives)
            .any(|directive| directive.is("no-cache"));
        all
    }

    fn add(&mut self, directive: Directive<'_>) {
        if directive.is("no-store") {
            self.no_store = true;
        } else if directive.is("no-cache") {
            self.no_cache = true;
        } else if directive.is("only-if-cached") {
            self.only_if_cached = true;
        } else if directive.is("max-age") {
            let limit = directive.seconds().unwrap_or(Duration::ZERO);
            self.max_age = Some(at_most(self.max_age, limit));
        } else if directive.is("min-fresh") {
            let least = directive.seconds().unwrap_or(LONGEST);
            self.min_fresh = Some(self.min_fresh.map_or(least, |other| other.max(least)));
        } else if directive.is("max-stale") {
            let limit = match directive.argument {
                None => Duration::MAX,
                Some(_) => directive.seconds().unwrap_or(Duration::ZERO),
            };
            self.max_stale = Some(at_most(self.max_stale, limit));
        }
    }
}

/// What a response allows caches (RFC 9111 section 5.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ResponseDirectives {
    pub(crate) no_store: bool,
    pub(crate) no_cache: bool,
    pub(crate) private: bool,
    /// `no-cache` or `private` without the names of the fields that alone it is about.
    pub(crate) bare_no_cache: bool,
    pub(crate) bare_private: bool,
    pub(crate) must_understand: bool,
    /// `must-revalidate`, or `proxy-revalidate`, which binds shared caches as much.
    pub(crate) must_revalidate: bool,
    pub(crate) max_age: Option<Duration>,
    pub(crate) s_maxage: Option<Duration>,
    /// RFC 5861 section 3.
    pub(crate) stale_while_revalidate: Option<Duration>,
    /// RFC 5861 section 4.
    pub(crate) stale_if_error: Option<Duration>,
    pub(crate) public: bool,
    /// Others may share it though its request had credentials: `public`, `must-revalidate` or `s-maxage` (section 3.5).
    pub(crate) shared: bool,
}

impl ResponseDirectives {
    /// Reads every `Cache-Control` line.
    pub(crate) fn parse(headers: &HeaderMap) -> Self {
        let mut all = Self::default();
        for directive in headers.get_all(header::CACHE_CONTROL).iter().flat_map(directives) {
            all.add(directive);
        }
        all
    }

    fn add(&mut self, directive: Directive<'_>) {
        self.public |= directive.is("public");
        let shares = ["public", "must-revalidate", "s-maxage"];
        self.shared |= shares.iter().any(|name| directive.is(name));
        if directive.is("no-store") {
            self.no_store = true;
        } else if directive.is("no-cache") {
            self.no_cache = true;
            self.bare_no_cache |= directive.fields().is_none();
        } else if directive.is("private") {
            self.private = true;
            self.bare_private |= directive.fields().is_none();
        } else if directive.is("must-understand") {
            self.must_understand = true;
        } else if directive.is("must-revalidate") || directive.is("proxy-revalidate") {
            self.must_revalidate = true;
        } else if directive.is("max-age") {
            let life = directive.seconds().unwrap_or(Duration::ZERO);
            self.max_age = Some(at_most(self.max_age, life));
        } else if directive.is("s-maxage") {
            let life = directive.seconds().unwrap_or(Duration::ZERO);
            self.s_maxage = Some(at_most(self.s_maxage, life));
        } else if directive.is("stale-while-revalidate") {
            let window = directive.seconds().unwrap_or(Duration::ZERO);
            self.stale_while_revalidate = Some(at_most(self.stale_while_revalidate, window));
        } else if directive.is("stale-if-error") {
            let window = directive.seconds().unwrap_or(Duration::ZERO);
            self.stale_if_error = Some(at_most(self.stale_if_error, window));
        }
    }

    /// Whether the response may not be served past its life, not even while nothing else is to be had (RFC 9111 section
    /// 4.2.4; `s-maxage` says so by section 5.2.2.10).
    pub(crate) fn forbids_stale(&self) -> bool {
        self.must_revalidate || self.s_maxage.is_some() || self.bare_no_cache
    }

    /// The fields that `no-cache` and `private` are about, where they name any (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
    pub(crate) fn withheld(headers: &HeaderMap) -> Vec<HeaderName> {
        let lines = headers.get_all(header::CACHE_CONTROL).iter();
        lines
            .flat_map(directives)
            .filter(|directive| directive.is("no-cache") || directive.is("private"))
            .filter_map(|directive| directive.fields())
            .flatten()
            .collect()
    }
}

fn at_most(known: Option<Duration>, limit: Duration) -> Duration {
    known.map_or(limit, |known| known.min(limit))
}

/// `delta-seconds` (RFC 9111 section 1.2.2): digits alone, cut to [`LONGEST`].
pub(crate) fn delta_seconds(digits: impl IntoIterator<Item = u8>) -> Option<Duration> {
    let mut seconds = None::<u64>;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let more = seconds.unwrap_or(0).saturating_mul(10);
        seconds = Some(more.saturating_add(u64::from(digit - b'0')));
    }
    Some(Duration::from_secs(seconds?).min(LONGEST))
}

/// One member of the list: `token [ "=" ( token / quoted-string ) ]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Directive<'a> {
    name: &'a [u8],
    /// As it stands there, with its quotes and escapes.
    argument: Option<&'a [u8]>,
}

impl Directive<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The argument as names of fields. One that is none makes it no such list, and so does one that rules the cache itself:
    /// without it, the rest would be taken for something else.
    fn fields(&self) -> Option<Vec<HeaderName>> {
        let argument = self.argument?;
        let quoted = argument
            .strip_prefix(b"\"")
            .and_then(|text| text.strip_suffix(b"\""));
        let members = quoted.unwrap_or(argument).split(|&byte| byte == b',');
        let names = members
            .map(<[u8]>::trim_ascii)
            .filter(|member| !member.is_empty());
        let names: Vec<_> = names.map(HeaderName::from_bytes).collect::<Result<_, _>>().ok()?;
        let rules = names.iter().any(|name| RULING.contains(name));
        (!names.is_empty() && !rules).then_some(names)
    }

    /// The argument as seconds, quoted or not: both forms are to be accepted (RFC 9111 section 5.2).
    fn seconds(&self) -> Option<Duration> {
        let argument = self.argument?;
        let Some(quoted) = argument.strip_prefix(b"\"") else {
            return delta_seconds(argument.iter().copied());
        };
        if closing_quote(quoted)? != quoted.len() - 1 {
            return None;
        }
        let mut bytes = quoted[..quoted.len() - 1].iter().copied();
        delta_seconds(std::iter::from_fn(|| match bytes.next()? {
            b'\\' => bytes.next(),
            byte => Some(byte),
        }))
    }
}

/// The members of a list, empty ones left out.
fn directives(list: &HeaderValue) -> impl Iterator<Item = Directive<'_>> {
    let mut rest = list.as_bytes();
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (member, after) = next_member(rest);
            rest = after;
            if let Some(directive) = member {
                return Some(directive);
            }
        }
        None
    })
}

/// The first member, and what stands behind its comma.
fn next_member(list: &[u8]) -> (Option<Directive<'_>>, &[u8]) {
    let mut end = position(list, |byte| byte == b',' || byte == b'=');
    let name = list[..end].trim_ascii();
    let mut argument = None;
    if list.get(end) == Some(&b'=') {
        let behind = &list[end + 1..];
        let value = behind.trim_ascii_start();
        end = list.len() - value.len();
        // A quote that never closes hides nothing: commas behind it separate as usual, for what they separate
        // may be `no-store`. Only one quote of a list can be so, hence no input makes this quadratic.
        if let Some(length) = value.strip_prefix(b"\"").and_then(closing_quote) {
            end += length + 2;
        }
        end += position(&list[end..], |byte| byte == b',');
        argument = Some(list[list.len() - value.len()..end].trim_ascii_end());
    }
    let member = (!name.is_empty()).then_some(Directive { name, argument });
    (member, list.get(end + 1..).unwrap_or_default())
}

/// Where the quoted-string ends whose opening quote stands before `text`.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

fn position(text: &[u8], found: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| found(byte)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
