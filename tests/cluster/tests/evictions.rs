//! An eviction sends the same number of commands however many entries it removes.

use cluster::evictions::Bench;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evictions_of_many_entries_send_no_more_commands_than_those_of_few() {
    let mut bench = Bench::start().await.expect("there is no other cache");
    let mut commands = Vec::new();
    for entries in [10, 1000] {
        let measured = bench.measure(entries).await.expect("Redis is well");
        println!("{measured}");
        commands.push(measured.commands());
    }
    // The tag epoch is evicted before the tag, so that is two.
    assert_eq!(commands, [[1, 2, 1]; 2]);
}
