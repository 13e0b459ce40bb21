//! Flights, with threads that lead, wait and evict at once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use shuttle::{
    future::block_on,
    sync::Barrier,
    thread::{self, yield_now},
};
use tokio::{sync::Semaphore, time::Instant};

use super::*;
use crate::{
    store::{
        Token,
        fixtures::{entry, number, slot},
    },
    sync::interleavings::{Origin, explore},
};

fn permit() -> FillPermit {
    Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap()
}

/// How a leader leaves.
#[derive(Debug, Clone, Copy)]
enum Leaves {
    Published,
    Silent,
    Panicking,
}

impl Leaves {
    const ALL: [Self; 3] = [Self::Published, Self::Silent, Self::Panicking];

    fn leave(self, leader: LeaderGuard) {
        match self {
            Self::Published => {
                leader.publish(Outcome::Shared(entry(1, Vec::new())));
                yield_now();
            }
            Self::Silent => {}
            Self::Panicking => {
                // Not `panic!`, which would print a schedule as if the test had failed.
                let left = catch_unwind(AssertUnwindSafe(|| {
                    let _seat = leader;
                    resume_unwind(Box::new("the leader"));
                }));
                assert!(left.is_err());
                return;
            }
        }
        drop(leader);
    }

    /// Waits, and checks what comes of it.
    fn learn(self, waiter: Waiter) {
        yield_now();
        match (self, block_on(waiter.outcome())) {
            (Self::Published, Outcome::Shared(entry)) => assert_eq!(number(&entry), 1),
            (Self::Silent | Self::Panicking, Outcome::Aborted) => {}
            (left, outcome) => panic!("{left:?}, and the waiters learned {outcome:?}"),
        }
    }
}

#[test]
fn p4_everyone_who_waits_learns_how_the_leader_left() {
    for leaves in Leaves::ALL {
        explore(move || {
            let flights = &Arc::new(Flights::default());
            let leader = flights.lead(permit());
            let token = leader.token();
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        flights
                            .join(token)
                            .into_iter()
                            .for_each(|waiter| leaves.learn(waiter))
                    });
                }
                scope.spawn(|| block_on(flights.drained()));
                scope.spawn(|| leaves.leave(leader));
            });
            assert!(flights.join(token).is_none());
            assert_eq!(flights.count(), 0);
        });
    }
}

#[test]
fn p4_one_at_a_time_looks_after_a_run_elsewhere() {
    for leaves in Leaves::ALL {
        explore(move || {
            let flights = &Arc::new(Flights::default());
            let (token, looking, all) = (Token::new(), &AtomicUsize::new(0), &AtomicUsize::new(0));
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(move || {
                        let (waiter, leader) = flights.watch(token);
                        if let Some(leader) = leader {
                            assert_eq!(looking.fetch_add(1, Ordering::SeqCst), 0);
                            all.fetch_add(1, Ordering::SeqCst);
                            yield_now();
                            looking.fetch_sub(1, Ordering::SeqCst);
                            leaves.leave(leader);
                        }
                        leaves.learn(waiter);
                    });
                }
            });
            assert!(all.load(Ordering::SeqCst) > 0);
            assert_eq!(flights.count(), 0);
        });
    }
}

/// Who leads stays until all have come.
fn of_those_that_come_together_one_leads(come: fn(&Arc<Flights>, Instant) -> Role) {
    for leaves in Leaves::ALL {
        explore(move || {
            let flights = &Arc::new(Flights::default());
            let (leaders, together) = (&AtomicUsize::new(0), &Barrier::new(3));
            let before = Instant::now();
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(move || {
                        let part = come(flights, before);
                        together.wait();
                        match part {
                            Role::Leader(leader) => {
                                leaders.fetch_add(1, Ordering::SeqCst);
                                leaves.leave(leader);
                            }
                            Role::Waiter(fill) => leaves.learn(fill),
                            Role::WaitForNext(_) => unreachable!("any may be joined"),
                        }
                    });
                }
            });
            assert_eq!(leaders.load(Ordering::SeqCst), 1);
            assert_eq!(flights.count(), 0);
        });
    }
}

#[test]
fn p4_of_those_that_come_together_one_runs_the_handler() {
    of_those_that_come_together_one_leads(|flights, before| {
        flights.join_or_lead(&slot(), before, || Some(permit()))
    });
}

#[test]
fn p4_of_those_that_come_together_one_looks_after_a_run_elsewhere() {
    of_those_that_come_together_one_leads(|flights, _| {
        let (fill, leader) = flights.watch(Token([1; 16]));
        leader.map_or(Role::Waiter(fill), Role::Leader)
    });
}

/// The ways to detach a flight from later requests.
const DETACH: [fn(&Flights); 3] = [
    |flights| flights.detach_key("key"),
    |flights| flights.detach_tag("tag"),
    Flights::detach_all,
];

/// Leads a fill that reads the origin, or waits for one that began after `since`.
fn fill(flights: &Arc<Flights>, since: Instant, origin: &Origin) -> u64 {
    loop {
        match flights.join_or_lead(&slot(), since, || Some(permit())) {
            Role::Leader(leader) => {
                let value = origin.get();
                leader.publish(Outcome::Shared(entry(value, Vec::new())));
                yield_now();
                return value;
            }
            Role::Waiter(fill) => match block_on(fill.outcome()) {
                Outcome::Shared(entry) => return number(&entry),
                other => panic!("the leader shared its entry, and the waiters got {other:?}"),
            },
            Role::WaitForNext(fill) => block_on(fill.released()),
        }
    }
}

/// Fills while somebody writes. `since` is asked for by each request; what it is given is from before all of them.
fn fills_and_a_write(since: fn(Instant) -> Instant, detach: fn(&Flights)) {
    explore(move || {
        let flights = &Arc::new(Flights::default());
        let origin = &Origin::default();
        let before = Instant::now();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(move || origin.read_checked(|| fill(flights, since(before), origin)));
            }
            scope.spawn(|| origin.write(|| detach(flights)));
        });
        assert_eq!(flights.count(), 0);
    });
}

#[test]
fn p3_nobody_joins_a_fill_that_was_detached_before() {
    for detach in DETACH {
        fills_and_a_write(|before| before, detach);
    }
}

#[test]
fn p3_nobody_joins_a_fill_that_began_before_the_request() {
    fills_and_a_write(|_| Instant::now(), |_| ());
}

#[test]
fn p4_a_fill_that_was_replaced_takes_no_other_with_it() {
    let replace: fn(&Flights) = |_| ();
    for detach in DETACH.into_iter().chain([replace]) {
        explore(move || {
            let flights = &Arc::new(Flights::default());
            let before = Instant::now();
            let (old, _) = flights.lead_beside(&slot(), before, Some(permit()));
            thread::scope(|scope| {
                scope.spawn(|| drop(old));
                scope.spawn(|| {
                    detach(flights);
                    // Replaces the old fill where that was not detached.
                    let (_new, _) = flights.lead_beside(&slot(), Instant::now(), Some(permit()));
                    yield_now();
                    let part = flights.join_or_lead(&slot(), before, || Some(permit()));
                    assert!(matches!(part, Role::Waiter(_)), "the new one is gone");
                });
            });
            assert_eq!(flights.count(), 0);
        });
    }
}
