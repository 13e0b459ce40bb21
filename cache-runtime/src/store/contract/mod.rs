//! The contract of a [`Store`], as tests that any implementation can run.
//!
//! ```
//! use std::sync::Arc;
//!
//! use handler_cache::store::{Store, contract::{self, Time}};
//!
//! # #[allow(dead_code)]
//! async fn keeps_the_contract(open: impl Fn() -> Arc<dyn Store>) {
//!     // Each call of `open` returns another handle of the same store, as each replica has its own.
//!     contract::verify(open, Time::Real).await;
//! }
//! ```

mod fixture;
mod entries;
mod leases;
mod marks;
mod evictions;
mod tags;
mod writes;

use std::{panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use futures_util::{FutureExt, future::join_all};

use self::fixture::Fixture;
use super::Store;
use crate::ManualClock;

/// The clock of a store under test.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Time {
    /// The real time. The checks use short TTLs and poll until a record has expired.
    Real,
    /// A clock that the checks advance, so they wait for nothing.
    Manual(ManualClock),
}

/// Runs every check of the contract.
///
/// `open` returns another handle of the same store each time it is called. The checks act through two of them, as two
/// replicas do. They use keys and tags that are unique, so the store may have other entries.
///
/// With [`Time::Real`] this takes a few seconds.
///
/// # Panics
///
/// The store breaks the contract. The message names the checks that failed.
pub async fn verify(open: impl Fn() -> Arc<dyn Store>, time: Time) {
    let (here, there) = (open(), open());
    for store in [&here, &there] {
        store
            .ping()
            .await
            .expect("a ping connects the store, which answers it");
    }
    let run = async |check: &Check| {
        let fixture = Fixture {
            here: Arc::clone(&here),
            there: Arc::clone(&there),
            time: time.clone(),
            check: check.name,
        };
        let outcome = AssertUnwindSafe((check.run)(&fixture)).catch_unwind().await;
        outcome.err().map(|_| check.name)
    };
    let outcomes = match time {
        // Concurrently: some of them wait for seconds to pass.
        Time::Real => join_all(all_checks().map(run)).await,
        // One after the other: each advances the clock of all.
        Time::Manual(_) => {
            let mut outcomes = Vec::new();
            for check in all_checks() {
                outcomes.push(run(check).await);
            }
            outcomes
        }
    };
    let failed: Vec<_> = outcomes.into_iter().flatten().collect();
    assert!(
        failed.is_empty(),
        "{here:?} breaks the contract of a store: {failed:?}"
    );
}

fn all_checks() -> impl Iterator<Item = &'static Check> {
    let checks = [
        entries::CHECKS,
        leases::CHECKS,
        marks::CHECKS,
        evictions::CHECKS,
        tags::CHECKS,
        writes::CHECKS,
    ];
    checks.into_iter().flatten()
}

/// One guarantee of the contract.
struct Check {
    name: &'static str,
    run: for<'a> fn(&'a Fixture) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
}

/// Lists the checks of a module, which are functions of it.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        pub(super) const CHECKS: &[super::Check] = &[
            $(super::Check {
                name: stringify!($name),
                run: |fixture| Box::pin($name(fixture)),
            }),*
        ];
    };
}
use checks;
