//! `prometheus` serves the metrics of its cache.

use super::{
    MEMORY,
    support::{RedisServer, example::Example},
};

fn scrape_shows_the_requests(url: &str) {
    let server = Example::start("prometheus", url);
    for x_cache in ["Miss", "Hit", "Hit"] {
        if x_cache == "Hit" {
            // Redis is written after the response.
            server.get_until("/squares/12", x_cache);
        } else {
            let answer = server.get("/squares/12");
            assert_eq!((answer.x_cache(), &*answer.body), (Some(x_cache), "144"));
        }
    }
    let handler = r#"cache="squares",handler="prometheus::square""#;
    // A hit may come from the fill itself, before its entry is stored.
    let stored = format!("handler_cache_stored_bytes_total{{{handler}}} 3");
    let scrape = server.get_until_it("/metrics", &stored, |answer| {
        answer.body.lines().any(|found| found == stored)
    });
    for line in [
        "# TYPE handler_cache_requests_total counter".to_owned(),
        format!(r#"handler_cache_requests_total{{{handler},result="hit"}} 2"#),
        format!(r#"handler_cache_requests_total{{{handler},result="miss"}} 1"#),
        "# TYPE handler_cache_fill_seconds histogram".to_owned(),
        format!(r#"handler_cache_fill_seconds_bucket{{{handler},le="0.1"}} 0"#),
        format!(r#"handler_cache_fill_seconds_count{{{handler}}} 1"#),
    ] {
        assert!(
            scrape.body.lines().any(|found| found == line),
            "{line}\n\n{}",
            scrape.body
        );
    }
}

#[test]
fn prometheus_on_memory() {
    scrape_shows_the_requests(MEMORY);
}

#[test]
fn prometheus_on_redis() {
    scrape_shows_the_requests(&RedisServer::start().url());
}
