//! A timeout that is not used up while the process is suspended.

use std::{future::Future, pin::pin, time::Duration};

use tokio::time::{Instant, timeout};

/// The output of `work`, or `None` after `limit`.
///
/// If far more time than `limit` has passed when the timer fires, the process was suspended or its thread was blocked. The
/// answer may have arrived without being polled, so `work` gets `limit` once more.
///
/// # Cancel safety
/// As safe as `work`.
pub(in crate::store) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let started = Instant::now();
    if let Ok(output) = timeout(limit, &mut work).await {
        return Some(output);
    }
    if started.elapsed() < limit * 2 {
        return None;
    }
    timeout(limit, work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    #[tokio::test(start_paused = true)]
    async fn answer_that_arrived_while_the_process_was_suspended_counts() {
        let (sender, answer) = tokio::sync::oneshot::channel();
        let call = tokio::spawn(within(LIMIT, answer));
        tokio::task::yield_now().await;
        // The timer fires before the answer arrives, and both are polled late.
        tokio::time::advance(LIMIT * 10).await;
        sender.send("an answer").expect("the receiver is alive");
        assert_eq!(
            call.await.expect("the task does not panic"),
            Some(Ok("an answer"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn missing_answer_times_out() {
        let started = Instant::now();
        assert_eq!(within(LIMIT, std::future::pending::<()>()).await, None);
        assert!(started.elapsed() < LIMIT * 2);
    }
}
