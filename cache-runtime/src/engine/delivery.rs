//! Delivers what the handler answered: to the client of the leader as the body comes, to the waiters and the store once
//! the body is whole.

use std::{future::pending, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::response::Parts;
use http_body::SizeHint;
use tokio::time;

use super::{
    abandoned::{abandoned, race},
    body::{self, ClientSide, GivenUp, Partial, ReadNow, Tee},
    endless::ENDLESS_TTL,
    fill::{Fill, Reply, Unshared},
    renewal,
};
use crate::{
    engine::flight::{Failure, Outcome},
    entry::Entry,
    http::{self as rules, Ttl},
    outcome::NotStoredReason,
    store::Mark,
};

/// Waiters run for themselves once a body of unknown length has taken a quarter of the time that they may wait, and never
/// more than this.
const RELEASE_DIVISOR: u32 = 4;
const LONGEST_RELEASE: Duration = Duration::from_secs(5);

/// A body of unknown length that has not ended after this time counts as endless.
const ENDLESS_AFTER: Duration = Duration::from_secs(10);

/// What a body is read for.
enum Purpose {
    /// To be stored, and shared with waiters.
    Store(Ttl),
    /// To be shared with waiters: it is a failure that holds nothing private.
    Failure,
}

impl Fill {
    /// What is rarer than a whole body is boxed, so that a fill does not take its room.
    pub(super) async fn finish(&mut self, response: Response, size: SizeHint) {
        let (mut parts, body) = response.into_parts();
        if self.policy.http.is_some() {
            self.date(&mut parts);
        }
        if parts.extensions.get::<Unshared>().is_some() {
            self.not_stored(NotStoredReason::Unshared);
            let mark = self.failed().filter(|_| parts.status.is_server_error());
            return self.alone(Response::from_parts(parts, body), mark).await;
        }
        let purpose = match self.lifetime(&parts) {
            Some(lifetime) => Purpose::Store(lifetime),
            // Where a stale entry serves instead, nobody is answered with the failure.
            None if rules::is_shareable_failure(&parts) && !self.has_stale => Purpose::Failure,
            None => {
                let mark = self.mark(&parts);
                return self.alone(Response::from_parts(parts, body), mark).await;
            }
        };
        let (limit, exact) = (self.limit(), size.exact());
        let is_announced = exact.is_none_or(|exact| rules::matches_content_length(&parts.headers, exact));
        let never = match exact {
            _ if size.lower() > limit as u64 => Some(GivenUp::TooLong),
            Some(_) if !is_announced => Some(GivenUp::Broken),
            None if self.engine.endless.contains(&self.slot.key) => Some(GivenUp::Endless),
            _ => None,
        };
        if let Some(why) = never {
            let mark = self.given_up(&purpose, why);
            return self.alone(Response::from_parts(parts, body), mark).await;
        }
        let mut partial = match exact {
            Some(exact) => match body::read_now(body, exact, limit) {
                ReadNow::Whole(body) => return self.deliver(parts, body, purpose, None).await,
                ReadNow::Part(partial) => partial,
            },
            None => Partial::unread(body),
        };
        if !self.seat.may_detach() {
            // The client gets no response before this fill ends, and would wait for the whole body.
            partial.hand_over(GivenUp::NoTask);
        }
        Box::pin(self.stream(parts, partial, purpose, exact)).await;
    }

    /// Passes the body on as it comes; waiters get it when it has ended. Also without a lease, when nothing will be
    /// stored: waiters share this fill either way.
    async fn stream(&mut self, parts: Parts, partial: Partial, purpose: Purpose, exact: Option<u64>) {
        let (body, mut tee) = body::tee(partial, exact, self.limit(), &self.engine.buffers);
        let mut reply = Some(Reply::Response(Response::from_parts(parts.clone(), body)));
        // Whoever refreshes an entry is answered once it is stored.
        let is_answered_first = !self.stores_first || exact.is_none();
        if let Some(reply) = reply.take_if(|_| is_answered_first) {
            self.answer(reply);
        }
        let why = match self.read(&mut tee, exact).await {
            Ok(body) if is_whole(&parts, &body, exact) => {
                drop(reply);
                return self.deliver(parts, body, purpose, Some(&tee.client)).await;
            }
            Ok(body) => {
                tee.client.finish(&body);
                GivenUp::Broken
            }
            Err(why) => why,
        };
        let mark = self.given_up(&purpose, why);
        self.seat.tell(match why {
            GivenUp::Broken => Outcome::Failed(None),
            _ => Outcome::Alone,
        });
        if let Some(reply) = reply {
            self.answer(reply);
        }
        self.release(mark).await;
    }

    /// Reads the body for as long as that is worth something.
    async fn read(&self, tee: &mut Tee, exact: Option<u64>) -> Result<Bytes, GivenUp> {
        let settings = &self.engine.settings;
        let lease_ended = async {
            match &self.renewal {
                Some(renewal) => renewal.ended().await,
                None => time::sleep(renewal::LONGEST).await,
            }
            GivenUp::TooSlow
        };
        let client_left = tee.client.left();
        let abandoned = async {
            // Without a lease only waiters have a use for it.
            let limit = self
                .grant
                .map_or(Duration::ZERO, |_| settings.abandoned_fill_timeout);
            abandoned(client_left, &self.seat, limit).await;
            GivenUp::Abandoned
        };
        let endless = async {
            if exact.is_some() {
                return pending().await;
            }
            let release = (settings.coalesce_timeout / RELEASE_DIVISOR).min(LONGEST_RELEASE);
            time::sleep(release).await;
            self.seat.tell(Outcome::Alone);
            if self.grant.is_none() {
                // Only waiters had a use for it.
                return GivenUp::Endless;
            }
            time::sleep(ENDLESS_AFTER.saturating_sub(release)).await;
            GivenUp::Endless
        };
        let stop = race(lease_ended, race(abandoned, endless));
        tee.read(stop, || self.seat.is_waited_for()).await
    }

    /// Answers everyone with a whole body. `client`: has part of it already.
    async fn deliver(&mut self, parts: Parts, body: Bytes, purpose: Purpose, client: Option<&ClientSide>) {
        match purpose {
            Purpose::Store(lifetime) => self.share(parts, body, lifetime, client).await,
            Purpose::Failure => {
                if let Some(client) = client {
                    client.finish(&body);
                }
                let failure = self.failure(&parts, body.clone());
                let reply = Reply::Response(Response::from_parts(parts, Body::from(body)));
                let mark = self.failed();
                self.end(Some(Outcome::Failed(Some(failure))), reply, mark).await;
            }
        }
    }

    fn failure(&self, parts: &Parts, body: Bytes) -> Arc<Failure> {
        let headers = rules::stored_headers(parts.headers.clone(), true);
        Arc::new(Failure {
            entry: Entry::new(parts.status, headers, body, self.engine.clock.now()),
            cause: parts.extensions.get().cloned(),
        })
    }

    /// Counts a body that is not stored. Returns the mark that it leaves.
    fn given_up(&mut self, purpose: &Purpose, why: GivenUp) -> Option<Mark> {
        if let Purpose::Store(_) = purpose {
            self.not_stored(match why {
                GivenUp::TooLong => NotStoredReason::BodyLength,
                GivenUp::Broken | GivenUp::Trailers => NotStoredReason::BrokenBody,
                GivenUp::TooSlow | GivenUp::Endless => NotStoredReason::EndlessBody,
                GivenUp::BudgetSpent => NotStoredReason::BufferLimit,
                GivenUp::NoTask => NotStoredReason::Limit,
                GivenUp::Abandoned => NotStoredReason::Abandoned,
            });
        }
        match why {
            GivenUp::TooLong | GivenUp::Trailers | GivenUp::TooSlow => self.unfit(),
            GivenUp::Endless => {
                self.engine.endless.insert(&self.slot.key);
                self.pass_ttl = ENDLESS_TTL;
                self.unfit()
            }
            // It says nothing of the next one.
            GivenUp::Broken => self.failed(),
            GivenUp::BudgetSpent | GivenUp::NoTask | GivenUp::Abandoned => None,
        }
    }
}

/// Whether the body has the length that it announced.
fn is_whole(parts: &Parts, body: &Bytes, exact: Option<u64>) -> bool {
    let length = body.len() as u64;
    exact.is_none_or(|exact| exact == length) && rules::matches_content_length(&parts.headers, length)
}
