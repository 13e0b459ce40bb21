//! Functions of the application: their values are found, filled and stored by the same rules as responses.

mod direct;

use std::{any::Any, convert::Infallible, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use super::CacheCore;
use crate::{
    clock::{Times, Timestamp},
    engine::{
        self, Failure, FillContext, NewEntry, Outcome, Produced, Protocol, RequestOptions, Run, Target,
        Uncached, UncachedRun,
    },
    entry::{Entry, Freshness, HeaderLines, storable_ttl},
    http::{RequestConstraints, freshness},
    key::{cache_key::CacheKey, handler::Handler},
    outcome::{CacheStatus, Forwarded, NotStoredReason},
    policy::Policy,
    store::HIT_FOR_MISS_TTL,
    sync::{Mutex, lock},
    telemetry::events,
    value,
};

/// A value whose type only the caller knows, so that the engine is compiled once for all of them.
type Erased = Box<dyn Any + Send>;

/// A request for a value.
type Request = engine::Request<Function>;

/// One request, as a function has it.
#[derive(Debug)]
pub(crate) struct Function {
    policy: Policy,
    decode: fn(&Entry) -> Option<Erased>,
    /// Whether a failure is of this function's error type.
    is_error: fn(&Failure) -> bool,
    /// The value that was decoded last, and the address of its entry.
    decoded: Mutex<Option<(usize, Erased)>>,
}

/// A function, ready to run once.
pub(crate) struct Origin {
    core: Arc<CacheCore>,
    policy: Policy,
    call: BoxFuture<'static, Returned>,
}

/// What a function returned.
enum Returned {
    Value {
        value: Erased,
        /// `None` if it cannot be stored.
        encoded: Option<Bytes>,
    },
    Error(Failure),
}

/// What a function returned, and what decides about it.
pub(crate) struct Received {
    core: Arc<CacheCore>,
    policy: Policy,
    returned: Returned,
}

/// The answer to a request for a value.
pub(crate) enum Answer {
    Value(Erased),
    Error(Failure),
    /// The runtime shut down.
    None,
}

impl CacheCore {
    /// The stored value, or else what `fill` returns, once for all concurrent requests.
    ///
    /// # Cancel safety
    /// As [`engine::Request::serve`].
    ///
    /// # Panics
    /// When the fill does, or its runtime shuts down during the fill.
    pub(crate) async fn value_or_fill<T, E, F, Fut>(
        self: &Arc<Self>,
        key: &CacheKey,
        policy: Policy,
        fill: F,
    ) -> Result<T, Arc<E>>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        E: Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let engine = &self.engine;
        let Ok((keyed, slot)) = self.slot(key) else {
            engine.counters.of(Handler::VALUES).bypasses.increment();
            return fill().await.map_err(Arc::new);
        };
        // Memory only: a remote store would be read twice on a miss.
        if engine.guard.is_memory()
            && let Some((entry, left)) = self.fresh(keyed, &slot).await
            && !engine.is_early(&entry, left)
            && let Some(value) = value::decode(&entry.body)
        {
            engine.counters.of(Handler::VALUES).hits.increment();
            return Ok(value);
        }
        let name = Arc::clone(&slot.key);
        let request = Request {
            engine: Arc::clone(engine),
            target: Target {
                handler: Handler::VALUES,
                resource: Arc::clone(&slot.key),
                slot,
            },
            options: RequestOptions {
                not_storable: None,
                only_if_cached: false,
                refresh: false,
                validates: false,
                coalesces: true,
                commits_first: false,
                stale_if_slow: policy.stale_if_slow,
            },
            began: Instant::now(),
            scope: None,
            protocol: Function {
                policy,
                decode: |entry| value::decode::<T>(&entry.body).map(|value| Box::new(value) as Erased),
                is_error: |failure| failure.is::<E>(),
                decoded: Mutex::default(),
            },
        };
        let origin = Origin {
            core: Arc::clone(self),
            policy,
            call: Box::pin(async move { returned(&name, fill().await) }),
        };
        let answer = serve(request, origin).await;
        answer
            .downcast()
            .expect("the runtime goes on while a value is filled")
    }
}

/// Not generic: the engine is compiled for functions here.
fn serve(request: Request, origin: Origin) -> BoxFuture<'static, Answer> {
    Box::pin(Box::new(request).serve(origin))
}

fn returned<T, E>(key: &str, result: Result<T, E>) -> Returned
where
    T: Serialize + DeserializeOwned + Send + 'static,
    E: Send + Sync + 'static,
{
    match result {
        Ok(value) => {
            let encoded = value::encode(&value);
            Returned::Value {
                encoded: encoded
                    .inspect_err(|error| events::failed_to_cache(key, error))
                    .ok(),
                value: Box::new(value),
            }
        }
        Err(error) => Returned::Error(Arc::new(error)),
    }
}

impl Answer {
    /// `None` when the runtime shut down.
    fn downcast<T: 'static, E: Send + Sync + 'static>(self) -> Option<Result<T, Arc<E>>> {
        match self {
            Self::Value(value) => value.downcast().ok().map(|value| Ok(*value)),
            Self::Error(error) => error.downcast().ok().map(Err),
            Self::None => None,
        }
    }
}

impl Function {
    fn decode(&self, entry: &Arc<Entry>) -> Option<Erased> {
        let decoded = lock(&self.decoded).take();
        match decoded {
            Some((address, value)) if address == Arc::as_ptr(entry).addr() => Some(value),
            _ => (self.decode)(entry),
        }
    }
}

impl Protocol for Function {
    type Answer = Answer;
    type Extra = Erased;
    type Origin = Origin;
    type Received = Received;
    type Rest = Infallible;

    /// An entry of another type, or of a release where the type had other fields, is not accepted.
    fn accepts(&self, entry: &Arc<Entry>) -> bool {
        let value = (self.decode)(entry);
        let accepted = value.is_some();
        *lock(&self.decoded) = value.map(|value| (Arc::as_ptr(entry).addr(), value));
        accepted
    }

    fn variant_key(&self, _: &Target, _: &Entry) -> Option<Arc<str>> {
        None
    }

    fn freshness(&self, entry: &Entry, now: Timestamp) -> Freshness {
        freshness(entry, &self.policy, &RequestConstraints::none(true), now)
    }

    fn is_fresh_for_others(&self, entry: &Entry, now: Timestamp) -> bool {
        matches!(self.freshness(entry, now), Freshness::Fresh { .. })
    }

    fn answer_entry(&self, _: &Target, entry: &Arc<Entry>, _: CacheStatus, _: Times) -> Answer {
        self.decode(entry).map_or(Answer::None, Answer::Value)
    }

    fn answer_own_entry(&self, _: &Target, _: &Arc<Entry>, value: Erased, _: Forwarded, _: Times) -> Answer {
        Answer::Value(value)
    }

    fn uncached(&self, answer: Answer, _: Forwarded, _: bool) -> Answer {
        answer
    }

    fn accepts_failure(&self, failure: &Failure) -> bool {
        (self.is_error)(failure)
    }

    fn answer_failure(&self, failure: &Failure) -> Option<Answer> {
        (self.is_error)(failure).then(|| Answer::Error(Arc::clone(failure)))
    }

    fn not_cached(&self) -> Answer {
        Answer::None
    }

    fn unavailable(&self) -> Answer {
        Answer::None
    }

    fn is_cached_within(_: &Answer) -> bool {
        false
    }

    async fn run(origin: Origin, _: Run) -> Received {
        let Origin { core, policy, call } = origin;
        Received {
            core,
            policy,
            returned: call.await,
        }
    }

    fn has_failed(received: &Received) -> bool {
        matches!(received.returned, Returned::Error(_))
    }

    fn judge(received: Received, fill: &FillContext) -> Produced<Self> {
        let ttl = received.ttl();
        match (received.returned, ttl) {
            (Returned::Error(error), _) => {
                fill.not_stored(NotStoredReason::Error);
                Produced::Failed {
                    answer: Answer::Error(Arc::clone(&error)),
                    // Where a stale value serves, the error answers nobody.
                    failure: (!fill.has_fallback).then_some(error),
                }
            }
            (
                Returned::Value {
                    value,
                    encoded: Some(body),
                },
                Ok(ttl),
            ) => Produced::Entry(new_entry(value, body, ttl, received.policy.stale_window(), fill)),
            (Returned::Value { value, .. }, ttl) => {
                fill.not_stored(ttl.err().unwrap_or(NotStoredReason::NoStorePart));
                Produced::Private {
                    answer: Some(Answer::Value(value)),
                    revalidated: false,
                    marker: fill.backoff().or(fill.hit_for_miss(HIT_FOR_MISS_TTL)),
                    outcome: Outcome::Unshared,
                }
            }
        }
    }

    async fn read(rest: Infallible, _: &FillContext) -> Produced<Self> {
        match rest {}
    }

    fn judge_uncached(received: Received, run: &UncachedRun<'_>) -> Uncached<Self> {
        let is_unstorable = received.ttl().is_err();
        let answer = match received.returned {
            Returned::Value { value, .. } => Answer::Value(value),
            Returned::Error(error) => Answer::Error(error),
        };
        Uncached {
            confirms_marker: (run.is_hit_for_miss && is_unstorable).then_some(HIT_FOR_MISS_TTL),
            answer,
            revalidated: false,
            outdates: None,
        }
    }
}

impl Received {
    /// How long the value may be stored, or why it may not.
    fn ttl(&self) -> Result<Duration, NotStoredReason> {
        let Returned::Value { encoded, .. } = &self.returned else {
            return Err(NotStoredReason::Error);
        };
        let length = encoded.as_ref().ok_or(NotStoredReason::NoStorePart)?.len();
        let ttl = storable_ttl(self.policy.ttl(self.core.settings.default_expire));
        let ttl = ttl.ok_or(NotStoredReason::NoTtl)?;
        match length > self.core.max_body(&self.policy) {
            true => Err(NotStoredReason::BodyLength),
            false => Ok(ttl),
        }
    }
}

fn new_entry(
    value: Erased,
    body: Bytes,
    ttl: Duration,
    stale: Duration,
    fill: &FillContext,
) -> NewEntry<Function> {
    let times = fill.engine.clock.times();
    let entry = Arc::new(Entry {
        fresh: fill.engine.jittered(ttl),
        stale,
        cost: times.now.since(fill.began),
        ..Entry::new(StatusCode::OK, HeaderLines::default(), body, times.now)
    });
    NewEntry {
        whole: Arc::clone(&entry),
        shared: entry,
        extra: value,
        times,
        revalidated: false,
        is_validated_each_time: false,
        replaces: None,
    }
}
