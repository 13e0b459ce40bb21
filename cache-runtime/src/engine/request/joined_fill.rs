//! A fill of another request, joined beside this request's own.

use std::{future::pending, sync::Arc};

use super::Request;
use crate::{
    engine::{
        coalesce::{Outcome, Waiter},
        protocol::Protocol,
    },
    entry::Entry,
};

/// A fill of another request, whose entry answers this request if that fill ends first.
#[derive(Debug)]
pub(super) struct JoinedFill {
    waiter: Waiter,
    /// No tag was evicted between the begin of the fill and that of the request.
    is_current: bool,
}

impl JoinedFill {
    pub(super) fn new(waiter: Waiter, is_current: bool) -> Self {
        Self { waiter, is_current }
    }

    /// Waits for the fill's entry. Never completes if the fill ends without one for this request.
    pub(super) async fn entry<P: Protocol>(self, request: &Request<P>) -> Arc<Entry> {
        match self.waiter.outcome().await {
            Outcome::Shared(entry) if request.is_answered_by(&entry, self.is_current) => entry,
            _ => pending().await,
        }
    }
}
