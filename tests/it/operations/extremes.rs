//! Every duration and count that a user gives, at its ends: requests are answered, and nothing is refused for a reason that it
//! does not have.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::{CacheBuilder, Expire, Policy, ValueKey, cache, layer::CacheLayer};

use crate::support::app::{App, Bench};

const ENDS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_millis(1),
    Duration::from_secs(1),
    Duration::MAX,
];
const COUNTS: [usize; 3] = [0, 1, usize::MAX];

/// Fails on demand, with an optional TTL of the response.
#[derive(Debug, Clone, Default)]
struct Origin {
    fails: Arc<AtomicBool>,
    expire: Option<Duration>,
}

impl Origin {
    fn answer(&self) -> Response {
        if self.fails.load(Ordering::SeqCst) {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        match self.expire {
            Some(ttl) => (Expire(ttl), "page").into_response(),
            None => "page".into_response(),
        }
    }
}

const LONG: Policy = Policy::new()
    .expire(Duration::MAX)
    .stale_while_revalidate(Duration::MAX)
    .stale_if_error(Duration::MAX)
    .stale_if_slow(Duration::MAX)
    .not_found(Duration::MAX)
    .client_max_age(Duration::MAX)
    .max_body(usize::MAX)
    .public();

const SHORT: Policy = Policy::new()
    .expire(Duration::from_millis(1))
    .stale_while_revalidate(Duration::from_millis(1))
    .stale_if_error(Duration::from_millis(1))
    .stale_if_slow(Duration::from_millis(1))
    .not_found(Duration::from_millis(1))
    .client_max_age(Duration::ZERO)
    .max_body(0);

#[cache]
async fn plain(State(origin): State<Origin>) -> Response {
    origin.answer()
}

#[cache(policy = LONG)]
async fn long(State(origin): State<Origin>) -> Response {
    origin.answer()
}

#[cache(policy = SHORT)]
async fn short(State(origin): State<Origin>) -> Response {
    origin.answer()
}

async fn bare(State(origin): State<Origin>) -> Response {
    origin.answer()
}

/// Every kind of caching, with this policy for the layers and the values.
struct Site {
    app: App,
    bench: Bench,
    origin: Origin,
    policy: Policy,
}

const PATHS: [&str; 5] = ["/plain", "/long", "/short", "/layer", "/http"];

impl Site {
    fn new(bench: Bench, policy: Policy, expire: Option<Duration>) -> Self {
        let origin = Origin {
            expire,
            ..Origin::default()
        };
        let layer = || CacheLayer::new().policy(policy);
        let router = Router::new()
            .route("/plain", get(plain))
            .route("/long", get(long))
            .route("/short", get(short))
            .route("/layer", get(bare).layer(layer()))
            .route("/http", get(bare).layer(layer().http()))
            .with_state(origin.clone());
        Self {
            app: bench.app(router),
            bench,
            origin,
            policy,
        }
    }

    async fn ask(&self, about: &str) {
        for path in PATHS {
            let answer = self.app.get(path).await;
            let fails = self.origin.fails.load(Ordering::SeqCst);
            let is_right = match answer.status {
                StatusCode::OK => answer.text() == "page",
                // Where there is nothing to serve instead.
                StatusCode::INTERNAL_SERVER_ERROR => fails,
                _ => false,
            };
            assert!(is_right, "{about}, {path}: {} {:?}", answer.status, answer.body);
        }
        let key = ValueKey::<u32>::new("value", &());
        let fill = async || 7;
        let value = self.bench.cache.get_or_fill(&key, self.policy, fill).await;
        assert_eq!(value, 7, "{about}");
        // A TTL, size or time that is too small is an error, but not one of the key or the settings.
        if let Err(error) = self.bench.cache.set(&key, &7, self.policy).await {
            assert!(!error.is_key() && !error.is_settings(), "{about}: {error}");
        }
    }

    /// Fresh, stale, failing, and long after.
    async fn exercise(&self, about: &str) {
        for (fails, later) in [
            (false, Duration::ZERO),
            (false, Duration::ZERO),
            (false, Duration::from_millis(1)),
            (true, Duration::from_millis(1)),
            (true, Duration::from_secs(60)),
            (false, Duration::from_secs(400 * 24 * 60 * 60)),
        ] {
            self.bench.clock.advance(later);
            self.origin.fails.store(fails, Ordering::SeqCst);
            self.ask(about).await;
            self.bench.settled().await;
        }
        let stats = self.bench.cache.stats();
        assert!(
            !stats.total.not_stored.contains_key("store_if"),
            "{about}: nobody gave a `store_if`, {:?}",
            stats.total.not_stored
        );
    }
}

fn policies() -> Vec<(String, Policy)> {
    type Set = fn(Policy, Duration) -> Policy;
    let durations: [(&str, Set); 6] = [
        ("expire", |policy, end| policy.expire(end)),
        ("stale_while_revalidate", |policy, end| {
            policy.stale_while_revalidate(end)
        }),
        ("stale_if_error", |policy, end| policy.stale_if_error(end)),
        ("stale_if_slow", |policy, end| {
            policy.stale_if_error(end).stale_if_slow(end)
        }),
        ("not_found", |policy, end| policy.not_found(end)),
        ("client_max_age", |policy, end| {
            policy.client_max_age(end).public()
        }),
    ];
    let base = Policy::new().expire(Duration::from_secs(1));
    let mut all = vec![
        ("nothing".to_owned(), Policy::new()),
        ("long".to_owned(), LONG),
        ("short".to_owned(), SHORT),
    ];
    for (name, set) in durations {
        // Less than a millisecond is rejected when the policy is made.
        let ends = ENDS
            .into_iter()
            .filter(|end| end.as_millis() > 0 || name == "client_max_age");
        all.extend(ends.map(|end| (format!("{name} = {end:?}"), set(base, end))));
    }
    all.extend(COUNTS.map(|count| (format!("max_body = {count}"), base.max_body(count))));
    all
}

#[tokio::test]
async fn policies_hold_at_their_ends() {
    for (about, policy) in policies() {
        for bench in Bench::every().await {
            Site::new(bench, policy, None).exercise(&about).await;
        }
    }
}

#[tokio::test]
async fn ttls_of_responses_hold_at_their_limits() {
    for end in ENDS {
        for bench in Bench::every().await {
            let policy = Policy::new().expire(Duration::from_secs(1));
            Site::new(bench, policy, Some(end))
                .exercise(&format!("{end:?}"))
                .await;
        }
    }
}

type Setting = Box<dyn Fn(CacheBuilder) -> CacheBuilder>;

fn settings() -> Vec<(String, Setting)> {
    type Lasting = fn(CacheBuilder, Duration) -> CacheBuilder;
    type Counted = fn(CacheBuilder, usize) -> CacheBuilder;
    let durations: [(&str, Lasting); 5] = [
        ("default_expire", CacheBuilder::default_expire),
        ("coalesce_timeout", CacheBuilder::coalesce_timeout),
        ("failure_backoff", CacheBuilder::failure_backoff),
        ("abandoned_fill_timeout", CacheBuilder::abandoned_fill_timeout),
        ("client_max_age", |builder, end| builder.client_max_age(end)),
    ];
    let counts: [(&str, Counted); 6] = [
        ("memory_size", |builder, count| builder.memory_size(count as u64)),
        ("max_body", CacheBuilder::max_body),
        ("body_buffers", CacheBuilder::body_buffers),
        ("max_refreshes", CacheBuilder::max_refreshes),
        ("max_fills", CacheBuilder::max_fills),
        ("max_waiters", CacheBuilder::max_waiters),
    ];
    let mut all: Vec<(String, Setting)> = Vec::new();
    for (name, set) in durations {
        for end in ENDS {
            all.push((
                format!("{name} = {end:?}"),
                Box::new(move |builder| set(builder, end)),
            ));
        }
    }
    for (name, set) in counts {
        for count in COUNTS {
            all.push((
                format!("{name} = {count}"),
                Box::new(move |builder| set(builder, count)),
            ));
        }
    }
    for share in [
        0.0,
        f64::MIN_POSITIVE,
        1.0,
        f64::MAX,
        f64::NAN,
        f64::INFINITY,
        -1.0,
    ] {
        all.push((
            format!("jitter = {share}"),
            Box::new(move |builder| builder.jitter(share)),
        ));
        all.push((
            format!("early_refresh = {share}"),
            Box::new(move |builder| builder.early_refresh(share)),
        ));
    }
    all
}

/// An invalid setting is rejected, by name, when the cache is built; every other one works.
#[tokio::test]
async fn settings_hold_at_their_ends() {
    for (about, set) in settings() {
        let built = set(handler_cache::Cache::builder()).build().await;
        if let Err(error) = built {
            let name = about.split(' ').next().unwrap();
            assert!(
                error.is_settings() && error.to_string().contains(name),
                "{about}: {error}"
            );
            continue;
        }
        for bench in Bench::every_with(&set).await {
            let policy = Policy::new()
                .expire(Duration::from_secs(1))
                .stale_if_error(Duration::from_secs(60));
            Site::new(bench, policy, None).exercise(&about).await;
        }
    }
}

/// The store's budget by itself: with none left a store that answers in time is not asked for more.
#[tokio::test]
async fn store_budgets_hold_at_their_ends() {
    for end in ENDS {
        let Ok(_) = handler_cache::Cache::builder().store_budget(end).build().await else {
            assert!(end.is_zero());
            continue;
        };
        for bench in Bench::every_with(|builder| builder.store_budget(end)).await {
            Site::new(bench, Policy::new(), None)
                .exercise(&format!("{end:?}"))
                .await;
        }
    }
}
