//! One contract, every store.

mod support;

use std::sync::Arc;

use handler_cache::store::{
    RedisStore, Store,
    contract::{self, Time},
};
use support::{Options, RedisServer};

async fn keeps_the_contract(url: &str) {
    let open = || -> Arc<dyn Store> { Arc::new(RedisStore::open(url).expect("the URL is good")) };
    contract::verify(open, Time::Real).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let server = RedisServer::start();
    keeps_the_contract(&server.url()).await;
}

#[tokio::test]
async fn redis_keeps_the_contract_with_a_password_and_another_database() {
    let server = RedisServer::with(Options::default().password("pa55:word"));
    keeps_the_contract(&server.database(3)).await;
    assert_eq!(
        server.command(["DBSIZE"]),
        redis::Value::Int(0),
        "database 0 was not touched"
    );
}

#[tokio::test]
async fn redis_keeps_the_contract_over_a_socket() {
    let server = RedisServer::with(Options::default().password("pa55word"));
    keeps_the_contract(&server.socket_url()).await;
}
