//! A response's body on its way to the client and into an entry.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{
    FutureExt,
    future::{Either, select},
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

/// What a chunk costs besides its data while the client has not taken it, in bytes.
const CHUNK_OVERHEAD: usize = 128;

/// Chunks may cost as much as the body may have bytes, and always this much: in all 8192 of them.
const LEAST_LIMIT: usize = 1024 * 1024;

type Chunk = Result<Frame<Bytes>, axum::Error>;

/// What collecting a body of known size came to.
pub(super) enum Collected {
    /// All of it.
    Whole(Bytes),
    /// It failed, was not as long as it said, or had trailers, which entries have no room for: the client gets it as it
    /// came.
    Unstorable(Body),
    /// The rest is still to come.
    Pending(Body),
}

/// Reads a body of `size` bytes, as it says, to its end; one that is longer than that and than `limit` is given up.
pub(super) async fn collect(mut body: Body, size: u64, limit: usize) -> Collected {
    let mut gathered = Gathered::default();
    while let Some(chunk) = next(&mut body).await {
        if !gathered.take(chunk, limit) {
            return Collected::Unstorable(gathered.before(body, size));
        }
    }
    gathered.whole(size)
}

/// The same, as far as nothing has to be waited for: with what is to come, the body is pending.
pub(super) fn collect_ready(mut body: Body, size: u64, limit: usize) -> Collected {
    let mut gathered = Gathered::default();
    loop {
        match next(&mut body).now_or_never() {
            None => return Collected::Pending(gathered.before(body, size)),
            Some(None) => return gathered.whole(size),
            Some(Some(chunk)) => {
                if !gathered.take(chunk, limit) {
                    return Collected::Unstorable(gathered.before(body, size));
                }
            }
        }
    }
}

/// What was read of a body.
#[derive(Default)]
struct Gathered {
    joined: Joined,
    seen: Vec<Chunk>,
}

impl Gathered {
    /// Whether the body can still be stored.
    fn take(&mut self, chunk: Chunk, limit: usize) -> bool {
        let storable = self.joined.take(&chunk, limit);
        self.seen.push(chunk);
        storable
    }

    /// The body as it came, with its rest.
    fn before(self, rest: Body, size: u64) -> Body {
        Body::new(Relay::new(self.seen, rest, size))
    }

    fn whole(self, size: u64) -> Collected {
        match self.joined.len() as u64 == size {
            true => Collected::Whole(self.joined.finish()),
            false => Collected::Unstorable(self.before(Body::empty(), size)),
        }
    }
}

/// Passes a body on as it comes, of `exact` bytes where that is known, and keeps what passes.
///
/// The second part reads the body whether or not the client still listens, and gives the whole if the body ended well
/// within `limit` bytes and before `given_up`. From then on the client reads the rest for itself; where it has left,
/// nobody does.
pub(super) fn tee(
    mut body: Body,
    limit: usize,
    given_up: impl Future<Output = ()> + Send,
    exact: Option<u64>,
) -> (Body, impl Future<Output = Option<Bytes>> + Send) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let copying = async move {
        let mut joined = Joined::default();
        let mut given_up = pin!(given_up);
        loop {
            tokio::task::consume_budget().await;
            // Asked first: a body that is always ready leaves the other no turn.
            let read = match select(&mut given_up, pin!(next(&mut body))).await {
                Either::Left(_) => None,
                Either::Right((read, _)) => Some(read),
            };
            let chunk = match read {
                Some(Some(chunk)) => chunk,
                Some(None) => break,
                None => {
                    let _ = sender.send(Part::Rest(body));
                    return None;
                }
            };
            let storable = joined.take(&chunk, limit);
            // A client that went away changes nothing: what was read is for those that come after it.
            let _ = sender.send(Part::Chunk(chunk));
            if !storable {
                let _ = sender.send(Part::Rest(body));
                return None;
            }
        }
        let _ = sender.send(Part::End);
        Some(joined.finish())
    };
    let copied = Body::new(Tail::Copied(receiver));
    // By its length the client learns when it was cut short.
    let copied = match exact {
        Some(size) => Body::new(Relay::new(Vec::new(), copied, size)),
        None => copied,
    };
    (copied, copying)
}

/// The next chunk. A panic while it is made is a body that fails: whoever waits for the run must learn that it ended.
async fn next(body: &mut Body) -> Option<Chunk> {
    match AssertUnwindSafe(body.frame()).catch_unwind().await {
        Ok(chunk) => chunk,
        Err(_) => {
            *body = Body::empty();
            Some(Err(axum::Error::new(CutOff)))
        }
    }
}

/// The chunks of a body, together. One alone is as the handler made it.
#[derive(Default)]
struct Joined {
    chunks: usize,
    first: Option<Bytes>,
    all: BytesMut,
}

impl Joined {
    /// Whether the body can still be stored: no failure, no trailers, not too long, not in too many pieces.
    fn take(&mut self, chunk: &Chunk, limit: usize) -> bool {
        let Some(data) = chunk.as_ref().ok().and_then(Frame::data_ref) else {
            return false;
        };
        self.push(data);
        self.chunks += 1;
        self.len() <= limit && self.chunks <= limit.max(LEAST_LIMIT) / CHUNK_OVERHEAD
    }

    fn push(&mut self, data: &Bytes) {
        match self.first.take() {
            None if self.all.is_empty() => self.first = Some(data.clone()),
            first => {
                self.all.extend_from_slice(first.as_deref().unwrap_or_default());
                self.all.extend_from_slice(data);
            }
        }
    }

    fn len(&self) -> usize {
        self.first.as_ref().map_or(0, Bytes::len) + self.all.len()
    }

    fn finish(self) -> Bytes {
        self.first.unwrap_or_else(|| self.all.freeze())
    }
}

/// Chunks already read, then the rest of their body.
struct Relay {
    seen: std::vec::IntoIter<Chunk>,
    rest: Body,
    /// Bytes to come, as the body said: by them the client learns that it was cut short.
    left: u64,
}

impl Relay {
    fn new(seen: Vec<Chunk>, rest: Body, size: u64) -> Self {
        Self {
            seen: seen.into_iter(),
            rest,
            left: size,
        }
    }
}

impl HttpBody for Relay {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let chunk = match self.seen.next() {
            Some(chunk) => Some(chunk),
            None => ready!(Pin::new(&mut self.rest).poll_frame(context)),
        };
        let data = chunk.iter().flatten().find_map(Frame::data_ref);
        self.left = self.left.saturating_sub(data.map_or(0, |data| data.len() as u64));
        Poll::Ready(chunk)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

enum Part {
    Chunk(Chunk),
    Rest(Body),
    End,
}

/// The body panicked, or the task that read it is gone, as when the runtime shuts down.
#[derive(Debug)]
struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response was cut off before its end")
    }
}

impl std::error::Error for CutOff {}

/// The client's side of [`tee`].
enum Tail {
    Copied(mpsc::UnboundedReceiver<Part>),
    Rest(Body),
    Ended,
}

impl HttpBody for Tail {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Chunk>> {
        loop {
            match &mut *self {
                Self::Copied(parts) => match parts.poll_recv(context) {
                    Poll::Ready(Some(Part::Chunk(chunk))) => return Poll::Ready(Some(chunk)),
                    Poll::Ready(Some(Part::Rest(body))) => *self = Self::Rest(body),
                    Poll::Ready(Some(Part::End)) => *self = Self::Ended,
                    Poll::Ready(None) => {
                        *self = Self::Ended;
                        return Poll::Ready(Some(Err(axum::Error::new(CutOff))));
                    }
                    Poll::Pending => return Poll::Pending,
                },
                Self::Rest(body) => return Pin::new(body).poll_frame(context),
                Self::Ended => return Poll::Ready(None),
            }
        }
    }
}
