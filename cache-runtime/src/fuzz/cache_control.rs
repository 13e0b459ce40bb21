//! `Cache-Control`: a list means what its members mean, however it is spelled.

use http::{HeaderValue, Method, header};

use super::{
    naive::{Member, allowed, asked, members},
    source::{field, field_value, field_values, request},
};
use crate::http::{RequestDirectives, ResponseDirectives};

/// Every directive that has a meaning for the cache, in requests or responses.
const KNOWN: [&[u8]; 11] = [
    b"no-store",
    b"no-cache",
    b"only-if-cached",
    b"max-age",
    b"min-fresh",
    b"max-stale",
    b"private",
    b"must-revalidate",
    b"proxy-revalidate",
    b"public",
    b"s-maxage",
];

/// The lines of the field have the meaning that a naive parser finds, in requests and responses. The case of names, blanks,
/// unknown directives and the division into lines make no difference.
pub fn cache_control(data: &[u8]) {
    let lines = field_values(data);
    let list = lines.iter().map(HeaderValue::as_bytes);
    let list = list.collect::<Vec<_>>().join(&b", "[..]);
    let all = members(&list);
    let read = Meaning::of(&lines);
    assert_eq!(read.asked, asked(&all));
    // The lines of a response are parsed one by one: a quote that does not close in its line opens nothing.
    let each = lines.iter().flat_map(|line| members(line.as_bytes()));
    assert_eq!(read.allowed, allowed(&each.collect::<Vec<_>>()));
    pragma(&list, &all);

    let meaning = Meaning::of(&[field_value(&list)]);
    for (change, lines) in [
        ("split", one_a_line(all.iter().map(Member::plain))),
        ("case", one_line(all.iter().map(Member::in_other_case))),
        ("blanks", one_line(all.iter().map(Member::with_blanks))),
        ("unknown directives added", one_line(with_unknown(&all))),
        ("unknown directives removed", one_line(without_unknown(&all))),
    ] {
        assert_eq!(Meaning::of(&lines), meaning, "{change}: {lines:?}");
    }
    let backwards = one_a_line(all.iter().rev().map(Member::plain));
    assert_eq!(Meaning::of(&backwards).allowed, meaning.allowed, "{backwards:?}");
}

/// The directives of a request and of a response with these lines.
#[derive(Debug, PartialEq)]
struct Meaning {
    asked: RequestDirectives,
    allowed: ResponseDirectives,
}

impl Meaning {
    fn of(lines: &[HeaderValue]) -> Self {
        let headers = field(&header::CACHE_CONTROL, lines);
        let allowed = ResponseDirectives::parse(&headers);
        let head = request(Method::GET, headers);
        Self {
            asked: RequestDirectives::from_request(&head).unwrap_or_default(),
            allowed,
        }
    }
}

/// In `Pragma` only `no-cache` has a meaning, and an equal `Cache-Control` already has it.
fn pragma(list: &[u8], members: &[Member]) {
    let list = field_value(list);
    let no_cache = asked(members).no_cache;
    let alone = RequestDirectives::parse(None, Some(&list));
    assert_eq!(
        alone,
        RequestDirectives {
            no_cache,
            ..Default::default()
        }
    );
    let both = RequestDirectives::parse(Some(&list), Some(&list));
    assert_eq!(both, RequestDirectives::parse(Some(&list), None));
}

fn one_a_line(members: impl Iterator<Item = Vec<u8>>) -> Vec<HeaderValue> {
    members.map(|member| field_value(&member)).collect()
}

fn one_line(members: impl IntoIterator<Item = Vec<u8>>) -> Vec<HeaderValue> {
    let members: Vec<_> = members.into_iter().collect();
    vec![field_value(&members.join(&b","[..]))]
}

/// The members with unknown directives: one before them that contains others, and one after each.
fn with_unknown(members: &[Member]) -> Vec<Vec<u8>> {
    let mut all = vec![br#"x-hidden="no-store, \", max-age=0, ""#.to_vec()];
    for member in members {
        all.extend([member.plain(), b"x-no-store=no-cache".to_vec()]);
    }
    all
}

fn without_unknown(members: &[Member]) -> Vec<Vec<u8>> {
    let known = members.iter().filter(|member| KNOWN.contains(&&*member.name));
    known.map(Member::plain).collect()
}
