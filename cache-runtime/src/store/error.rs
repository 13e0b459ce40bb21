//! Why a store did not answer.

use std::{error::Error, fmt};

/// A store's failure. It costs a miss and is counted; no request fails of it.
#[derive(Debug)]
pub struct StoreError {
    /// `true`: the store may be ill, and so the breaker counts it. `false`: it refused this one call.
    ailing: bool,
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// The store cannot be reached, or answers nonsense: the breaker counts it.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            ailing: true,
            source: source.into(),
        }
    }

    /// The store is well but refuses the call: out of memory, no permission.
    pub fn rejected(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            ailing: false,
            source: source.into(),
        }
    }

    /// Whether the breaker counts this.
    pub fn is_unavailable(&self) -> bool {
        self.ailing
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ailing {
            "the store is unavailable"
        } else {
            "the store refused"
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
