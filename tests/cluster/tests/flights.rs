//! Coalescing of concurrent misses over several processes.

use std::{path::Path, time::Duration};

use cluster::{Client, Cluster, Manners, Plan, Response};
use futures_util::future::join_all;
use tokio::{task::block_in_place, time::Instant};

/// A new cluster whose handlers take this long.
async fn cluster(takes: Duration) -> Cluster {
    let plan = Plan {
        replicas: 3,
        seed: 1,
        manners: Manners {
            shortest: takes,
            longest: takes,
            slow: 0,
            fails: 0,
        },
        budget: Duration::from_secs(20),
    };
    Cluster::start(Path::new(env!("CARGO_BIN_EXE_replica")), plan).await
}

/// Concurrent requests for one page, in turn to each of these replicas.
async fn ask(cluster: &Cluster, requests: usize, replicas: &[usize]) -> Vec<Response> {
    let client = Client::new();
    let asked = (0..requests).map(|number| {
        let port = cluster.port(replicas[number % replicas.len()]);
        let client = client.clone();
        async move { client.get(port, "/plain/1").await.expect("it is answered") }
    });
    join_all(asked).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_a_thousand_requests_to_three_processes_run_the_handler_once() {
    rlimit::increase_nofile_limit(4096).expect("the limit on open files can be raised");
    let cluster = cluster(Duration::from_millis(500)).await;
    let responses = ask(&cluster, 1000, &[0, 1, 2]).await;
    assert!(responses.iter().all(|response| response.body == "0 0"));
    assert_eq!(cluster.runs().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_another_process_takes_over_when_the_leader_s_is_killed() {
    let mut cluster = cluster(Duration::from_secs(2)).await;
    let leader = tokio::spawn({
        let port = cluster.port(0);
        async move { Client::new().get(port, "/plain/1").await }
    });
    let begun = Instant::now();
    while cluster.runs().is_empty() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the handler does not run"
        );
        tokio::task::yield_now().await;
    }
    block_in_place(|| cluster.kill(0));
    let killed = Instant::now();
    leader
        .await
        .expect("the client does not panic")
        .expect_err("its server died");
    let responses = ask(&cluster, 20, &[1, 2]).await;
    assert!(responses.iter().all(|response| response.body == "1 0"));
    assert_eq!(cluster.runs().len(), 2, "one of the waiters ran the handler");
    // The lease's five seconds, then one fill; the rest is for a busy machine.
    assert!(killed.elapsed() < Duration::from_secs(15));
}
