//! Whatever befalls Redis while requests come in: all are answered, and hits come back.

use std::{path::Path, time::Duration};

use cluster::load::{self, FAULTS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_no_request_fails_whatever_befalls_redis() {
    for fault in FAULTS {
        let length = Duration::from_millis(1200);
        let measured = load::measure(Path::new(env!("CARGO_BIN_EXE_replica")), fault, length).await;
        println!("{measured}");
        assert!(measured.failed.is_empty(), "{:?}", measured.failed);
    }
}
