//! A process that is suspended between requests, as serverless platforms do.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use handler_cache::Cache;
use tokio::net::TcpListener;

use crate::{
    handlers::counted::pages,
    support::{
        RedisServer,
        alone::full_name,
        app::{PATIENCE, Runs},
        server::signal,
    },
};

/// The environment variable with the Redis URL of the process, which runs this test again.
const REDIS: &str = "HC_FROZEN_REDIS";

async fn serve(redis: String) {
    let builder = Cache::builder().prefix("test").url(redis).store_budget(PATIENCE);
    let cache = builder.commit_before_response(true).build().await;
    let router = pages(&Runs::default()).layer(cache.expect("the settings are good").attach());
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there is a free port");
    eprintln!("port {}", listener.local_addr().expect("it is bound").port());
    axum::serve(listener, router)
        .await
        .expect("it serves until it is killed");
}

/// A suspended process, killed when this value is dropped.
struct Function {
    process: Child,
    port: u16,
}

impl Function {
    fn start(redis: &RedisServer) -> Self {
        let mut process = Command::new(env::current_exe().expect("the test knows where it is"))
            .args(["--exact", "--nocapture"])
            .arg(full_name(
                module_path!(),
                "p4_process_suspended_after_each_response_has_stored_it_in_redis",
            ))
            .env(REDIS, redis.url())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it runs again");
        let lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("port ")?.parse().ok());
        let port = port.expect("it says where it listens");
        signal(&process, "-STOP");
        Self { process, port }
    }

    /// Resumes the process for one request.
    fn ask(&self, path: &str) -> String {
        signal(&self.process, "-CONT");
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"
        )
        .expect("it is asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        signal(&self.process, "-STOP");
        answer.to_lowercase()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // An error means that the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn p4_process_suspended_after_each_response_has_stored_it_in_redis() {
    if let Ok(redis) = env::var(REDIS) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.expect("it starts").block_on(serve(redis));
    }
    let redis = RedisServer::start();
    let function = Function::start(&redis);
    for id in 0..16 {
        assert!(function.ask(&format!("/pages/{id}")).contains("x-cache: miss"));
        assert!(
            redis.exists(&format!("test:it::handlers::counted::page(id={id})")),
            "page {id}"
        );
    }
    for id in 0..16 {
        assert!(
            function.ask(&format!("/pages/{id}")).contains("x-cache: hit"),
            "page {id}"
        );
    }
}
