//! Jitter of TTLs, and which settings are rejected.

use super::*;

#[tokio::test]
async fn jitter_shortens_ttls_and_clients_get_the_shortened_one() {
    let bench =
        Bench::memory_with(|builder| builder.jitter(0.5).client_max_age(ClientMaxAge::Remaining)).await;
    let origin = Origin::new();
    let app = bench.app(routes(&origin));
    origin.gate.let_through(50);
    let mut lives = Vec::new();
    for id in 0..50 {
        let answer = app.get(&format!("/pages/{id}")).await;
        let told = answer
            .header("cache-control")
            .unwrap()
            .strip_prefix("private, max-age=")
            .unwrap();
        let life: u64 = told.parse().unwrap();
        assert!((15..=30).contains(&life), "{life}");
        lives.push(life);
    }
    lives.dedup();
    assert!(lives.len() > 1, "lives differ");
}

#[tokio::test]
async fn settings_of_staleness_are_checked() {
    for builder in [
        Cache::builder().jitter(1.1),
        Cache::builder().jitter(f64::NAN),
        Cache::builder().early_refresh(-1.0),
        Cache::builder().early_refresh(f64::INFINITY),
    ] {
        assert!(builder.build().await.unwrap_err().is_settings());
    }
}
