//! The interface between the engine and an origin. The origin answers from an entry, is called to fill one, and classifies
//! its answer: an entry, a failure, private, or streaming.
//!
//! Two kinds of origin implement [`Protocol`]: HTTP handlers and services, and functions of the application. Neither is
//! generic, so the engine is compiled twice in all.

use std::{future::Future, sync::Arc, time::Duration};

use super::{
    coalesce::{Failure, Outcome},
    fill::{FillContext, Marker},
    target::Target,
};
use crate::{
    clock::{Times, Timestamp},
    entry::{Entry, Freshness},
    outcome::{CacheStatus, Forwarded, NotStoredReason},
};

/// In how many further slots a variant is searched: a service may name more fields from one response to the next.
pub(crate) const MAX_VARIANT_STEPS: u32 = 3;

/// A kind of origin, as one request uses it.
pub(crate) trait Protocol: Send + Sync + Sized + 'static {
    /// The answer to a request.
    type Answer: Send + 'static;
    /// What the leader's answer has beside its entry.
    type Extra: Send + 'static;
    /// The origin, ready to run once.
    type Origin: Send + 'static;
    /// What the origin returned.
    type Received: Send + 'static;
    /// The rest of an answer that is still being read.
    type Rest: Send + 'static;

    /// Whether the entry is for this request: one key may hold entries of several kinds.
    fn accepts(&self, entry: &Arc<Entry>) -> bool;

    /// The key of this request's variant, where the entry in its slot is of another variant.
    fn variant_key(&self, request: &Target, other: &Entry) -> Option<Arc<str>>;

    fn freshness(&self, entry: &Entry, now: Timestamp) -> Freshness;

    /// Whether the entry is fresh for requests without constraints of their own.
    fn is_fresh_for_others(&self, entry: &Entry, now: Timestamp) -> bool;

    /// The answer from an entry, stored or shared.
    fn answer_entry(
        &self,
        target: &Target,
        entry: &Arc<Entry>,
        status: CacheStatus,
        times: Times,
    ) -> Self::Answer;

    /// The leader's answer from the entry that it filled.
    fn answer_own_entry(
        &self,
        target: &Target,
        entry: &Arc<Entry>,
        extra: Self::Extra,
        forwarded: Forwarded,
        times: Times,
    ) -> Self::Answer;

    /// The origin's answer, which is not stored. `is_shared`: the origin was called for other requests as well, without the
    /// conditions of this one.
    fn uncached(&self, answer: Self::Answer, forwarded: Forwarded, is_shared: bool) -> Self::Answer;

    /// Whether the failure of another request's fill answers this request.
    fn accepts_failure(&self, failure: &Failure) -> bool;

    /// The answer from a shared failure; `None` if it is of another type.
    fn answer_failure(&self, failure: &Failure) -> Option<Self::Answer>;

    /// The answer when there is no entry and the request allows no run.
    fn not_cached(&self) -> Self::Answer;

    /// The answer when the runtime shuts down.
    fn unavailable(&self) -> Self::Answer;

    /// Whether another cache, nearer to the origin, has answered: this cache has no part in the answer then.
    fn is_cached_within(answer: &Self::Answer) -> bool;

    /// Runs the origin.
    fn run(origin: Self::Origin, run: Run) -> impl Future<Output = Self::Received> + Send;

    fn has_failed(made: &Self::Received) -> bool;

    /// Decides whether the answer of a fill is stored, shared or private.
    fn judge(received: Self::Received, fill: &FillContext) -> Produced<Self>;

    /// Reads the rest of an answer; never returns [`Produced::Streaming`].
    fn read(rest: Self::Rest, fill: &FillContext) -> impl Future<Output = Produced<Self>> + Send;

    /// Decides what an answer says that was made for one request alone.
    fn judge_uncached(received: Self::Received, run: &UncachedRun<'_>) -> Uncached<Self>;
}

/// What a request allows, and how it is served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestOptions {
    /// Why the answer to this request is not stored, if it is not.
    pub(crate) not_storable: Option<NotStoredReason>,
    /// The origin must not run for this request.
    pub(crate) only_if_cached: bool,
    /// The request ignores stored entries.
    pub(crate) refresh: bool,
    /// An entry that cannot be served is handed to the origin, which may find it to be current.
    pub(crate) validates: bool,
    /// Other requests are likely to get the same answer: they wait for one another's fills.
    pub(crate) coalesces: bool,
    /// This request is answered after the entry is stored.
    pub(crate) commits_first: bool,
    /// How long the request waits for a fill before a stale entry answers it.
    pub(crate) stale_if_slow: Option<Duration>,
}

/// How the origin is called.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "layer"), allow(dead_code, reason = "for the layer"))]
pub(crate) struct Run {
    /// The answer is for other requests as well.
    pub(crate) is_shared: bool,
    /// A stored entry that cannot be served as it is: the origin may find that it is still current.
    pub(crate) stored: Option<Arc<Entry>>,
}

/// How the cache treats the origin's answer.
pub(crate) enum Produced<P: Protocol> {
    Entry(NewEntry<P>),
    /// The origin failed. `failure` answers the waiters, if it may be shared.
    Failed {
        answer: P::Answer,
        failure: Option<Failure>,
    },
    /// Nothing is stored, and only the leader gets the answer.
    Private {
        /// `None` if the leader has been answered.
        answer: Option<P::Answer>,
        revalidated: bool,
        marker: Option<Marker>,
        outcome: Outcome,
    },
    /// The answer is on its way to the leader; [`Protocol::read`] reads the rest.
    Streaming {
        answer: P::Answer,
        /// The rest ends within a known size.
        is_bounded: bool,
        rest: P::Rest,
    },
}

/// An answer to store and to share.
pub(crate) struct NewEntry<P: Protocol> {
    /// What the leader gets.
    pub(crate) whole: Arc<Entry>,
    /// What is stored and shared.
    pub(crate) shared: Arc<Entry>,
    pub(crate) extra: P::Extra,
    pub(crate) times: Times,
    /// A stored entry was found to be current.
    pub(crate) revalidated: bool,
    /// The origin must validate the entry for each request, so the waiters do not get it.
    pub(crate) is_validated_each_time: bool,
    /// The key of an older entry for the same requests, which this one replaces.
    pub(crate) replaces: Option<Arc<str>>,
}

/// A call of the origin for one request alone, after it has returned.
pub(crate) struct UncachedRun<'a> {
    pub(crate) target: &'a Target,
    pub(crate) began: Timestamp,
    /// The reason is a hit-for-miss marker.
    pub(crate) is_hit_for_miss: bool,
    pub(crate) stored: Option<&'a Entry>,
}

/// Whether an answer shows an entry to be outdated.
pub(crate) type IsOutdated = Box<dyn Fn(&Entry) -> bool + Send + Sync>;

/// The answer of such a call, and what it shows about the entry.
pub(crate) struct Uncached<P: Protocol> {
    pub(crate) answer: P::Answer,
    pub(crate) revalidated: bool,
    /// The answer is not storable either: the hit-for-miss marker is extended to this TTL.
    pub(crate) confirms_marker: Option<Duration>,
    /// Identifies entries that the answer shows to be outdated.
    pub(crate) outdates: Option<IsOutdated>,
}
