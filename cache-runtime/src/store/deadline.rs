//! A time limit that a stopped process does not use up.

use std::{future::Future, pin::pin, time::Duration};

use tokio::time::{Instant, timeout};

/// The output of `work`, unless it takes longer than `limit`.
///
/// When far more time has passed than that, the process was stopped, or its thread was busy: then the answer may have come
/// meanwhile, and nobody has looked. So it gets the time once more.
pub(super) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let began = Instant::now();
    if let Ok(output) = timeout(limit, &mut work).await {
        return Some(output);
    }
    if began.elapsed() < limit * 2 {
        return None;
    }
    timeout(limit, work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_came_while_the_process_was_stopped_is_heard() {
        let (sender, answer) = tokio::sync::oneshot::channel();
        let asked = tokio::spawn(within(LIMIT, answer));
        tokio::task::yield_now().await;
        // The timer is over before the answer is there, and both are looked at late.
        tokio::time::advance(LIMIT * 10).await;
        sender.send("an answer").expect("it is waited for");
        assert_eq!(asked.await.expect("it does not panic"), Some(Ok("an answer")));
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_ends_the_wait_in_time() {
        let began = Instant::now();
        assert_eq!(within(LIMIT, std::future::pending::<()>()).await, None);
        assert!(began.elapsed() < LIMIT * 2);
    }
}
