//! What the application keeps itself: values that are found, filled and stored by the same rules as responses.
//!
//! A fill passes through the engine as a handler does: what it made is the body of a response, and the value itself stays with
//! who had it made.

use std::{future::Future, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use http::{Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use super::{BoxedRun, Engine, Request, serve::Accepts};
use crate::{
    engine::flight::Cause,
    entry::{Entry, HeaderLines},
    error::Error,
    http::{
        self as rules, Freshness, HandlerError, RequestConstraints, request_head::RequestHead,
        response::CacheHeaders, response_parts::StoreOptions,
    },
    key::{
        KeyError,
        cache_key::{CacheKey, Keyed},
        handler::Handler,
    },
    outcome::{CacheStatus, Forwarded},
    policy::Policy,
    store::{Budget, Lookup, ReadOutcome, Slot, StoreError, Token, WriteRequest},
    sync::{Mutex, lock},
    telemetry::events,
    value,
};

/// Something that one of several takes.
type Shared<T> = Arc<Mutex<Option<T>>>;

impl Engine {
    /// The value, if it is there and fresh.
    pub(crate) async fn value<T: Serialize + DeserializeOwned>(&self, key: &CacheKey) -> Option<T> {
        let counters = self.counters.of(Handler::VALUES);
        let Ok((keyed, slot)) = self.slot(key) else {
            counters.bypasses.increment();
            return None;
        };
        let found = self.fresh(keyed, &slot).await;
        let value = found.and_then(|(entry, _)| value::decode(&entry.body));
        counters.answered(match value {
            Some(_) => CacheStatus::Hit,
            None => CacheStatus::Forwarded(Forwarded::STORED_MISS),
        });
        value
    }

    /// How long the key's entry stays fresh, a value or a response.
    pub(crate) async fn ttl(&self, key: &CacheKey) -> Option<Duration> {
        let (keyed, slot) = self.slot(key).ok()?;
        let found = self.fresh(keyed, &slot).await;
        found.map(|(_, left)| left)
    }

    /// The entry, and how long it stays fresh.
    async fn fresh(&self, keyed: &Keyed, slot: &Slot) -> Option<(Arc<Entry>, Duration)> {
        if self.overdue.concerns(slot) {
            return None;
        }
        let budget = &mut Budget::default();
        let read = self.guard.call(budget, self.guard.store().read(slot)).await;
        let Lookup::Entry(entry) = read.ok()?.lookup else {
            return None;
        };
        if self.overdue.concerns_own(&entry) || !(keyed.accepts)(&entry) {
            return None;
        }
        match rules::freshness(
            &entry,
            keyed.policy,
            &RequestConstraints::none(false),
            self.clock.now(),
        ) {
            Freshness::Fresh { remaining: left } => Some((entry, left)),
            _ => None,
        }
    }

    /// What a key of the application's says, and its slot; of a handler's variants that of requests without headers.
    pub(super) fn slot<'k>(&self, key: &'k CacheKey) -> Result<(&'k Keyed, Slot), KeyError> {
        let found = key.keyed.as_ref().map_err(Clone::clone).and_then(|keyed| {
            let method = rules::representative_method(keyed.policy.methods);
            let slot = self.names.slot_of(key, &RequestHead::plain(method))?;
            Ok((keyed, slot))
        });
        found.inspect_err(|error| events::no_key(&key.name, error))
    }

    /// The value that is there, or else what `fill` makes of it, once for all that ask together.
    ///
    /// # Cancel safety
    /// As [`Request::serve`].
    ///
    /// # Panics
    /// When the fill does, or its runtime shuts down and takes it along.
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
        let Ok((keyed, slot)) = self.slot(key) else {
            self.counters.of(Handler::VALUES).bypasses.increment();
            return fill().await.map_err(Arc::new);
        };
        // Memory takes no waiting, so what is there is not looked at twice.
        if self.guard.is_memory()
            && let Some((entry, left)) = self.fresh(keyed, &slot).await
            && !self.is_early(&entry, left)
            && let Some(value) = value::decode(&entry.body)
        {
            self.counters.of(Handler::VALUES).hits.increment();
            return Ok(value);
        }
        // What was read last, or what the fill has made.
        let found: Shared<T> = Arc::default();
        let (accepted, made) = (Arc::clone(&found), Arc::clone(&found));
        let accepts = move |entry: &Entry| {
            let value = value::decode(&entry.body);
            let is_one = value.is_some();
            if is_one {
                *lock(&accepted) = value;
            }
            is_one
        };
        let request = Request {
            engine: Arc::clone(self),
            handler: Handler::VALUES,
            policy,
            request: RequestHead::plain(Method::GET),
            constraints: RequestConstraints::none(true),
            cache_headers: CacheHeaders::new(&policy, None, false),
            resource: Arc::clone(&slot.key),
            slot,
            accepts: Accepts::only(accepts),
            coalesces: true,
            began: Instant::now(),
            scope: None,
        };
        let name = Arc::clone(&request.slot.key);
        // Still there when this request was answered with somebody else's run.
        let fill: Shared<F> = Arc::new(Mutex::new(Some(fill)));
        let taken = Arc::clone(&fill);
        let run: BoxedRun = Box::new(move |_| {
            Box::pin(async move {
                let fill = lock(&taken).take();
                match fill {
                    Some(fill) => response(&name, fill().await, &made),
                    None => Response::new(Body::empty()),
                }
            })
        });
        let mut response = Box::new(request).serve_boxed(run).await;
        if response.status() == StatusCode::OK
            && let Some(value) = lock(&found).take()
        {
            return Ok(value);
        }
        if let Some(Cause(cause)) = response.extensions_mut().remove()
            && let Ok(error) = cause.downcast()
        {
            return Err(error);
        }
        // Somebody else's error is of another type, so that this one makes its own.
        let fill = lock(&fill).take();
        let fill = fill.expect("the runtime goes on while a value is made");
        fill().await.map_err(Arc::new)
    }

    /// Stores the value, whatever is there and whoever is about to fill it.
    ///
    /// # Cancel safety
    /// Cancelled, it is stored or not.
    pub(crate) async fn put_value<T: Serialize + DeserializeOwned>(
        &self,
        key: &CacheKey,
        policy: &Policy,
        value: &T,
    ) -> Result<(), Error> {
        let (_, slot) = self.slot(key).map_err(Error::key)?;
        let life = rules::storable_ttl(policy.ttl(self.settings.default_expire));
        let life = life.ok_or_else(|| Error::value("its life is below a millisecond"))?;
        let body = value::encode(value).map_err(Error::value)?;
        let limit = policy.max_body.unwrap_or(self.settings.max_body);
        if body.len() > limit {
            let length = body.len();
            return Err(Error::value(format!(
                "it takes {length} bytes, and `max_body` allows {limit}"
            )));
        }
        let entry = Entry {
            fresh: self.jittered(life),
            stale: policy.stale_window(),
            ..Entry::new(StatusCode::OK, HeaderLines::default(), body, self.clock.now())
        };
        let stored = self.put(&slot, &Arc::new(entry)).await;
        stored.map_err(|error| Error::not_stored(&error))
    }

    /// As often as the budget allows, where others write there as well.
    async fn put(&self, slot: &Slot, entry: &Arc<Entry>) -> Result<(), StoreError> {
        let (guard, store) = (&self.guard, self.guard.store());
        let budget = &mut Budget::default();
        // What was made without the store before this is not handed out after it.
        self.flights.detach_key(&slot.key);
        if self.overdue.concerns(slot) {
            return Err(StoreError::unavailable(
                "an eviction of it is still to be made up for",
            ));
        }
        loop {
            let ReadOutcome { lookup, snapshot } = guard.call(budget, store.read(slot)).await?;
            if matches!(lookup, Lookup::Newer) {
                return Err(StoreError::rejected("a newer release keeps something there"));
            }
            let put = WriteRequest {
                token: Token::new(),
                snapshot,
                entry: Arc::clone(entry),
            };
            if guard.call(budget, store.write(slot, put)).await? {
                let counters = self.counters.of(Handler::VALUES);
                counters.stored.increment();
                counters.stored_bytes.add(entry.body.len() as u64);
                events::key_added(&slot.key);
                return Ok(());
            }
        }
    }
}

/// What a fill came to, as the engine takes it; the value itself stays beside it.
fn response<T, E>(key: &str, filled: Result<T, E>, made: &Shared<T>) -> Response
where
    T: Serialize + DeserializeOwned + Send + 'static,
    E: Send + Sync + 'static,
{
    let mut response = Response::new(Body::empty());
    match filled {
        Ok(value) => {
            match value::encode(&value) {
                Ok(encoded) => *response.body_mut() = Body::from(encoded),
                Err(unfit) => {
                    events::failed_to_cache(key, &unfit);
                    response.extensions_mut().insert(StoreOptions {
                        no_store: true,
                        ..StoreOptions::default()
                    });
                }
            }
            *lock(made) = Some(value);
        }
        Err(error) => {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response.extensions_mut().insert(HandlerError);
            response.extensions_mut().insert(Cause(Arc::new(error)));
        }
    }
    response
}
