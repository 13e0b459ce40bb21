//! The example as its users run it: a process of its own, asked over HTTP, on memory and on a Redis that fails.

mod support;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use support::RedisServer;

/// Far beyond what anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running quickstart, ended with the test.
struct Quickstart {
    process: Child,
    address: String,
    /// Kept open: the example prints more than its first line.
    _stdout: BufReader<ChildStdout>,
}

/// A response, as text.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn verdict(&self) -> Option<&str> {
        self.header("x-cache")
    }
}

impl Quickstart {
    fn start(cache_url: &str) -> Self {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--example", "quickstart"])
            .status();
        assert!(built.expect("cargo runs").success(), "the example builds");
        let tests = std::env::current_exe().expect("the test knows where it is");
        let target = tests
            .ancestors()
            .nth(2)
            .expect("tests stand in target/debug/deps");
        let mut process = Command::new(target.join("examples/quickstart"))
            .env("CACHE_URL", cache_url)
            .env("PORT", "0")
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("it says where it listens");
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once(','));
        let address = address.expect("it prints its URL").0.to_owned();
        Self {
            process,
            address,
            _stdout: stdout,
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a time-out can be set");
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        for header in headers {
            request += &format!("{header}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("the response comes");
        let (head, body) = response.split_once("\r\n\r\n").expect("a response has a head");
        Answer {
            status: head[9..12].parse().expect("a status is a number"),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Asks until the answer is as it should be; every answer on the way is a 200.
    fn get_until(&self, path: &str, verdict: &str) {
        let begun = Instant::now();
        loop {
            let answer = self.get(path);
            assert_eq!(answer.status, 200, "{}", answer.head);
            if answer.verdict() == Some(verdict) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} does not come to a {verdict}");
        }
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the issue and the README show, on any store.
fn tour(server: &Quickstart) {
    let miss = server.get("/products/1");
    assert_eq!((miss.status, miss.verdict()), (200, Some("Miss")));
    let hit = server.get("/products/1");
    assert_eq!((hit.status, hit.verdict()), (200, Some("Hit")));
    assert_eq!(hit.body, miss.body);
    assert_eq!(hit.header("content-type"), Some("application/json"));

    let etag = hit.header("etag").expect("a hit has an ETag");
    let not_modified = server.send("GET", "/products/1", &[&format!("if-none-match: {etag}")], "");
    assert_eq!((not_modified.status, &*not_modified.body), (304, ""));

    let past = server.send("GET", "/products/1", &["cache-control: no-cache"], "");
    assert_eq!(past.status, 200);
    for name in ["x-cache", "etag", "cache-control", "expires"] {
        assert_eq!(past.header(name), None, "{name}");
    }

    server.get_until("/products?page=1", "Hit");
    let product = r#"{"id":1,"name":"Teapot","price_cents":1999}"#;
    let put = server.send("PUT", "/products/1", &["content-type: application/json"], product);
    assert_eq!((put.status, &*put.body), (200, product));
    let changed = server.get("/products/1");
    assert_eq!((changed.verdict(), &*changed.body), (Some("Miss"), product));
    assert!(
        server.get("/products?page=1").body.contains("1999"),
        "the list has the new price, too"
    );

    for _ in 0..2 {
        assert_eq!(server.get("/products/99").status, 404);
        assert_eq!(server.get("/scoreboard/2019-02-29").status, 400);
        assert_eq!(server.get("/me").status, 401);
        for user in ["alice", "bob"] {
            let page = server.send("GET", "/me", &[&format!("authorization: Bearer {user}")], "");
            assert_eq!(page.body, format!("Hello, {user}!\n"));
        }
    }
    assert_eq!(server.get("/scoreboard/2019-05-09").verdict(), Some("Miss"));
    assert_eq!(server.get("/scoreboard/2019-05-09").verdict(), Some("Hit"));
    assert_eq!(server.get("/countries").verdict(), Some("Miss"));
    assert_eq!(server.get("/countries").verdict(), Some("Hit"));
}

#[test]
fn quickstart_on_memory() {
    tour(&Quickstart::start("memory://"));
}

#[test]
fn quickstart_on_redis_keeps_its_entries_over_a_restart() {
    let redis = RedisServer::start();
    let server = Quickstart::start(&redis.url());
    tour(&server);
    let key = "shop:quickstart::get_product(id=1)";
    assert!(
        (1..=30_000).contains(&redis.pttl(key)),
        "the key can be read, and its time runs out"
    );
    assert!(!redis.exists("shop:quickstart::get_product(id=99)"));
    drop(server);
    let again = Quickstart::start(&redis.url());
    assert_eq!(again.get("/countries").verdict(), Some("Hit"));
}

#[test]
fn p1_quickstart_serves_while_redis_is_killed_frozen_or_not_there_yet() {
    let mut redis = RedisServer::start();
    let url = redis.url();
    redis.kill();
    let server = Quickstart::start(&url);
    assert_eq!(server.get("/products/2").verdict(), Some("Miss"), "not there yet");

    redis.restart();
    server.get_until("/products/2", "Hit");

    redis.kill();
    for _ in 0..10 {
        let answer = server.get("/products/2");
        assert_eq!((answer.status, answer.verdict()), (200, Some("Miss")), "killed");
    }
    redis.restart();
    server.get_until("/products/2", "Hit");

    redis.freeze();
    for _ in 0..10 {
        let answer = server.get("/products/2");
        assert_eq!((answer.status, answer.verdict()), (200, Some("Miss")), "frozen");
    }
    redis.thaw();
    server.get_until("/products/2", "Hit");
}

#[test]
fn unusable_settings_are_said_clearly_and_without_the_password() {
    drop(Quickstart::start("memory://"));
    let tests = std::env::current_exe().expect("the test knows where it is");
    let quickstart = tests
        .ancestors()
        .nth(2)
        .expect("tests stand in target/debug/deps")
        .join("examples/quickstart");
    for (url, expected) in [
        ("mysql://root:hunter2@db", "known schemes"),
        ("redis://user:hunter2@host:port", "port"),
        ("rediss://:hunter2@host", "TLS"),
    ] {
        let output = Command::new(&quickstart)
            .env("CACHE_URL", url)
            .output()
            .expect("the example runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success());
        assert!(said.contains(expected), "{url}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
