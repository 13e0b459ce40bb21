//! The outcome of a request to a cache: the status that the response reports, and the reason why a response was not stored.

use std::fmt;

/// How the cache handled a request (RFC 9211).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheStatus {
    /// A fresh entry from the store, or the result of another request's fill.
    Hit,
    /// A stale entry from the store.
    Stale,
    /// The handler ran for this request.
    Forwarded(Forwarded),
}

/// A request that reached the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forwarded {
    pub(crate) reason: ForwardReason,
    /// The handler confirmed the stored response (304).
    pub(crate) revalidated: bool,
    pub(crate) stored: bool,
}

impl Forwarded {
    /// There was no entry, and the response is stored.
    pub(crate) const STORED_MISS: Self = Self {
        reason: ForwardReason::Miss,
        revalidated: false,
        stored: true,
    };
}

/// Why the handler ran (RFC 9211 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForwardReason {
    /// There was no entry.
    Miss,
    /// The entry is stale.
    Stale,
    /// The entry is fresh, but the request does not accept it.
    Request,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a response was not stored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum NotStoredReason {
            $($(#[$doc])* $name,)*
        }

        impl NotStoredReason {
            /// All reasons, each at the index of its discriminant.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// The label of the reason in counters, metrics and events.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    // The response itself.
    /// The handler returned `Err`.
    Error = "error",
    Status = "status",
    /// The response part [`NoStore`](crate::NoStore).
    NoStorePart = "the handler",
    Partial = "partial content",
    SetCookie = "set-cookie",
    NoStore = "no-store",
    Private = "private",
    NoCache = "no-cache",
    VaryAny = "vary: *",
    VaryNotKeyed = "vary not keyed",
    ContentEncoding = "content-encoding not keyed",
    EventStream = "event stream",
    /// More header names than an entry can hold.
    HeaderNames = "header names",
    /// The TTL is zero.
    NoTtl = "no TTL left",
    StoreIf = "store_if",
    /// The response is for its own request only, such as the rejection of a lazy extractor.
    Unshared = "for one request",
    // Its body.
    /// The body failed, does not match `Content-Length`, or has trailers.
    BrokenBody = "broken body",
    /// Longer than `max_body`, or in too many frames.
    BodyLength = "body length",
    /// The body did not end in time.
    EndlessBody = "endless body",
    // The store.
    /// The lease was not renewed in time, for example because the process was suspended, and is gone: another fill has it, it
    /// expired, or an eviction removed it.
    LeaseLost = "lease lost",
    /// The entry was evicted while the handler ran.
    Evicted = "evicted meanwhile",
    /// The store rejected the write: the entry is too large, or the server is full or read-only.
    StoreRejected = "refused by the store",
    /// The store did not answer the write.
    StoreUnavailable = "no answer from the store",
    // The fill could not have stored anything.
    /// A recent response for the key could not be stored, so requests for it run the handler without a lease for a while.
    HitForMiss = "hit-for-miss",
    /// The request was a HEAD.
    Head = "head",
    /// The request was for a part of the body.
    Range = "range",
    /// A limit on fills or waiters was reached.
    Limit = "limit reached",
    /// The limit on buffered bodies was reached.
    BufferLimit = "body buffers full",
    /// The client disconnected, and no request waited for the fill within `abandoned_fill_timeout`.
    Abandoned = "abandoned",
    /// The store was unavailable or rejected the lease, or the request had used up its time to wait.
    NoLease = "no lease",
}

impl fmt::Display for NotStoredReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
