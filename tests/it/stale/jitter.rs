//! Jitter of TTLs, and which settings are rejected.

use super::*;

#[tokio::test]
async fn jitter_shortens_ttls_and_clients_get_the_shortened_one() {
    let bench =
        Bench::memory_with(|builder| builder.jitter(0.5).client_max_age(ClientMaxAge::Remaining)).await;
    let origin = Origin::new();
    let app = bench.app(routes(&origin));
    origin.gate.let_through(50);
    let mut ttls = Vec::new();
    for id in 0..50 {
        let answer = app.get(&format!("/pages/{id}")).await;
        let max_age = answer
            .header("cache-control")
            .unwrap()
            .strip_prefix("private, max-age=")
            .unwrap();
        let ttl: u64 = max_age.parse().unwrap();
        assert!((15..=30).contains(&ttl), "{ttl}");
        ttls.push(ttl);
    }
    ttls.dedup();
    assert!(ttls.len() > 1, "ttls differ");
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
