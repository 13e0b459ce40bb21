//! Under every fault of Redis all requests are answered in time, and hits return after it.

use std::{path::Path, time::Duration};

use cluster::{
    Fault,
    load::{self, FAULTS},
};

/// In milliseconds: far more than a budget, far less than what a call takes that nothing bounds.
const BOUNDED: f64 = 900.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_no_request_fails_whatever_befalls_redis() {
    let program = Path::new(env!("CARGO_BIN_EXE_replica"));
    for fault in FAULTS {
        let measured = load::measure(program, fault, Duration::from_millis(1200)).await;
        println!("{measured}");
        assert!(measured.failed.is_empty(), "{:?}", measured.failed);
        // Otherwise the fault had no effect.
        assert!(measured.opened.is_some() || !fault.opens_the_breaker());
        assert!(measured.refused || fault != Fault::RedisFull);
        for added in [measured.while_closed, measured.while_open].into_iter().flatten() {
            assert!(added.p50 < BOUNDED, "{added:?}");
        }
    }
}
