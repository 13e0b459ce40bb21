//! Passes a body on while it is read; the store and the waiters get it once it has ended.

use std::{future::pending, pin::pin, time::Duration};

use axum::response::Response;
use bytes::Bytes;
use futures_util::future::{Either, select};
use tokio::time;

use super::{
    Http,
    body::{self, GivenUp, Partial, Tee},
    judged::Judged,
};
use crate::{
    engine::{FillContext, Outcome, Produced, abandoned},
    http::{matches_content_length, response_parts::StoreOptions},
};

/// Waiters fill for themselves once a body of unknown length has taken a quarter of the time that they may wait, or
/// this long.
const RELEASE_DIVISOR: u32 = 4;
const LONGEST_RELEASE: Duration = Duration::from_secs(5);

/// A body of unknown length that has not ended after this time counts as endless.
const ENDLESS_AFTER: Duration = Duration::from_secs(10);

/// The rest of a response, whose client has part of it already.
pub(crate) struct Streaming {
    judged: Judged,
    tee: Tee,
    exact: Option<u64>,
}

impl Streaming {
    /// Streams also without a lease: the waiters share the response.
    pub(super) fn begin(judged: Judged, partial: Partial, exact: Option<u64>) -> Produced<Http> {
        let rules = &judged.rules;
        let (body, tee) = body::tee(partial, exact, rules.max_body(), &rules.core.buffers);
        let mut answer = Response::from_parts(judged.parts.clone(), body);
        answer.extensions_mut().remove::<StoreOptions>();
        Produced::Streaming {
            answer,
            is_bounded: exact.is_some(),
            rest: Box::new(Self { judged, tee, exact }),
        }
    }

    pub(super) async fn read(mut self, fill: &FillContext) -> Produced<Http> {
        let why = match self.read_body(fill).await {
            Ok(body) if self.is_whole(&body) => return self.deliver(body, fill),
            Ok(body) => {
                self.tee.client.finish(&body);
                GivenUp::Broken
            }
            Err(why) => why,
        };
        Produced::Private {
            answer: None,
            revalidated: self.judged.revalidated,
            marker: self.judged.given_up(why, fill),
            outcome: match why {
                GivenUp::Broken => Outcome::Failed(None),
                _ => Outcome::Unshared,
            },
        }
    }

    fn deliver(self, body: Bytes, fill: &FillContext) -> Produced<Http> {
        let Self { judged, tee, .. } = self;
        let produced = judged.deliver(body.clone(), fill);
        // The client reads what it has not taken from the entry, so that the chunks are freed.
        tee.client.finish(match &produced {
            Produced::Entry(new) => &new.whole.body,
            _ => &body,
        });
        produced
    }

    /// Whether the body has the length that it announced.
    fn is_whole(&self, body: &Bytes) -> bool {
        let length = body.len() as u64;
        let headers = &self.judged.parts.headers;
        self.exact.is_none_or(|exact| exact == length) && matches_content_length(headers, length)
    }

    /// Reads the body for as long as the store or a waiter has a use for it.
    async fn read_body(&mut self, fill: &FillContext) -> Result<Bytes, GivenUp> {
        let settings = &fill.engine.settings;
        let lease_ended = async {
            fill.lease_ended().await;
            GivenUp::TooSlow
        };
        let client_left = self.tee.client.left();
        let abandoned = async {
            // Without a lease only the waiters have a use for it.
            let limit = match fill.has_lease() {
                true => settings.abandoned_fill_timeout,
                false => Duration::ZERO,
            };
            abandoned(client_left, fill, limit).await;
            GivenUp::Abandoned
        };
        let exact = self.exact;
        let endless = async {
            if exact.is_some() {
                return pending().await;
            }
            let release = (settings.coalesce_timeout / RELEASE_DIVISOR).min(LONGEST_RELEASE);
            time::sleep(release).await;
            fill.stop_coalescing();
            if !fill.has_lease() {
                return GivenUp::Endless;
            }
            time::sleep(ENDLESS_AFTER.saturating_sub(release)).await;
            GivenUp::Endless
        };
        let stop = race(lease_ended, race(abandoned, endless));
        self.tee.read(stop, || fill.has_waiters()).await
    }
}

/// The output of whichever completes first.
async fn race<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    match select(pin!(one), pin!(other)).await {
        Either::Left((output, _)) | Either::Right((output, _)) => output,
    }
}
