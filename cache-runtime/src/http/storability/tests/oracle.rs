//! The TTL that a response declares, compared with another implementation, `http-cache-semantics`.
//!
//! Inputs for which that crate differs from RFC 9111 are left out: it splits quoted strings at commas, reads `proxy-revalidate` as
//! `max-age=0`, stores `Set-Cookie` beside `public`, and does not derive an age from `Date`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Request, Response};
use http_cache_semantics::{CacheOptions, CachePolicy};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    clock::Timestamp,
    http::{
        age::Arrival,
        fixtures::{NOW, secs},
        storability::storability,
    },
    policy::{Http, Policy},
};

type Line = (&'static str, String);

fn at(offset: i64) -> String {
    let millis = NOW.as_millis().checked_add_signed(offset * 1000).unwrap();
    httpdate::fmt_http_date(Timestamp::from_millis(millis).to_system_time())
}

fn directive() -> impl Strategy<Value = String> {
    let bare = select(vec![
        "no-store",
        "no-cache",
        "private",
        "public",
        "must-revalidate",
        "immutable-not",
    ]);
    let timed = (select(vec!["max-age", "s-maxage"]), 0..100_u32);
    prop_oneof![
        bare.prop_map(str::to_owned),
        timed.prop_map(|(name, seconds)| format!("{name}={seconds}")),
    ]
}

prop_compose! {
    fn lines()(
        directives in option::of(vec(directive(), 1..4)),
        age in option::of(0..60_u32),
        expires in option::of(-50..100_i64),
        dated in any::<bool>(),
        tagged in any::<bool>(),
        modified in option::of(0..10_000_i64),
    ) -> Vec<Line> {
        let lines = [
            directives.map(|all| ("cache-control", all.join(", "))),
            age.map(|age| ("age", age.to_string())),
            expires.map(|offset| ("expires", at(offset))),
            dated.then(|| ("date", at(0))),
            tagged.then(|| ("etag", "\"a\"".to_owned())),
            modified.map(|ago| ("last-modified", at(-ago * 10))),
        ];
        lines.into_iter().flatten().collect()
    }
}

/// A directive given twice counts with the strictest of its values here, and with the last one there.
fn repeats(lines: &[Line]) -> bool {
    let control = lines.iter().find(|(name, _)| *name == "cache-control");
    let names = |text: &str| -> Vec<String> {
        let names = text
            .split(", ")
            .map(|member| member.split('=').next().unwrap().to_owned());
        names.collect()
    };
    let mut names = control.map(|(_, text)| names(text)).unwrap_or_default();
    let all = names.len();
    names.sort();
    names.dedup();
    names.len() < all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn ttls_match_those_of_another_implementation(
        status in select(vec![200, 203, 204, 300, 301, 302, 307, 308, 404, 405, 410, 414, 501]),
        lines in lines(),
        guesses in any::<bool>(),
    ) {
        prop_assume!(!repeats(&lines));
        let mut response = Response::builder().status(status);
        for (name, value) in &lines {
            response = response.header(*name, value);
        }
        let (parts, ()) = response.body(()).unwrap().into_parts();
        let request = Request::new(());
        let now: SystemTime = UNIX_EPOCH + Duration::from_millis(NOW.as_millis());
        let theirs = CachePolicy::new_options(&request, &parts, now, CacheOptions {
            cache_heuristic: if guesses { 0.1 } else { 0.0 },
            ..CacheOptions::default()
        });
        let policy = Policy { http: Some(Http { guesses }), ..Policy::new() };
        let arrival = Arrival { response_time: NOW, response_delay: secs(0) };
        let ours = storability(&parts, &policy, Duration::ZERO, arrival);
        if !theirs.is_storable() {
            prop_assert!(ours.is_err(), "{ours:?}");
        } else {
            let remaining = ours.map(|ttl| ttl.remaining()).unwrap_or_default();
            let difference = remaining.abs_diff(theirs.time_to_live(now));
            prop_assert!(difference < secs(1), "{ours:?}, and there {:?}", theirs.time_to_live(now));
        }
    }
}
