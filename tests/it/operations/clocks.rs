//! Wall clocks that are wrong or step while the program runs.

use std::{
    env, fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::State,
    http::header,
    response::{AppendHeaders, IntoResponse},
    routing::get,
};
use handler_cache::{Cache, cache};
use httpdate::fmt_http_date;

use crate::{
    handlers::counted::{page, pages},
    support::{
        RedisServer,
        alone::full_name,
        app::{App, Bench, PATIENCE, Runs, START, eventually},
        link::Link,
    },
};

const TTL: Duration = Duration::from_secs(30);

/// The wall clock of the handler, in seconds since the Unix epoch.
#[derive(Clone)]
struct Wall(Arc<AtomicU64>);

impl Wall {
    fn new() -> Self {
        Self(Arc::new((START.as_millis() / 1000).into()))
    }

    /// Steps this clock and the cache's.
    fn step(&self, bench: &Bench, seconds: i64) {
        bench.clock.step_wall(seconds);
        let now = self.0.load(Ordering::SeqCst).saturating_add_signed(seconds);
        self.0.store(now, Ordering::SeqCst);
    }

    /// Advances all clocks.
    fn advance(&self, bench: &Bench, time: Duration) {
        bench.clock.advance(time);
        self.0.fetch_add(time.as_secs(), Ordering::SeqCst);
    }
}

fn dated(now: SystemTime) -> impl IntoResponse {
    AppendHeaders([
        (header::DATE, fmt_http_date(now)),
        (header::EXPIRES, fmt_http_date(now + TTL)),
    ])
}

#[cache(expire = "1 day", name = "clocks::manual")]
async fn by_manual_clock(State(Wall(now)): State<Wall>) -> impl IntoResponse {
    dated(SystemTime::UNIX_EPOCH + Duration::from_secs(now.load(Ordering::SeqCst)))
}

#[tokio::test]
async fn dated_responses_keep_their_ttl_when_the_wall_clock_steps() {
    for bench in Bench::every().await {
        let wall = Wall::new();
        let router = Router::new().route("/", get(by_manual_clock));
        let app = bench.app(router.with_state(wall.clone()));
        // Right, eight hours ahead, five hours ahead, a day behind.
        for seconds in [0, 8 * 3600, -3 * 3600, -29 * 3600] {
            wall.step(&bench, seconds);
            assert_eq!(app.get("/").await.x_cache(), Some("Miss"), "after {seconds} s");
            bench.settled().await;
            // While it is stored, another step changes nothing.
            wall.step(&bench, 600);
            wall.advance(&bench, TTL - Duration::from_secs(1));
            assert_eq!(app.get("/").await.x_cache(), Some("Hit"), "after {seconds} s");
            wall.step(&bench, -600);
            wall.advance(&bench, Duration::from_secs(2));
        }
    }
}

/// A process whose clock libfaketime reads from a file, anew each time.
const FAKED: &str = "FAKETIME_TIMESTAMP_FILE";

#[cache(expire = "1 day", name = "clocks::machine")]
async fn by_machine_clock() -> impl IntoResponse {
    dated(SystemTime::now())
}

/// Runs itself again in a process whose wall clock is a day off, and steps.
#[cfg(target_os = "linux")]
#[test]
fn dated_responses_keep_their_ttl_when_the_wall_clock_steps_under_faketime() {
    if let Some(file) = env::var_os(FAKED) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.expect("it starts").block_on(under_faketime(&file));
    }
    let library = Command::new("faketime")
        .args(["-f", "+0", "printenv", "LD_PRELOAD"])
        .output();
    let library = library
        .expect("`faketime` runs; install it: `apt-get install faketime`")
        .stdout;
    let file = env::temp_dir().join(format!("hc-faketime-{}", std::process::id()));
    fs::write(&file, "-1d").expect("the folder for temporary files is writable");
    let child = Command::new(env::current_exe().expect("the test knows where it is"))
        .args(["--exact", "--nocapture"])
        .arg(full_name(
            module_path!(),
            "dated_responses_keep_their_ttl_when_the_wall_clock_steps_under_faketime",
        ))
        .env("LD_PRELOAD", String::from_utf8(library).expect("a path").trim())
        .env(FAKED, &file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .output()
        .expect("it runs again");
    fs::remove_file(&file).expect("it was written");
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && output.contains("1 passed"),
        "{output}{}",
        String::from_utf8_lossy(&child.stderr)
    );
}

async fn under_faketime(file: &std::ffi::OsStr) {
    // It began a day behind.
    let real = SystemTime::now() + Duration::from_secs(24 * 3600);
    let cache = Cache::builder()
        .prefix("test")
        .url("memory://")
        .build()
        .await
        .expect("the cache is well");
    let app = App(Router::new()
        .route("/", get(by_machine_clock))
        .layer(cache.attach()));
    for (offset, hours) in [("-1d", -24), ("+8h", 8), ("-3h", -3), ("+0", 0)] {
        fs::write(file, offset).expect("the cache is well");
        let ahead = Duration::from_secs(i64::unsigned_abs(hours) * 3600);
        let expected = if hours < 0 { real - ahead } else { real + ahead };
        let apart = SystemTime::now()
            .duration_since(expected)
            .unwrap_or_else(|early| early.duration());
        assert!(apart < Duration::from_secs(60), "{offset}: the clock is faked");

        cache.clear().await.expect("the cache is well");
        assert_eq!(app.get("/").await.x_cache(), Some("Miss"), "{offset}");
        assert_eq!(app.get("/").await.x_cache(), Some("Hit"), "{offset}");
        let left = cache
            .ttl(by_machine_clock::key())
            .await
            .expect("the cache is well");
        assert!(!left.is_zero() && left <= TTL, "{offset}: {left:?}");
    }
}

/// As after a failover to a server whose clock is another.
#[tokio::test]
async fn entries_survive_no_step_of_the_redis_clock_and_new_ones_live_as_long_as_ever() {
    let server = RedisServer::start();
    let link = Link::to(&server).start().await;
    let builder = Cache::builder().prefix("test").url(link.url());
    let cache = builder.store_budget(PATIENCE).build().await.unwrap();
    let app = App(pages(&Runs::default()).layer(cache.attach()));
    app.get("/pages/1").await;
    eventually("it is not stored", async || {
        server.exists("test:it::handlers::counted::page(id=1)")
    })
    .await;
    assert_eq!(app.get("/pages/1").await.x_cache(), Some("Hit"));
    for hours in [-8, 0, 8, -24] {
        link.steps_to(hours * 3600);
        // From the next probe on.
        let expired = async || app.get("/pages/1").await.x_cache() == Some("Miss");
        eventually("an entry of another time is fresh", expired).await;
        eventually("nothing is stored any more", async || {
            app.get("/pages/1").await.x_cache() == Some("Hit")
        })
        .await;
        let left = cache.ttl(page::key(axum::extract::Path(1))).await.unwrap();
        assert!(left <= Duration::from_secs(60), "{hours} h: {left:?}");
    }
}
