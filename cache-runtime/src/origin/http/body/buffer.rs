//! What was read of a response body so far, and whether it can still be stored.

use std::{collections::VecDeque, fmt, panic::AssertUnwindSafe};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http_body::Frame;
use http_body_util::BodyExt;

use super::given_up::GivenUp;

/// What a chunk costs besides its data, in bytes.
pub(super) const CHUNK_OVERHEAD: usize = 128;

/// Chunks may cost as much as the body may have bytes, and always this much: 8192 of them.
const MIN_OVERHEAD_LIMIT: usize = 1024 * 1024;

pub(super) type Chunk = Result<Frame<Bytes>, axum::Error>;

/// Why a body cannot be stored, with the frame that shows it.
pub(super) type Unfit = (Option<Chunk>, GivenUp);

/// The chunks of a body that were read so far. A body of one chunk is never copied.
#[derive(Debug, Default)]
pub(in crate::origin::http) struct Buffer {
    pub(super) chunks: VecDeque<Bytes>,
    pub(super) bytes: usize,
}

impl Buffer {
    /// Adds a chunk of data, and returns it. Everything else is given back, as is a chunk that makes the body too long or
    /// too fragmented.
    pub(super) fn push(&mut self, chunk: Chunk, limit: usize) -> Result<Bytes, Unfit> {
        let data = match chunk.map(Frame::into_data) {
            Ok(Ok(data)) => data,
            Ok(Err(trailers)) => return Err((Some(Ok(trailers)), GivenUp::Trailers)),
            Err(error) => return Err((Some(Err(error)), GivenUp::Broken)),
        };
        let (bytes, chunks) = (self.bytes + data.len(), self.chunks.len() + 1);
        if bytes > limit || chunks > limit.max(MIN_OVERHEAD_LIMIT) / CHUNK_OVERHEAD {
            return Err((Some(Ok(Frame::data(data))), GivenUp::TooLong));
        }
        self.bytes = bytes;
        self.chunks.push_back(data.clone());
        Ok(data)
    }

    /// Takes back the last chunk.
    pub(super) fn pop(&mut self) {
        self.bytes -= self.chunks.pop_back().map_or(0, |chunk| chunk.len());
    }

    /// What its chunks take of a [budget](super::budget).
    pub(super) fn cost(&self) -> usize {
        self.bytes + self.chunks.len() * CHUNK_OVERHEAD
    }

    /// All of it in one piece.
    pub(super) fn join(&self) -> Bytes {
        if let [only] = self.chunks.as_slices().0
            && self.chunks.len() == 1
        {
            return only.clone();
        }
        let mut joined = BytesMut::with_capacity(self.bytes);
        for chunk in &self.chunks {
            joined.extend_from_slice(chunk);
        }
        joined.freeze()
    }
}

/// The part of a body that is ready.
pub(in crate::origin::http) enum ReadNow {
    /// All of it.
    Whole(Bytes),
    /// The beginning, possibly empty: the rest is pending, or cannot be stored.
    Part(Partial),
}

/// A body with the chunks that were read from it.
pub(in crate::origin::http) struct Partial {
    pub(super) read: Buffer,
    pub(super) rest: Body,
    pub(super) given_up: Option<Unfit>,
}

impl Partial {
    /// Nothing is read yet.
    pub(in crate::origin::http) fn unread(body: Body) -> Self {
        Self {
            read: Buffer::default(),
            rest: body,
            given_up: None,
        }
    }

    /// The client reads the rest itself.
    pub(in crate::origin::http) fn hand_over(&mut self, why: GivenUp) {
        self.given_up.get_or_insert((None, why));
    }
}

/// Reads the ready chunks of a body that announces `exact` bytes.
pub(in crate::origin::http) fn read_now(body: Body, exact: u64, limit: usize) -> ReadNow {
    let mut partial = Partial::unread(body);
    let mut frame = next(&mut partial.rest).now_or_never();
    if let Some(Some(Ok(only))) = &frame
        && let Some(data) = only.data_ref().filter(|data| data.len() as u64 == exact).cloned()
        && data.len() <= limit
    {
        // Most bodies are one chunk, which needs no buffer.
        match next(&mut partial.rest).now_or_never() {
            Some(None) => return ReadNow::Whole(data),
            second => {
                if let Err(unfit) = partial.read.push(Ok(Frame::data(data)), limit) {
                    partial.given_up = Some(unfit);
                    return ReadNow::Part(partial);
                }
                frame = second;
            }
        }
    }
    loop {
        match frame {
            None => return ReadNow::Part(partial),
            Some(None) if partial.read.bytes as u64 == exact => return ReadNow::Whole(partial.read.join()),
            Some(None) => {
                partial.given_up = Some((None, GivenUp::Broken));
                return ReadNow::Part(partial);
            }
            Some(Some(chunk)) => {
                if let Err(unfit) = partial.read.push(chunk, limit) {
                    partial.given_up = Some(unfit);
                    return ReadNow::Part(partial);
                }
                frame = next(&mut partial.rest).now_or_never();
            }
        }
    }
}

/// The next frame. A panic of the body counts as an error of it, so that the waiters learn that the fill has ended.
pub(super) async fn next(body: &mut Body) -> Option<Chunk> {
    match AssertUnwindSafe(body.frame()).catch_unwind().await {
        Ok(chunk) => chunk,
        Err(_) => {
            *body = Body::empty();
            Some(Err(axum::Error::new(CutOff)))
        }
    }
}

/// The body panicked, or the task that read it is gone, as when the runtime shuts down.
#[derive(Debug)]
pub(super) struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response was cut off before its end")
    }
}

impl std::error::Error for CutOff {}
