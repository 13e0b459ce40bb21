//! Why a response was not stored.

use std::fmt;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a response was not stored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// In the order of their declaration: a reason's number is its place here.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// The reason in one or a few words, for counters and events.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

refusals! {
    // What the response is, or says.
    Error = "error",
    Status = "status",
    Steered = "the handler",
    Partial = "partial content",
    SetCookie = "set-cookie",
    NoStore = "no-store",
    Private = "private",
    NoCache = "no-cache",
    VaryAny = "vary: *",
    VaryNotKeyed = "vary not keyed",
    ContentEncoding = "content-encoding not keyed",
    EventStream = "event stream",
    /// More than an entry may have.
    HeaderNames = "header names",
    NoLife = "no life left",
    StoreIf = "store_if",
    /// It answers its own request and no other, as the rejection of a lazy extractor does.
    Unshared = "for one request",
    // What its body came to.
    /// It failed, is not as long as announced, or has trailers.
    BrokenBody = "broken body",
    /// Longer than `max_body`, or in too many pieces.
    BodyLength = "body length",
    /// It did not end in time.
    EndlessBody = "endless body",
    // What the store said.
    /// The lease was not renewed in time, as when the process was stopped, and is gone: taken over by another fill, evicted, or
    /// expired.
    LeaseLost = "lease lost",
    /// Evicted while the handler ran.
    Evicted = "evicted meanwhile",
    /// Too large, or the server is full or takes no writes.
    StoreRefused = "refused by the store",
    /// The store did not answer when it was written to.
    StoreAway = "no answer from the store",
    // Why the run could not have been stored to begin with.
    /// The last response could not be stored, nor the one that was waited for: for a while nobody tries.
    AsTheLast = "as the last one",
    /// Its request was a HEAD.
    Head = "head",
    /// Its request was for a part of the body.
    Range = "range",
    /// Beyond `runs` or `waiting`.
    Limit = "limit reached",
    /// Beyond `body_buffers`.
    BufferLimit = "body buffers full",
    /// The client left, and nobody waited for `abandoned_fill_timeout`.
    Abandoned = "abandoned",
    /// The store was away or refused, or its request had waited long enough for others.
    NoLease = "no lease",
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
