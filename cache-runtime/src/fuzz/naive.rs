//! A naive parser of `Cache-Control`, to compare the real one with.

use std::time::Duration;

use crate::http::{RequestDirectives, ResponseDirectives};

/// The longest time in seconds (RFC 9111 section 1.2.2).
const MAX_SECONDS: u64 = 1 << 31;

/// The directives of a request with this list.
pub(super) fn asked(list: &[Member]) -> RequestDirectives {
    RequestDirectives {
        no_store: has(list, "no-store"),
        no_cache: has(list, "no-cache"),
        only_if_cached: has(list, "only-if-cached"),
        max_age: times(list, "max-age", 0).min(),
        min_fresh: times(list, "min-fresh", MAX_SECONDS).max(),
        max_stale: times(list, "max-stale", 0).min(),
    }
}

/// The directives of a response with this list.
pub(super) fn allowed(list: &[Member]) -> ResponseDirectives {
    ResponseDirectives {
        no_store: has(list, "no-store"),
        no_cache: has(list, "no-cache"),
        private: has(list, "private"),
        unqualified_no_cache: has_bare(list, "no-cache"),
        unqualified_private: has_bare(list, "private"),
        must_understand: has(list, "must-understand"),
        must_revalidate: has(list, "must-revalidate") || has(list, "proxy-revalidate"),
        max_age: times(list, "max-age", 0).min(),
        s_maxage: times(list, "s-maxage", 0).min(),
        stale_while_revalidate: times(list, "stale-while-revalidate", 0).min(),
        stale_if_error: times(list, "stale-if-error", 0).min(),
        public: has(list, "public"),
        allows_sharing: ["public", "must-revalidate", "s-maxage"]
            .iter()
            .any(|name| has(list, name)),
    }
}

fn has(list: &[Member], name: &str) -> bool {
    list.iter().any(|member| member.name == name.as_bytes())
}

/// Whether a member of that name lists no fields.
fn has_bare(list: &[Member], name: &str) -> bool {
    let mut named = list.iter().filter(|member| member.name == name.as_bytes());
    named.any(|member| !member.argument.as_deref().is_some_and(are_fields))
}

fn are_fields(argument: &[u8]) -> bool {
    let text = match argument {
        [b'"', text @ .., b'"'] => text,
        text => text,
    };
    let is_field = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~, \t\n\x0c\r".contains(byte);
    let mut members = text.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let ruling = [
        "age",
        "cache-control",
        "date",
        "etag",
        "expires",
        "last-modified",
        "vary",
    ];
    let rules = |member: &[u8]| {
        ruling
            .iter()
            .any(|name| member.eq_ignore_ascii_case(name.as_bytes()))
    };
    members.clone().any(|member| !member.is_empty())
        && !members.clone().any(rules)
        && members.all(|member| member.iter().all(is_field) && !member.iter().any(u8::is_ascii_whitespace))
}

/// The times of all members of that name; `otherwise`, in seconds, for a member without one.
fn times(list: &[Member], name: &str, otherwise: u64) -> impl Iterator<Item = Duration> {
    let named = list.iter().filter(move |member| member.name == name.as_bytes());
    named.map(move |member| match &member.argument {
        // Any staleness is accepted.
        None if name == "max-stale" => Duration::MAX,
        argument => Duration::from_secs(argument.as_deref().and_then(seconds).unwrap_or(otherwise)),
    })
}

/// One member of the list.
#[derive(Debug)]
pub(super) struct Member {
    /// In lower case.
    pub(super) name: Vec<u8>,
    /// As written.
    argument: Option<Vec<u8>>,
}

impl Member {
    fn read(text: &[u8]) -> Self {
        let mut parts = text.splitn(2, |&byte| byte == b'=');
        let name = parts.next().unwrap_or_default();
        Self {
            name: name.trim_ascii().to_ascii_lowercase(),
            argument: parts.next().map(|argument| argument.trim_ascii().to_vec()),
        }
    }

    pub(super) fn plain(&self) -> Vec<u8> {
        self.written(&self.name, "")
    }

    pub(super) fn in_other_case(&self) -> Vec<u8> {
        let upper = |(at, byte): (usize, &u8)| match at % 2 {
            0 => byte.to_ascii_uppercase(),
            _ => *byte,
        };
        let name: Vec<u8> = self.name.iter().enumerate().map(upper).collect();
        self.written(&name, "")
    }

    pub(super) fn with_blanks(&self) -> Vec<u8> {
        self.written(&self.name, " \t ")
    }

    fn written(&self, name: &[u8], blanks: &str) -> Vec<u8> {
        let blanks = blanks.as_bytes();
        match &self.argument {
            None => [blanks, name, blanks].concat(),
            Some(argument) => [blanks, name, blanks, b"=", blanks, argument, blanks].concat(),
        }
    }
}

/// The members of the list, including empty ones.
pub(super) fn members(list: &[u8]) -> Vec<Member> {
    let mut members = Vec::new();
    let mut start = 0;
    let mut place = Place::Name;
    let mut escaped = false;
    for (at, byte) in list.iter().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        place = match (place, byte) {
            (Place::Quoted, b'"') => Place::Argument,
            (Place::Quoted, byte) => {
                escaped = *byte == b'\\';
                Place::Quoted
            }
            (_, b',') => {
                members.push(Member::read(&list[start..at]));
                start = at + 1;
                Place::Name
            }
            (Place::Name, b'=') => Place::BeforeArgument,
            (Place::Name, _) => Place::Name,
            (Place::BeforeArgument, b' ' | b'\t') => Place::BeforeArgument,
            // A quote that never closes is an ordinary byte.
            (Place::BeforeArgument, b'"') if unquoted(&list[at + 1..]).is_some() => Place::Quoted,
            (Place::BeforeArgument | Place::Argument, _) => Place::Argument,
        };
    }
    members.push(Member::read(&list[start..]));
    members
}

/// The position within a member.
#[derive(Clone, Copy)]
enum Place {
    Name,
    BeforeArgument,
    Quoted,
    Argument,
}

fn seconds(argument: &[u8]) -> Option<u64> {
    let digits = match argument.strip_prefix(b"\"") {
        None => argument.to_vec(),
        Some(quoted) => unquoted(quoted).filter(|(_, behind)| behind.is_empty())?.0,
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = str::from_utf8(&digits).ok()?.parse::<u128>();
    // A number of more than 128 bits is also too large.
    Some(number.map_or(MAX_SECONDS, |number| number.min(MAX_SECONDS.into()) as u64))
}

/// The text of the quoted-string whose opening quote precedes `quoted`, and the rest after it.
fn unquoted(quoted: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut text = Vec::new();
    let mut rest = quoted.iter();
    loop {
        match rest.next()? {
            b'"' => return Some((text, rest.as_slice())),
            b'\\' => text.push(*rest.next()?),
            other => text.push(*other),
        }
    }
}
