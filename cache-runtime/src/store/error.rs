//! Why a call of a store failed.

use std::{error::Error, fmt};

/// The error of a [`Store`](super::Store). It causes a miss and is counted; it never fails a request.
#[derive(Debug)]
pub struct StoreError {
    kind: Kind,
    source: Box<dyn Error + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unavailable,
    Rejected,
}

impl StoreError {
    /// The store cannot be reached, or its answer cannot be read. The circuit breaker counts it.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: Kind::Unavailable,
            source: source.into(),
        }
    }

    /// The store is available and rejected this call: it is full or read-only, or the permission is missing.
    pub fn rejected(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: Kind::Rejected,
            source: source.into(),
        }
    }

    /// Whether the store cannot be reached. `false` if it rejected this call alone.
    pub fn is_unavailable(&self) -> bool {
        self.kind == Kind::Unavailable
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Unavailable => "the store is unavailable",
            Kind::Rejected => "the store rejected the call",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
