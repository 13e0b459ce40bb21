//! Targets of `#[cache_evict]`.

use std::marker::PhantomData;

use axum::{
    Json, Router,
    extract::{Path, Query},
    http::Method,
    routing::{get, put as on_put},
};
use handler_cache::{Tags, cache, cache_evict};

use super::{
    LISTS, PAGE_1, PAGE_2, Page, Shop, list, page, put, shop,
    support::app::{App, Bench},
    warm,
};

mod archive {
    use super::*;

    #[cache(expire = "1h", vary = ["accept-language"])]
    pub(super) async fn article(
        Path((section, slug)): Path<(String, String)>,
        Query(Page { number }): Query<Page>,
    ) -> String {
        format!("{section}/{slug} {number}")
    }
}

#[derive(Debug, serde::Deserialize, serde::Serialize)]
struct Move {
    from: String,
    pages: Vec<u32>,
}

/// Arguments computed from the body.
#[cache_evict(
    archive::article(Path((from.to_lowercase(), slug)), Query(Page { number: pages[0] + 1 })),
    archive::article(Path((from, String::from("index"))), Query(Page { number })),
    page(Path(pages.iter().copied().max().unwrap_or(*number))),
)]
async fn relocate(
    Path((slug, number)): Path<(String, u32)>,
    Json(Move { from, mut pages }): Json<Move>,
) -> Json<Move> {
    pages.push(number);
    let owned: String = slug;
    Json(Move {
        from: from + &owned,
        pages,
    })
}

#[tokio::test]
async fn arguments_are_expressions_over_values_of_the_body() {
    const GONE: [&str; 3] = [
        "/articles/news/tea?number=8",
        "/articles/NEWS/index?number=5",
        "/pages/9",
    ];
    const KEPT: [&str; 4] = [
        "/articles/news/tea?number=7",
        "/articles/NEWS/tea?number=8",
        "/articles/NEWS/index?number=6",
        "/pages/7",
    ];
    for bench in Bench::every().await {
        let routes = Router::new()
            .route("/articles/{section}/{slug}", get(archive::article))
            .route("/moves/{slug}/{number}", on_put(relocate));
        let app = shop(&bench, &Shop::new(), routes);
        warm(&bench, &app, GONE).await;
        warm(&bench, &app, KEPT).await;
        let json = [("content-type", "application/json")];
        let answer = app
            .send(
                Method::PUT,
                "/moves/tea/5",
                json,
                r#"{"from":"NEWS","pages":[7,9]}"#,
            )
            .await;
        assert_eq!(answer.text(), r#"{"from":"NEWStea","pages":[7,9,5]}"#);
        for path in GONE {
            assert_eq!(app.get(path).await.x_cache(), Some("Miss"), "{path}");
        }
        for path in KEPT {
            assert_eq!(app.get(path).await.x_cache(), Some("Hit"), "{path}");
        }
    }
}

trait Named: Send {
    const NAME: &'static str;
}

struct Tea;
struct Coffee;

impl Named for Tea {
    const NAME: &'static str = "tea";
}

impl Named for Coffee {
    const NAME: &'static str = "coffee";
}

#[cache(expire = "1h")]
async fn cup<N: Named>(Path(id): Path<u32>) -> String {
    format!("{} {id}", N::NAME)
}

#[cache_evict(cup::<N>(Path(id)))]
async fn drink<N: Named>(Path(id): Path<u32>) -> String {
    format!("{} {id}", N::NAME)
}

#[cache_evict(cup::<N>(..))]
async fn wash<N: Named>() {}

#[tokio::test]
async fn instances_of_a_generic_handler_are_evicted_one_by_one() {
    let bench = Bench::memory().await;
    let routes = Router::new()
        .route("/tea/{id}", get(cup::<Tea>).put(drink::<Tea>))
        .route("/coffee/{id}", get(cup::<Coffee>))
        .route("/wash", on_put(wash::<Coffee>));
    let app = shop(&bench, &Shop::new(), routes);
    let cups = ["/tea/1", "/tea/2", "/coffee/1", "/coffee/2"];
    warm(&bench, &app, cups).await;
    put(&app, "/tea/1").await;
    assert_verdicts(&app, &cups, ["Miss", "Hit", "Hit", "Hit"]).await;
    put(&app, "/wash").await;
    assert_verdicts(&app, &cups, ["Hit", "Hit", "Miss", "Miss"]).await;
}

async fn assert_verdicts<const N: usize>(app: &App, paths: &[&str; N], x_caches: [&str; N]) {
    for (path, x_cache) in paths.iter().zip(x_caches) {
        assert_eq!(app.get(path).await.x_cache(), Some(x_cache), "{path}");
    }
}

#[cache(expire = "1h", tags = [format!("owner:{owner}")])]
async fn pet(Path((owner, name)): Path<(String, String)>) -> String {
    format!("{name} of {owner}")
}

/// Names its tag in the response.
#[cache(expire = "1h")]
async fn owner(Path(owner): Path<String>) -> (Tags<[String; 1]>, String) {
    (Tags([format!("owner:{owner}")]), owner)
}

#[cache_evict(tag = format!("owner:{owner}"), tag = other, page(Path(1)))]
async fn move_out(Path((owner, other)): Path<(String, String)>) -> String {
    owner + &other
}

#[tokio::test]
async fn tags_are_evicted_whoever_named_them() {
    for bench in Bench::every().await {
        let routes = Router::new()
            .route("/pets/{owner}/{name}", get(pet))
            .route("/owners/{owner}", get(owner))
            .route("/moves/{owner}/{other}", on_put(move_out));
        let app = shop(&bench, &Shop::new(), routes);
        let paths = [
            "/pets/ann/rex",
            "/pets/bob/rex",
            "/owners/ann",
            "/owners/bob",
            PAGE_1,
            PAGE_2,
        ];
        warm(&bench, &app, paths).await;
        assert_eq!(put(&app, "/moves/ann/unknown").await.text(), "annunknown");
        assert_verdicts(&app, &paths, ["Miss", "Hit", "Miss", "Hit", "Miss", "Hit"]).await;
        bench.settled().await;
        put(&app, "/moves/unknown/owner:bob").await;
        assert_verdicts(&app, &paths, ["Hit", "Miss", "Hit", "Miss", "Miss", "Hit"]).await;
    }
}

/// An associated one, in a generic `impl`.
struct Desk<N>(PhantomData<N>);

impl<N: Named + 'static> Desk<N> {
    #[cache_evict(page(Path(Self::number(*id))), associated)]
    async fn close(Path(id): Path<u32>) -> String {
        format!("{} {}", N::NAME, Self::number(id))
    }

    fn number(id: u32) -> u32 {
        id / 10
    }
}

/// What a `macro_rules!` passes on is grouped.
macro_rules! evicting {
    ($name:ident, $target:path, $argument:expr) => {
        #[cache_evict($target($argument), list(..))]
        async fn $name() {}
    };
}

evicting!(from_macro, page, Path(2));

#[tokio::test]
async fn handlers_of_every_kind_evict() {
    let bench = Bench::memory().await;
    let routes = Router::new()
        .route("/desks/{id}", on_put(Desk::<Tea>::close))
        .route("/from-macro", on_put(from_macro));
    let app = shop(&bench, &Shop::new(), routes);
    warm(&bench, &app, [PAGE_1, PAGE_2, LISTS[0]]).await;
    assert_eq!(put(&app, "/desks/10").await.text(), "tea 1");
    assert_verdicts(&app, &[PAGE_1, PAGE_2, LISTS[0]], ["Miss", "Hit", "Hit"]).await;
    put(&app, "/from-macro").await;
    assert_verdicts(&app, &[PAGE_1, PAGE_2, LISTS[0]], ["Hit", "Miss", "Miss"]).await;
}
