//! A Redis server that rejects writes.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    handlers::counted::pages,
    support::{
        app::{Bench, PATIENCE, Runs},
        log::Log,
    },
};

/// A replica, or a former master: it answers reads and the probe.
#[tokio::test]
async fn p1_read_only_server_is_reconnected_once_and_its_entries_are_served() {
    let log = Log::default();
    let _logged = tracing::subscriber::set_default(log.subscriber());
    let bench = Bench::redis().await;
    let app = bench.app(pages(&Runs::default()));
    app.get("/pages/0").await;
    bench.settled().await;
    bench.server().command(["REPLICAOF", "127.0.0.1", "1"]);
    app.get("/pages/1").await;
    // The connection was given up, for a new one might lead to the master. It leads to the same server.
    let deadline = Instant::now() + PATIENCE;
    while app.get("/pages/0").await.x_cache() != Some("Hit") {
        assert!(Instant::now() < deadline, "what is there is not found again");
        sleep(Duration::from_millis(5)).await;
    }
    for id in 2..30 {
        assert_eq!(app.get(&format!("/pages/{id}")).await.status, 200);
        assert_eq!(
            app.get("/pages/0").await.x_cache(),
            Some("Hit"),
            "after page {id}"
        );
    }
    let text = log.text();
    assert!(text.matches("STORE_UNAVAILABLE").count() <= 1, "{text}");
}
