//! `router` caches handlers without attributes.

use super::{
    MEMORY,
    support::{RedisServer, example::Example},
};

const ALICE: &str = "authorization: Bearer alice";
const BOB: &str = "authorization: Bearer bob";

fn layer_does_what_it_says(url: &str) {
    let server = Example::start("router", url);
    let tagged = server.get("/products/1?utm_source=news");
    assert_eq!(
        (tagged.x_cache(), &*tagged.body),
        (Some("Miss"), "Product 1. Made by run 1.\n")
    );
    assert_eq!(tagged.header("cache-control"), Some("private, no-cache"));
    server.get_until("/products/1", "Hit");
    assert_eq!(server.get("/products/1").body, tagged.body);

    let all = server.get("/products");
    assert_eq!(
        (all.x_cache(), all.header("cache-control")),
        (Some("Miss"), Some("private, no-cache"))
    );
    server.get_until("/products", "Hit");

    assert_eq!(server.send("PUT", "/products/1", &[], "").status, 204);
    for path in ["/products/1", "/products"] {
        assert_eq!(server.get(path).x_cache(), Some("Miss"), "{path}");
        server.get_until(path, "Hit");
    }

    let basket = |login| server.send("GET", "/basket", &[login], "");
    for (login, user) in [(ALICE, "alice"), (BOB, "bob")] {
        let first = basket(login);
        assert_eq!(first.x_cache(), Some("Miss"));
        assert!(
            first.body.starts_with(&format!("The basket of {user}.")),
            "{}",
            first.body
        );
        assert!(
            first
                .header("cache-control")
                .is_some_and(|value| value.contains("private"))
        );
    }
    assert!(server.get("/basket").body.starts_with("The basket of nobody."));
    assert!(basket(ALICE).body.starts_with("The basket of alice."));
    assert_eq!(basket("authorization: Bearer mallory").status, 401);
    let hidden = server.send("GET", "/products", &["authorization: Bearer mallory"], "");
    assert_eq!(hidden.status, 401, "though the page is cached");

    let (first, second) = (server.get("/checkout"), server.get("/checkout"));
    assert_eq!((first.x_cache(), second.x_cache()), (None, None));
    assert_ne!(first.body, second.body);
}

#[test]
fn router_on_memory() {
    layer_does_what_it_says(MEMORY);
}

#[test]
fn router_on_redis() {
    layer_does_what_it_says(&RedisServer::start().url());
}
