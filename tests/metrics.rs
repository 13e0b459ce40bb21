//! The statistics of a cache as a metrics recorder gets them, with bounded labels.

mod support;

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use handler_cache::{ValueKey, cache};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use support::app::{Bench, Runs, eventually};

#[cache(expire = 60, stale_while_revalidate = 60, name = "page")]
async fn page(Path(id): Path<u64>, State(runs): State<Runs>) -> impl IntoResponse {
    runs.increment();
    match id {
        0 => StatusCode::BAD_GATEWAY.into_response(),
        1 => ([(header::SET_COOKIE, "a=b")], "yours").into_response(),
        _ => "page".into_response(),
    }
}

/// Lines without comments, histograms and zeros, sorted.
fn lines(recorder: &PrometheusHandle) -> Vec<String> {
    let text = recorder.render();
    let lines = text.lines().filter(|line| {
        !line.is_empty() && !line.starts_with('#') && !line.contains("_seconds") && !line.ends_with(" 0")
    });
    let mut lines: Vec<_> = lines.map(|line| line.replace("handler_cache_", "")).collect();
    lines.sort();
    lines
}

/// One process has one recorder, so this is one test.
#[tokio::test]
async fn recorder_gets_what_stats_shows() {
    let recorder = PrometheusBuilder::new().install_recorder().unwrap();
    let bench = Bench::redis().await;
    let app = bench.app(
        Router::new()
            .route("/{id}", get(page))
            .with_state(Runs::default()),
    );
    for path in ["/0", "/1", "/2", "/2", "/2"] {
        app.get(path).await;
        bench.settled().await;
    }
    app.get_with("/2", [("cache-control", "no-cache")]).await;
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(app.get("/2").await.x_cache(), Some("Stale"));
    eventually("it is not renewed", async || {
        bench.cache.stats().handlers["page"].stored == 2
    })
    .await;
    bench.cache.evict(page::key(Path(2))).await.unwrap();
    bench.cache.evict_tag("nothing").await.unwrap();
    let key = ValueKey::<u8>::new("it", &());
    bench.cache.set(&key, &1, Duration::from_secs(60)).await.unwrap();
    bench.cache.get(&key).await;
    assert_eq!(
        lines(&recorder),
        [
            r#"evictions_total{cache="test",handler="*"} 1"#,
            r#"evictions_total{cache="test",handler="page"} 1"#,
            r#"failed_fills_total{cache="test",handler="page"} 1"#,
            r#"not_stored_total{cache="test",handler="page",reason="set-cookie"} 1"#,
            r#"not_stored_total{cache="test",handler="page",reason="status"} 1"#,
            r#"requests_total{cache="test",handler="$",result="hit"} 1"#,
            r#"requests_total{cache="test",handler="page",result="bypass"} 1"#,
            r#"requests_total{cache="test",handler="page",result="hit"} 2"#,
            r#"requests_total{cache="test",handler="page",result="miss"} 3"#,
            r#"requests_total{cache="test",handler="page",result="stale"} 1"#,
            r#"stored_bytes_total{cache="test",handler="$"} 1"#,
            r#"stored_bytes_total{cache="test",handler="page"} 8"#,
            r#"stored_total{cache="test",handler="$"} 1"#,
            r#"stored_total{cache="test",handler="page"} 2"#,
        ]
    );
    let text = recorder.render();
    for line in [
        "# TYPE handler_cache_requests_total counter",
        "# HELP handler_cache_requests_total Requests by result: hit, stale, miss or bypass",
        r#"handler_cache_fill_seconds_count{cache="test",handler="page"} 4"#,
        // Neither memory hits nor bypassed requests.
        r#"handler_cache_store_seconds_count{cache="test",handler="page"} 6"#,
        r#"handler_cache_store_unavailable{cache="test"} 0"#,
        r#"handler_cache_evictions_retrying{cache="test"} 0"#,
        r#"handler_cache_rejected_total{cache="test",limit="fills"} 0"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n\n{text}");
    }

    bench.server().command(["ACL", "SETUSER", "default", "-unlink"]);
    bench.cache.evict(page::key(Path(2))).await.unwrap_err();
    let retrying = r#"evictions_retrying{cache="test"} 2"#;
    assert!(
        lines(&recorder).contains(&retrying.to_owned()),
        "{:?}",
        lines(&recorder)
    );
    drop(bench.redis);
    let unavailable = r#"store_unavailable{cache="test"} 1"#.to_owned();
    eventually("the breaker does not open", async || {
        lines(&recorder).contains(&unavailable)
    })
    .await;
}

/// The metrics of memory are recorded when it is swept, each 10 s.
#[tokio::test(start_paused = true)]
async fn memory_metrics_show_its_size() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let bench = Bench::memory().await;
    assert_eq!(bench.cache.stats().memory.map(|memory| memory.entries), Some(0));
    for number in 0..3 {
        let key = ValueKey::<u8>::new("it", &number);
        bench.cache.set(&key, &1, Duration::from_secs(60)).await.unwrap();
    }
    let memory = bench.cache.stats().memory.unwrap();
    assert_eq!(memory.entries, 3);
    assert!((1000..4000).contains(&memory.bytes), "{memory:?}");
    tokio::time::sleep(Duration::from_secs(11)).await;
    let recorded = lines(&handle);
    for line in [
        r#"memory_entries{cache="test"} 3"#.to_owned(),
        format!(r#"memory_bytes{{cache="test"}} {}"#, memory.bytes),
    ] {
        assert!(recorded.contains(&line), "{line} is not among {recorded:?}");
    }
}
