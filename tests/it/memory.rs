//! Memory is bounded by `memory_size`, and records in Redis by their TTLs.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderName, StatusCode},
    routing::get,
};
use futures_util::stream;
use handler_cache::cache;

use crate::support::app::Bench;

#[cache(expire = 30)]
async fn unknown(Path(id): Path<u32>) -> Result<String, StatusCode> {
    let _ = id;
    Err(StatusCode::NOT_FOUND)
}

#[tokio::test]
async fn p6_requests_for_unknown_ids_leave_nothing_in_redis_for_more_than_two_minutes() {
    let bench = Bench::redis_with(|builder| builder.version("7")).await;
    let app = bench.app(Router::new().route("/{id}", get(unknown)));
    for id in 0..20 {
        app.get(&format!("/{id}")).await;
    }
    bench.settled().await;
    let keys: Vec<String> = redis::from_redis_value(bench.server().command(["KEYS", "*id=*"])).unwrap();
    assert!(keys.len() <= 3 * 20, "{} records for 20 requests", keys.len());
    for key in keys {
        // A record that ended meanwhile is fine, one without an end is not.
        let left = bench.server().pttl(&key);
        assert!(
            (0..=120_000).contains(&left) || left == -2,
            "{key} expires in {left} ms"
        );
    }
}

/// This many lines of one header, and a body.
#[cache(expire = 30)]
async fn lines(Path(count): Path<u32>) -> (HeaderMap, &'static str) {
    let mut headers = HeaderMap::new();
    for number in 0..count {
        headers.append("x-line", number.into());
    }
    (headers, "body")
}

#[tokio::test]
async fn p1_response_with_any_number_of_header_lines_is_answered_also_on_redis() {
    let (memory, redis) = (Bench::memory().await, Bench::redis().await);
    // Entries that could not be read again are not stored.
    for (bench, most) in [(memory, 40_000), (redis, 4_000)] {
        let app = bench.app(Router::new().route("/{count}", get(lines)));
        for count in [4_000, 40_000] {
            for asked in 0..4 {
                let answer = app.get(&format!("/{count}")).await;
                let expected = if asked > 0 && count <= most { "Hit" } else { "Miss" };
                assert_eq!(answer.x_cache(), Some(expected), "{count} lines");
                assert_eq!(answer.text(), "body");
                let lines = answer.headers.get_all("x-line").iter();
                assert!(
                    lines
                        .map(|line| line.to_str().unwrap().parse::<u32>().unwrap())
                        .eq(0..count)
                );
                bench.settled().await;
            }
        }
    }
}

/// This many header names, and a body.
#[cache(expire = 30)]
async fn names(Path((status, count)): Path<(u16, u32)>) -> (StatusCode, HeaderMap, Body) {
    let mut headers = HeaderMap::new();
    for number in 0..count {
        let name = HeaderName::try_from(format!("x-{number}")).expect("it is a name");
        headers.insert(name, number.into());
    }
    let body = match count {
        ..24_000 => Body::from("body"),
        // Without a length, for which axum would add one more name, and panic itself.
        _ => Body::from_stream(stream::iter([Ok::<_, Infallible>("body")])),
    };
    let status = StatusCode::from_u16(status).expect("it is a status");
    (status, headers, body)
}

#[tokio::test]
async fn p1_response_with_any_number_of_header_names_is_answered() {
    for bench in Bench::every().await {
        let app = bench.app(Router::new().route("/{status}/{count}", get(names)));
        for count in [1, 4_095, 4_097, 23_999, 24_575, 24_576] {
            for status in [200, 500] {
                for _ in 0..2 {
                    let answer = app.get(&format!("/{status}/{count}")).await;
                    assert_eq!(answer.status, status, "{count} names");
                    assert_eq!(answer.text(), "body");
                    let own = answer
                        .headers
                        .keys()
                        .filter(|name| name.as_str().starts_with("x-"));
                    assert_eq!(own.filter(|name| *name != "x-cache").count(), count);
                    bench.settled().await;
                }
            }
        }
        let counts = bench.cache.stats().total;
        // For each of the four largest counts: both failures, and the first 200, whose hit-for-miss marker is found by the next.
        assert_eq!(
            counts.not_stored.get("header names"),
            Some(&(8 + 4)),
            "{counts:?}"
        );
    }
}

#[cfg(target_os = "linux")]
mod resident {
    use axum::{
        Router,
        body::Body,
        extract::Path,
        http::{HeaderValue, Request, StatusCode},
        routing::get,
    };
    use handler_cache::{Cache, cache};
    use tower::ServiceExt;

    use crate::support::{
        alone::{self, resident},
        app::App,
    };

    const MIB: u64 = 1024 * 1024;

    /// A cache that may hold this much, asked in a process of its own.
    #[tokio::main(flavor = "current_thread")]
    async fn with_cache(size: u64, router: Router, used: impl AsyncFnOnce(App)) {
        let cache = Cache::builder()
            .memory_size(size)
            .build()
            .await
            .expect("the settings are good");
        used(App(router.layer(cache.attach()))).await;
    }

    #[cache(expire = 60)]
    async fn unknown(Path(id): Path<String>) -> StatusCode {
        let _ = id;
        StatusCode::NOT_FOUND
    }

    #[test]
    fn p6_requests_for_unknown_ids_take_no_memory() {
        if alone::task().is_none() {
            let test = "p6_requests_for_unknown_ids_take_no_memory";
            alone::run(module_path!(), test, "measure");
            return;
        }
        let router = Router::new().route("/{id}", get(unknown));
        with_cache(MIB, router, async |app| {
            let pad = "x".repeat(400);
            for id in 0..1000 {
                app.get(&format!("/{pad}{id}")).await;
            }
            let before = resident();
            for id in 0..30_000 {
                app.get(&format!("/{pad}-{id}")).await;
            }
            let grown = resident().saturating_sub(before);
            assert!(grown < 7 * MIB, "30000 unknown ids took {} KiB", grown / 1024);
        });
    }

    #[cache(expire = 3600, vary = ["accept-language"])]
    async fn small(Path(id): Path<String>) -> &'static str {
        let _ = id;
        "x"
    }

    #[test]
    fn p6_memory_size_bounds_memory_however_small_the_entries() {
        if alone::task().is_none() {
            let test = "p6_memory_size_bounds_memory_however_small_the_entries";
            alone::run(module_path!(), test, "measure");
            return;
        }
        let size = 4 * MIB;
        let router = Router::new().route("/{id}", get(small));
        with_cache(size, router, async |app| {
            let pad = "x".repeat(140);
            app.get("/first").await;
            let before = resident();
            for id in 0..25_000 {
                app.get(&format!("/{pad}-{id}")).await;
            }
            let grown = resident().saturating_sub(before);
            let most = size * 3 / 2 + 2 * MIB;
            assert!(grown < most, "{} KiB are held where 4 MiB may be", grown / 1024);
        });
    }

    #[test]
    fn p6_threads_keep_no_room_for_a_giant_key() {
        if alone::task().is_none() {
            let test = "p6_threads_keep_no_room_for_a_giant_key";
            alone::run(module_path!(), test, "measure");
            return;
        }
        let router = Router::new().route("/{id}", get(small));
        with_cache(MIB, router, async |app| {
            let before = resident();
            // Escaped in the key, each byte takes more.
            let giant = HeaderValue::from_bytes(&vec![b'%'; 30_000_000]).unwrap();
            let request = Request::get("/1").header("accept-language", giant);
            let response = app.0.oneshot(request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.unwrap().status(), StatusCode::OK);
            let grown = resident().saturating_sub(before);
            assert!(grown < 60 * MIB, "a thread keeps {} KiB", grown / 1024);
        });
    }
}

/// Sends a message when it is dropped.
struct Watched(Vec<u8>, Arc<AtomicBool>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
    }
}

type Freed = Arc<AtomicBool>;

/// A slice of a large buffer.
#[cache(expire = 30)]
async fn slice(Path(length): Path<usize>, State(freed): State<Freed>) -> Bytes {
    Bytes::from_owner(Watched(vec![b'x'; 1024 * 1024], freed)).slice(..length)
}

#[tokio::test]
async fn p6_an_entry_does_not_keep_the_handlers_buffer() {
    let bench = Bench::memory().await;
    for length in [1, 4096, 4097, 64 * 1024] {
        let freed = Freed::default();
        let app = bench.app(
            Router::new()
                .route("/slices/{length}", get(slice))
                .with_state(freed.clone()),
        );
        let path = format!("/slices/{length}");
        drop(app.get(&path).await);
        assert_eq!(app.get(&path).await.x_cache(), Some("Hit"));
        assert!(
            freed.load(Ordering::SeqCst),
            "{length} bytes keep all of their buffer"
        );
    }
}
