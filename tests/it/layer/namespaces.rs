//! Which layers share entries: a layer is one namespace, and two layers are two.

use axum::{Router, extract::State, routing::get};
use handler_cache::layer::CacheLayer;

use super::{
    MINUTE,
    support::app::{App, Bench, Runs},
};

/// A service that answers every path with its own text.
fn service(text: &'static str) -> Router {
    let page = move |State(runs): State<Runs>| async move { format!("{text}, run {}", runs.increment()) };
    Router::new().fallback(get(page)).with_state(Runs::default())
}

fn apps<const N: usize>(bench: &Bench, layers: [CacheLayer; N]) -> [App; N] {
    let texts = ["the admin's secret report", "the public report", "a third report"];
    let mut texts = texts.iter().cycle();
    layers.map(|layer| bench.app(service(texts.next().expect("there is always one")).layer(layer)))
}

/// The page of each service, asked for twice.
async fn reports<const N: usize>(bench: &Bench, apps: &[App; N]) -> Vec<String> {
    let mut texts = Vec::new();
    for app in apps.iter().chain(apps) {
        let answer = app.get_with("/report", [("host", "example.org")]).await;
        bench.settled().await;
        let x_cache = answer.x_cache().unwrap_or("none");
        texts.push(format!("{x_cache}: {}", answer.text()));
    }
    texts
}

/// One place in the source that makes several layers, as a helper or a loop.
fn made_at_one_place() -> CacheLayer {
    CacheLayer::new().expire(MINUTE)
}

#[tokio::test]
async fn p2_layers_around_different_services_do_not_share() {
    for bench in Bench::every().await {
        for layers in [
            [CacheLayer::new(), CacheLayer::new()],
            [CacheLayer::default(), CacheLayer::default()],
            [
                CacheLayer::with_cache(&bench.cache),
                CacheLayer::with_cache(&bench.cache),
            ],
            [made_at_one_place(), made_at_one_place()],
            [CacheLayer::new().name("admin"), CacheLayer::new().name("public")],
            [
                CacheLayer::new().http().expire(MINUTE),
                CacheLayer::new().http().expire(MINUTE),
            ],
        ] {
            assert_eq!(
                reports(&bench, &apps(&bench, layers)).await,
                [
                    "Miss: the admin's secret report, run 1",
                    "Miss: the public report, run 1",
                    "Hit: the admin's secret report, run 1",
                    "Hit: the public report, run 1",
                ]
            );
            bench.cache.clear().await.unwrap();
        }
    }
}

/// axum may call a layer several times: a layer has one identity, not one for each call.
#[tokio::test]
async fn clones_and_layers_of_one_name_share() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new();
        let name = |name| CacheLayer::new().name(name).expire(MINUTE);
        for layers in [
            [layer.clone(), layer.clone().expire(MINUTE), layer],
            [name("pages"), name("pages"), CacheLayer::new().name("pages")],
        ] {
            let texts = reports(&bench, &apps(&bench, layers)).await;
            assert_eq!(texts[0], "Miss: the admin's secret report, run 1");
            assert!(
                texts[1..]
                    .iter()
                    .all(|text| text == "Hit: the admin's secret report, run 1"),
                "{texts:?}"
            );
            bench.cache.clear().await.unwrap();
        }
    }
}

#[tokio::test]
async fn evictions_by_path_reach_every_layer() {
    for bench in Bench::every().await {
        let apps = apps(
            &bench,
            [CacheLayer::new(), CacheLayer::new().name("b"), CacheLayer::new()],
        );
        let is_evicted = async || {
            let texts = reports(&bench, &apps).await;
            texts[..3].iter().all(|text| text.starts_with("Miss"))
        };
        assert!(is_evicted().await);
        assert!(!is_evicted().await);
        bench.cache.evict_path("/report").await.unwrap();
        assert!(is_evicted().await);
        bench.cache.evict_prefix("/").await.unwrap();
        assert!(is_evicted().await);
    }
}

/// Replicas of one build and a process after its restart find each other's entries.
#[tokio::test]
async fn redis_keys_name_the_source_line_that_made_the_layer() {
    let bench = Bench::redis().await;
    let (layers, line) = ([CacheLayer::new(), CacheLayer::new().name("caf\u{e9}")], line!());
    reports(&bench, &apps(&bench, layers)).await;
    for layer in [
        format!("at=\"tests/it/layer/namespaces.rs:{line}:28\""),
        "layer=\"caf%C3%A9\"".to_owned(),
    ] {
        let key = format!("test:!({layer},host=some(\"example.org\"),path=\"/report\",query=[])");
        assert!(bench.server().exists(&key), "{key}");
    }
}
