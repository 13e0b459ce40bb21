//! `visitors` caches one page for each user.

use super::{
    MEMORY,
    support::{RedisServer, example::Example},
};

fn users_see_only_their_own_pages(url: &str) {
    let server = Example::start("visitors", url);
    let ask = |path: &str, user: Option<&str>| {
        let login = user.map(|user| format!("authorization: Bearer {user}"));
        let headers: Vec<&str> = login.iter().map(String::as_str).collect();
        let answer = server.send("GET", path, &headers, "");
        assert_eq!(answer.header("vary"), Some("authorization"), "{}", answer.head);
        answer
    };
    for (path, user, x_cache, body) in [
        ("/", None, "Miss", "Welcome! Sign in to order.\n"),
        ("/", Some("alice"), "Miss", "Welcome back!\n"),
        ("/", Some("bob"), "Hit", "Welcome back!\n"),
        ("/", None, "Hit", "Welcome! Sign in to order.\n"),
        ("/prices", Some("bob"), "Miss", "Teapot: 24.50\n"),
        ("/prices", Some("carol"), "Hit", "Teapot: 24.50\n"),
        ("/prices", Some("alice"), "Miss", "Teapot: 19.99\n"),
        ("/prices", None, "Miss", "Sign in to see prices.\n"),
        (
            "/basket",
            Some("alice"),
            "Miss",
            "The basket of alice holds a teapot.\n",
        ),
        (
            "/basket",
            Some("bob"),
            "Miss",
            "The basket of bob holds a teapot.\n",
        ),
        (
            "/basket",
            Some("alice"),
            "Hit",
            "The basket of alice holds a teapot.\n",
        ),
        (
            "/basket",
            Some("bob"),
            "Hit",
            "The basket of bob holds a teapot.\n",
        ),
        ("/basket", None, "Miss", "Your basket is empty.\n"),
        ("/basket", None, "Hit", "Your basket is empty.\n"),
    ] {
        let answer = ask(path, user);
        assert_eq!(
            (answer.status, answer.x_cache(), &*answer.body),
            (200, Some(x_cache), body),
            "{path} {user:?}"
        );
        assert_eq!(
            answer.header("cache-control"),
            Some("private, no-cache"),
            "{path} {user:?}"
        );
    }
    for path in ["/", "/prices", "/basket"] {
        let refused = ask(path, Some("mallory"));
        assert_eq!((refused.status, &*refused.body), (401, ""), "{path} is cached");
    }
}

#[test]
fn visitors_on_memory() {
    users_see_only_their_own_pages(MEMORY);
}

#[test]
fn visitors_on_redis() {
    users_see_only_their_own_pages(&RedisServer::start().url());
}
