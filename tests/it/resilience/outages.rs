//! Outages of Redis fail no request.

use std::time::Duration;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use handler_cache::cache;
use tokio::time::{sleep, timeout};

use crate::{
    answers::assert_replays,
    support::{
        Options, RedisServer,
        app::{Answer, App, Bench, PATIENCE, Runs},
    },
};

#[cache(expire = "1h")]
async fn page(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

/// One handler on one Redis.
struct Shop {
    bench: Bench,
    app: App,
    runs: Runs,
}

impl Shop {
    async fn on(server: RedisServer) -> Self {
        let bench = Bench::on(server).await;
        let runs = Runs::default();
        let router = Router::new().route("/", get(page));
        let app = bench.app(router.with_state(runs.clone()));
        Self { bench, app, runs }
    }

    /// Where the page's entry is.
    fn key() -> String {
        format!("test:{}", page::key())
    }

    fn entry(&self) -> Option<Vec<u8>> {
        self.bench.server().get(&Self::key())
    }

    fn put(&self, record: &[u8]) {
        let key = Self::key();
        self.bench
            .server()
            .command([b"SET".as_slice(), key.as_bytes(), record]);
    }

    /// The handler answers, in good time, and says so.
    async fn answered_by_a_run(&self) -> Answer {
        let before = self.runs.total();
        let answer = timeout(PATIENCE, self.app.get("/")).await;
        let answer = answer.expect("the store holds no request up");
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.text(), format!("run {}", before + 1));
        assert_eq!(answer.x_cache(), Some("Miss"));
        assert_eq!(self.runs.total(), before + 1);
        answer
    }

    /// Repeats the request until it is a hit again; asserts that each one succeeds.
    async fn heals(&self) -> Answer {
        let asking = async {
            loop {
                let before = self.runs.total();
                let answer = self.app.get("/").await;
                assert_eq!(answer.status, StatusCode::OK);
                if answer.x_cache() == Some("Hit") {
                    assert_eq!(self.runs.total(), before);
                    return answer;
                }
                assert_eq!(answer.text(), format!("run {}", before + 1));
                sleep(Duration::from_millis(10)).await;
            }
        };
        let hit = timeout(PATIENCE, asking).await.expect("hits come back");
        self.bench.settled().await;
        let entry = self.entry().expect("the entry is in Redis");
        assert!(entry.ends_with(&hit.body));
        hit
    }

    /// The last run, which is in Redis because all earlier ones were lost.
    fn last_run(&self) -> String {
        format!("run {}", self.runs.total())
    }
}

/// Requests succeed from the first moment of the outage.
#[tokio::test]
async fn redis_dies_and_comes_back() {
    let mut shop = Shop::on(RedisServer::start()).await;
    let miss = shop.answered_by_a_run().await;
    shop.bench.settled().await;
    assert_replays(&shop.app.get("/").await, &miss);

    shop.bench.redis.as_mut().expect("it is on Redis").kill();
    // More than it takes to open the breaker.
    for _ in 0..12 {
        shop.answered_by_a_run().await;
    }
    shop.bench.redis.as_mut().expect("it is on Redis").restart();
    assert_eq!(shop.heals().await.text(), shop.last_run());
}

/// The cache is used as soon as Redis is there.
#[tokio::test]
async fn redis_is_down_at_start_and_comes_up_later() {
    let mut server = RedisServer::start();
    server.kill();
    let mut shop = Shop::on(server).await;
    for _ in 0..12 {
        shop.answered_by_a_run().await;
    }
    shop.bench.redis.as_mut().expect("it is on Redis").restart();
    assert_eq!(shop.heals().await.text(), shop.last_run());
}

/// An entry that cannot be decoded is a miss, and is replaced.
#[tokio::test]
async fn redis_entry_that_cannot_be_read_is_a_miss() {
    let shop = Shop::on(RedisServer::start()).await;
    shop.answered_by_a_run().await;
    shop.bench.settled().await;
    let whole = shop.entry().expect("it is stored");
    let truncated = (0..whole.len()).step_by(5).chain([whole.len() - 1]);
    let mut records: Vec<Vec<u8>> = truncated.map(|length| whole[..length].to_vec()).collect();
    records.push([&whole[..], b"!"].concat());
    records.push([b"!", &whole[1..]].concat());
    records.push(vec![0; whole.len()]);
    records.push(vec![0xff; whole.len()]);
    records.push(br#"{"detail":"run 1"}"#.to_vec());
    // What a pickle begins with.
    records.push(b"\x80\x04\x95".to_vec());
    for record in &records {
        shop.put(record);
        let miss = shop.answered_by_a_run().await;
        shop.bench.settled().await;
        let replaced = shop.entry().expect("it is replaced");
        assert!(replaced.starts_with(&whole[..5]) && replaced.ends_with(&miss.body));
        assert_replays(&shop.app.get("/").await, &miss);
    }

    // A record of another type.
    let server = shop.bench.server();
    server.command(["DEL", &Shop::key()]);
    server.command(["RPUSH", &Shop::key(), "run 1"]);
    let miss = shop.answered_by_a_run().await;
    shop.bench.settled().await;
    assert_replays(&shop.app.get("/").await, &miss);
}

/// While a deploy goes on, replicas of the old version leave the entries of the new one alone.
#[tokio::test]
async fn an_entry_of_a_newer_version_is_left_alone() {
    let shop = Shop::on(RedisServer::start()).await;
    shop.answered_by_a_run().await;
    shop.bench.settled().await;
    let mut newer = shop.entry().expect("it is stored");
    // The version of the wire format follows four bytes of magic.
    newer[4] += 1;
    shop.put(&newer);
    for _ in 0..3 {
        shop.answered_by_a_run().await;
        shop.bench.settled().await;
        assert_eq!(shop.entry().as_ref(), Some(&newer));
    }
}

/// No failure of the store fails a request: a full store …
#[tokio::test]
async fn full_redis_fails_no_request() {
    let options = Options::default().arguments(["--maxmemory", "1"]);
    let shop = Shop::on(RedisServer::with(options)).await;
    for _ in 0..8 {
        shop.answered_by_a_run().await;
    }
    assert_eq!(shop.entry(), None);
    assert_eq!(shop.bench.cache.stats().rejected.entries, 8);
    shop.bench.server().command(["CONFIG", "SET", "maxmemory", "0"]);
    let miss = shop.answered_by_a_run().await;
    assert_replays(&shop.app.get("/").await, &miss);
}

/// … or has become a replica …
#[tokio::test]
async fn a_read_only_store_fails_no_request() {
    let shop = Shop::on(RedisServer::start()).await;
    let server = shop.bench.server();
    // Of itself, which gives it nothing.
    server.command(["REPLICAOF", "127.0.0.1", &server.port().to_string()]);
    for _ in 0..8 {
        shop.answered_by_a_run().await;
    }
    server.command(["REPLICAOF", "NO", "ONE"]);
    assert_eq!(shop.heals().await.text(), shop.last_run());
}

/// … or does not answer at all.
#[tokio::test]
async fn a_silent_store_fails_no_request() {
    let shop = Shop::on(RedisServer::start()).await;
    let miss = shop.answered_by_a_run().await;
    shop.bench.settled().await;
    assert_replays(&shop.app.get("/").await, &miss);
    shop.bench.server().freeze();
    for _ in 0..12 {
        shop.answered_by_a_run().await;
    }
    shop.bench.server().thaw();
    assert_eq!(shop.heals().await.text(), "run 1", "Redis still has it");
}
