use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use proptest::prelude::*;

use super::*;
use crate::http::fixtures::{headers, secs};

fn value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap()
}

fn request(cache_control: &str) -> RequestDirectives {
    RequestDirectives::parse(Some(&value(cache_control.as_bytes())), None)
}

fn response(cache_control: &str) -> ResponseDirectives {
    ResponseDirectives::parse(&headers(&[("cache-control", cache_control)]))
}

#[test]
fn without_the_fields_there_are_no_directives() {
    assert_eq!(RequestDirectives::parse(None, None), RequestDirectives::default());
    assert_eq!(request(""), RequestDirectives::default());
    assert_eq!(request(" , ,, "), RequestDirectives::default());
}

#[test]
fn names_are_tokens_in_any_case() {
    assert!(request("No-Cache").no_cache);
    assert!(request("max-age=3,NO-STORE").no_store);
    assert!(request("Only-If-Cached").only_if_cached);
    assert_eq!(
        request("x-no-cache-y, no-cachee, no"),
        RequestDirectives::default()
    );
}

#[test]
fn unknown_directives_are_ignored() {
    let all = request("community=\"UCI, no-cache\", foo, bar=baz, max-age=9");
    assert_eq!(all.max_age, Some(secs(9)));
    assert!(!all.no_cache);
}

#[test]
fn quoted_strings_may_contain_commas_and_escapes() {
    assert!(!request(r#"a="x\", no-cache", b"#).no_cache);
    assert!(request(r#"a="x\\", no-cache"#).no_cache);
    assert_eq!(request(r#"max-age="6\0""#).max_age, Some(secs(60)));
}

#[test]
fn a_quote_that_never_closes_hides_nothing() {
    assert!(request(r#"a="x, no-store"#).no_store);
    assert!(request(r#"a="x\", no-store, b=y"#).no_store);
}

#[test]
fn of_repeated_directives_the_strictest_counts() {
    assert_eq!(request("max-age=9, max-age=4, max-age=7").max_age, Some(secs(4)));
    assert_eq!(request("min-fresh=4, min-fresh=9").min_fresh, Some(secs(9)));
    assert_eq!(request("max-stale, max-stale=5").max_stale, Some(secs(5)));
    assert_eq!(response("s-maxage=1, s-maxage=2").s_maxage, Some(secs(1)));
}

#[test]
fn max_stale_without_argument_accepts_any_staleness() {
    assert_eq!(request("max-stale").max_stale, Some(Duration::MAX));
    assert_eq!(request("max-stale=").max_stale, Some(Duration::ZERO));
}

#[test]
fn a_large_number_is_limited_to_2_31() {
    for digits in ["2147483648", "9999999999999999999999999999999999"] {
        assert_eq!(request(&format!("max-age={digits}")).max_age, Some(MAX_DELTA));
    }
}

#[test]
fn an_invalid_number_counts_as_the_strictest() {
    for bad in [
        "", "=", "=-1", "=+1", "=1.5", "=1s", "=\"", "=\"1", "=\"1\"2", "=1 2", "=0x1",
    ] {
        assert_eq!(
            request(&format!("max-age{bad}")).max_age,
            Some(Duration::ZERO),
            "{bad}"
        );
        assert_eq!(
            response(&format!("max-age{bad}")).max_age,
            Some(Duration::ZERO),
            "{bad}"
        );
        assert_eq!(
            response(&format!("s-maxage{bad}")).s_maxage,
            Some(Duration::ZERO),
            "{bad}"
        );
        assert_eq!(
            request(&format!("min-fresh{bad}")).min_fresh,
            Some(MAX_DELTA),
            "{bad}"
        );
    }
    assert_eq!(request("max-stale=x").max_stale, Some(Duration::ZERO));
}

#[test]
fn blanks_around_the_equals_sign_do_not_hide_a_directive() {
    assert_eq!(request("max-age = 5 ,no-cache").max_age, Some(secs(5)));
    assert!(response("private =\"set-cookie\"").private);
}

#[test]
fn pragma_no_cache_counts_with_and_without_cache_control() {
    let pragma = value(b"x, No-Cache");
    assert!(RequestDirectives::parse(None, Some(&pragma)).no_cache);
    assert!(RequestDirectives::parse(Some(&value(b"max-age=5")), Some(&pragma)).no_cache);
    assert!(!RequestDirectives::parse(None, Some(&value(b"x-no-cache"))).no_cache);
}

#[test]
fn a_directive_with_field_names_counts_as_one_without() {
    assert!(response("no-cache=\"set-cookie, x\"").no_cache);
    assert!(response("private=x").private);
    assert!(response("no-store=\"\"").no_store);
}

#[test]
fn all_lines_of_a_response_count() {
    let lines = headers(&[
        ("cache-control", "public, max-age=60"),
        ("cache-control", "s-maxage=30"),
        ("cache-control", "no-store"),
    ]);
    let all = ResponseDirectives::parse(&lines);
    assert!(all.no_store && !all.private && !all.no_cache);
    assert_eq!((all.max_age, all.s_maxage), (Some(secs(60)), Some(secs(30))));
}

/// A directive, and what it adds to the model.
#[derive(Debug, Clone)]
enum Model {
    NoStore,
    NoCache,
    OnlyIfCached,
    MaxAge(u64),
    MinFresh(u64),
    MaxStale(Option<u64>),
    Unknown,
}

impl Model {
    fn add_to(&self, all: &mut RequestDirectives) {
        let cut = |number: u64| secs(number).min(MAX_DELTA);
        match *self {
            Self::NoStore => all.no_store = true,
            Self::NoCache => all.no_cache = true,
            Self::OnlyIfCached => all.only_if_cached = true,
            Self::MaxAge(n) => all.max_age = Some(all.max_age.unwrap_or(Duration::MAX).min(cut(n))),
            Self::MinFresh(n) => all.min_fresh = Some(all.min_fresh.unwrap_or_default().max(cut(n))),
            Self::MaxStale(n) => {
                let limit = n.map_or(Duration::MAX, cut);
                all.max_stale = Some(all.max_stale.unwrap_or(Duration::MAX).min(limit));
            }
            Self::Unknown => {}
        }
    }
}

fn quoted(text: &str, quotes: bool) -> String {
    if quotes {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}

fn numbered(name: &'static str) -> impl Strategy<Value = (String, u64)> {
    (prop_oneof![0..100_u64, any::<u64>()], any::<bool>())
        .prop_map(move |(n, quotes)| (format!("{name}={}", quoted(&n.to_string(), quotes)), n))
}

fn directive() -> impl Strategy<Value = (String, Model)> {
    let text = |text: &str, model: Model| Just((text.to_owned(), model));
    let plain = prop_oneof![
        text("no-store", Model::NoStore),
        text("no-cache", Model::NoCache),
        text("only-if-cached", Model::OnlyIfCached),
        text("max-stale", Model::MaxStale(None)),
        numbered("max-age").prop_map(|(text, n)| (text, Model::MaxAge(n))),
        numbered("min-fresh").prop_map(|(text, n)| (text, Model::MinFresh(n))),
        numbered("max-stale").prop_map(|(text, n)| (text, Model::MaxStale(Some(n)))),
        "x-[a-z]{1,9}".prop_map(|text| (text, Model::Unknown)),
        // A quoted-string of any characters, escaped as necessary.
        "[ -~]{0,20}".prop_map(|text| {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            (format!("x=\"{escaped}\""), Model::Unknown)
        }),
        Just((r#"x=", no-store, ""#.to_owned(), Model::Unknown)),
    ];
    (plain, any::<bool>()).prop_map(|((text, model), shout)| {
        let text = if shout { text.to_ascii_uppercase() } else { text };
        (text, model)
    })
}

fn comma() -> impl Strategy<Value = String> {
    "[ \t]{0,2},[ ,\t]{0,3}"
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text: Vec<u8> = bytes.into_iter().filter(|&b| b == b'\t' || (b >= 32 && b != 127)).collect();
        let value = value(&text);
        RequestDirectives::parse(Some(&value), Some(&value));
        let mut lines = HeaderMap::new();
        lines.insert(header::CACHE_CONTROL, value);
        ResponseDirectives::parse(&lines);
    }

    #[test]
    fn no_soup_of_the_grammar_makes_the_parser_panic(text in "[-=\",\\\\ a0mxge]{0,80}") {
        request(&text);
        response(&text);
    }

    #[test]
    fn a_list_is_the_sum_of_its_members(members in proptest::collection::vec((directive(), comma()), 0..8)) {
        let mut text = String::new();
        let mut model = RequestDirectives::default();
        for ((directive, meaning), comma) in &members {
            text.push_str(directive);
            text.push_str(comma);
            meaning.add_to(&mut model);
        }
        prop_assert_eq!(request(&text), model, "{}", text);
    }
}
