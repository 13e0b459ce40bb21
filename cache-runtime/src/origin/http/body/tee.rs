//! Passes each chunk of a body on to its client at once, and keeps it for the cache.
//!
//! Both read from one buffer, so no chunk is held twice. What the client has not taken is bounded: by a window while nobody
//! else waits for the body, by `max_body` while somebody does, and by the cache's budget for all bodies together. When
//! the copy ends early, the client reads the rest of the body for itself, at its own pace.

use std::{
    collections::VecDeque,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::{sync::Notify, time};

use super::{
    budget::{BufferBudget, Reservation},
    buffer::{Buffer, CHUNK_OVERHEAD, Chunk, CutOff, Partial, Unfit, next},
    given_up::GivenUp,
};
use crate::sync::{Mutex, MutexGuard, lock};

/// How far a body of unknown length is read ahead of its client while nobody else waits for it, in bytes.
const WINDOW: usize = 256 * 1024;

/// How often a copy that is held up by its client looks whether somebody else waits by now.
const WAITERS_CHECK: Duration = Duration::from_millis(100);

/// The cache's side of a body that is passed on.
pub(in crate::origin::http) struct Tee {
    pub(in crate::origin::http) client: ClientSide,
    rest: Body,
    given_up: Option<Unfit>,
    limit: usize,
    window: usize,
}

/// What the cache tells the client's side.
pub(in crate::origin::http) struct ClientSide(Arc<Shared>);

/// Splits a body, of `exact` bytes if that is known: the first part is for the client, the second reads it for the cache.
pub(in crate::origin::http) fn tee(
    partial: Partial,
    exact: Option<u64>,
    limit: usize,
    budget: &Arc<BufferBudget>,
) -> (Body, Tee) {
    let Partial {
        read,
        rest,
        mut given_up,
    } = partial;
    let mut reservation = budget.reservation();
    if !reservation.grow(read.cost()) && given_up.is_none() {
        given_up = Some((None, GivenUp::BudgetSpent));
    }
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            ahead: read.bytes,
            taken: 0,
            buffer: read,
            reservation,
            end: End::Open,
            waker: None,
            client_left: false,
        }),
        taken: Notify::new(),
        left: Notify::new(),
    });
    let body = TeeBody {
        shared: Arc::clone(&shared),
        rest: None,
        left: exact,
    };
    let tee = Tee {
        client: ClientSide(shared),
        rest,
        given_up,
        limit,
        // One of known length is going to fit.
        window: if exact.is_some() { usize::MAX } else { WINDOW },
    };
    (Body::new(body), tee)
}

impl Tee {
    /// Reads the body to its end, or until `stop` completes. `is_waited_for`: somebody else than the client waits for it.
    ///
    /// Where it is given up, the client gets the rest of it.
    pub(in crate::origin::http) async fn read(
        &mut self,
        stop: impl Future<Output = GivenUp> + Send,
        is_waited_for: impl Fn() -> bool + Send + Sync,
    ) -> Result<Bytes, GivenUp> {
        let shared = &*self.client.0;
        let mut stop = pin!(stop);
        let (last, why) = loop {
            if let Some(given_up) = self.given_up.take() {
                break given_up;
            }
            tokio::task::consume_budget().await;
            let reading = async {
                shared.room(self.window, &is_waited_for).await;
                next(&mut self.rest).await
            };
            // Asked first: a body that is always ready leaves it no turn.
            match select(&mut stop, pin!(reading)).await {
                Either::Left((why, _)) => break (None, why),
                Either::Right((None, _)) => return Ok(shared.lock().buffer.join()),
                Either::Right((Some(chunk), _)) => self.given_up = shared.push(chunk, self.limit).err(),
            }
        };
        let rest = std::mem::replace(&mut self.rest, Body::empty());
        shared.end(End::HandedOver(last, rest));
        Err(why)
    }
}

impl ClientSide {
    /// Completes once the client has dropped its part.
    pub(in crate::origin::http) fn left(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.0);
        async move {
            loop {
                let left = shared.left.notified();
                if shared.lock().client_left {
                    return;
                }
                left.await;
            }
        }
    }

    /// The body has ended well. What the client has not taken of it yet is read from `whole`.
    pub(in crate::origin::http) fn finish(&self, whole: &Bytes) {
        let mut state = self.0.lock();
        let from = whole.len().saturating_sub(state.ahead);
        let left = whole.slice(from..);
        state.buffer.chunks = if left.is_empty() {
            VecDeque::new()
        } else {
            VecDeque::from([left])
        };
        state.taken = 0;
        state.reservation.clear();
        drop(state);
        self.0.end(End::Whole);
    }
}

impl Drop for ClientSide {
    fn drop(&mut self) {
        self.0.end(End::Cut);
    }
}

/// What both sides of a tee share.
struct Shared {
    state: Mutex<State>,
    /// The client took a chunk, or left.
    taken: Notify,
    /// The client left.
    left: Notify,
}

struct State {
    /// While the body is read, all of it so far; from then on what the client has not taken.
    buffer: Buffer,
    /// How many of the buffer's chunks the client has taken.
    taken: usize,
    /// Bytes that the client has not taken.
    ahead: usize,
    reservation: Reservation,
    end: End,
    /// Of the client that waits for the next chunk.
    waker: Option<Waker>,
    client_left: bool,
}

/// How the copy ended for the client.
enum End {
    /// Not yet.
    Open,
    /// With the body.
    Whole,
    /// The client reads the rest itself, behind this frame.
    HandedOver(Option<Chunk>, Body),
    /// With the task that read it.
    Cut,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Waits until the client is less than `window` bytes behind, is gone, or is not the only one that waits for the body.
    async fn room(&self, window: usize, is_waited_for: impl Fn() -> bool) {
        while self.lock().ahead >= window && !is_waited_for() {
            let _ = time::timeout(WAITERS_CHECK, self.taken.notified()).await;
        }
    }

    fn push(&self, chunk: Chunk, limit: usize) -> Result<(), Unfit> {
        let mut state = self.lock();
        let data = state.buffer.push(chunk, limit)?;
        if !state.reservation.grow(data.len() + CHUNK_OVERHEAD) {
            state.buffer.pop();
            return Err((Some(Ok(Frame::data(data))), GivenUp::BudgetSpent));
        }
        if !state.client_left {
            state.ahead += data.len();
            let waker = state.waker.take();
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
        Ok(())
    }

    /// Ends the copy, once.
    fn end(&self, end: End) {
        let mut state = self.lock();
        if !matches!(state.end, End::Open) {
            return;
        }
        if state.client_left {
            // Outside of the lock, for a body may do anything when it is dropped.
            drop(state);
            drop(end);
            return;
        }
        state.forget_taken();
        state.end = end;
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl State {
    /// Drops what only the cache had a use for.
    fn forget_taken(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        for chunk in self.buffer.chunks.drain(..taken) {
            self.reservation.shrink(chunk.len() + CHUNK_OVERHEAD);
        }
    }

    /// The next chunk for the client, if it is there.
    fn take(&mut self) -> Option<Bytes> {
        let chunk = self.buffer.chunks.get(self.taken)?.clone();
        self.taken += 1;
        self.ahead -= chunk.len();
        if !matches!(self.end, End::Open) {
            self.forget_taken();
        }
        Some(chunk)
    }
}

/// The client's side of a tee.
struct TeeBody {
    shared: Arc<Shared>,
    /// What the client reads itself, once the copy was given up.
    rest: Option<Body>,
    /// Bytes to come, as the body announced them: by them the client learns that it was cut short.
    left: Option<u64>,
}

impl TeeBody {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Chunk>> {
        if let Some(rest) = &mut self.rest {
            return Pin::new(rest).poll_frame(context);
        }
        let mut state = self.shared.lock();
        if let Some(chunk) = state.take() {
            drop(state);
            self.shared.taken.notify_one();
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match std::mem::replace(&mut state.end, End::Whole) {
            End::Open => {
                state.end = End::Open;
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
            End::Whole => Poll::Ready(None),
            End::Cut => Poll::Ready(Some(Err(axum::Error::new(CutOff)))),
            End::HandedOver(last, rest) => {
                drop(state);
                let rest = self.rest.insert(rest);
                match last {
                    Some(last) => Poll::Ready(Some(last)),
                    None => Pin::new(rest).poll_frame(context),
                }
            }
        }
    }
}

impl HttpBody for TeeBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let chunk = std::task::ready!(self.poll_chunk(context));
        if let (Some(left), Some(Ok(frame))) = (&mut self.left, &chunk) {
            *left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len() as u64));
        }
        Poll::Ready(chunk)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for TeeBody {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.client_left = true;
        state.ahead = 0;
        state.waker = None;
        let end = match state.end {
            End::Open => None,
            _ => Some(std::mem::replace(&mut state.end, End::Whole)),
        };
        drop(state);
        drop(end);
        self.shared.taken.notify_one();
        self.shared.left.notify_one();
    }
}
