//! The checker on short histories.

use super::*;
use crate::{
    fault::Fault,
    history::{Process, Read, Trouble},
};

const PAGE: Register = Register {
    kind: Kind::Plain,
    id: 1,
};
const HERE: Process = Process {
    replica: 0,
    restarts: 0,
};
const THERE: Process = Process {
    replica: 1,
    restarts: 0,
};

/// In milliseconds; far enough from the beginning that nothing is cut off there.
fn span(began: u64, ended: u64) -> Span {
    let start = 60_000;
    Span {
        began: Moment::from_millis(start + began),
        ended: Moment::from_millis(start + ended),
    }
}

#[derive(Default)]
struct Story(History);

impl Story {
    /// A fill, and the request of its leader.
    fn run(mut self, by: Process, span: Span, value: u64) -> Self {
        let run = self.0.runs.len();
        self.0.runs.push(Fill {
            register: PAGE,
            by,
            span,
            value,
            fails: false,
        });
        self.read(by, span, run, CacheStatus::Stored)
    }

    fn read(mut self, by: Process, span: Span, run: usize, cache_status: CacheStatus) -> Self {
        let value = self.0.runs[run].value;
        self.0.reads.push(Read {
            register: PAGE,
            by,
            span,
            answer: Answer::Page {
                run,
                value,
                cache_status,
            },
        });
        self
    }

    fn write(mut self, by: Process, span: Span, outcome: Outcome) -> Self {
        self.0.writes.push(Write {
            register: PAGE,
            by,
            span,
            outcome,
        });
        self
    }

    fn trouble(self, replica: usize, span: Span) -> Self {
        self.fault(Fault::LinkCut, replica, span)
    }

    fn fault(mut self, fault: Fault, replica: usize, span: Span) -> Self {
        self.0.troubles.push(Trouble {
            fault,
            replica: Some(replica),
            span,
        });
        self
    }

    fn broken(&self) -> Vec<&'static str> {
        let violations = check(&self.0);
        violations.iter().map(|violation| violation.promise).collect()
    }
}

#[test]
fn hits_misses_and_evictions_in_order_break_nothing() {
    let story = Story::default()
        .run(HERE, span(0, 10), 0)
        .read(THERE, span(20, 21), 0, CacheStatus::Hit)
        .write(THERE, span(30, 31), Outcome::Evicted(1))
        .run(THERE, span(40, 50), 1)
        .read(HERE, span(60, 61), 1, CacheStatus::Hit);
    assert!(story.broken().is_empty());
}

#[test]
fn value_from_before_an_acknowledged_eviction_breaks_p3_on_any_replica() {
    for by in [HERE, THERE] {
        let story = Story::default()
            .run(HERE, span(0, 10), 0)
            .write(HERE, span(20, 21), Outcome::Evicted(1))
            .read(by, span(30, 31), 0, CacheStatus::Hit);
        assert_eq!(story.broken(), ["P3"]);
    }
    let during = Story::default()
        .run(HERE, span(0, 10), 0)
        .write(HERE, span(20, 30), Outcome::Evicted(1))
        .read(THERE, span(25, 40), 0, CacheStatus::Hit);
    assert!(
        during.broken().is_empty(),
        "the read began before the eviction returned"
    );
}

#[test]
fn retried_eviction_binds_its_own_process_alone() {
    let story = |by| {
        Story::default()
            .run(HERE, span(0, 10), 0)
            .write(HERE, span(20, 21), Outcome::Retrying(1))
            .read(by, span(30, 31), 0, CacheStatus::Hit)
    };
    assert_eq!(story(HERE).broken(), ["P3"]);
    assert!(story(THERE).broken().is_empty());
}

#[test]
fn no_fault_excuses_a_page_from_before_an_eviction() {
    for fault in Fault::LOCAL.into_iter().chain(Fault::SHARED) {
        let story = Story::default()
            .fault(fault, 0, span(0, 5000))
            .run(HERE, span(50, 4550), 0)
            .write(THERE, span(100, 101), Outcome::Evicted(1))
            .read(HERE, span(4500, 4600), 0, CacheStatus::Hit);
        assert_eq!(story.broken(), ["P3"], "{}", fault.name());
    }
}

#[test]
fn page_of_another_register_or_after_its_ttl_or_of_no_handler_breaks_p2() {
    let mut other = Story::default().run(HERE, span(0, 10), 0);
    other.0.runs[0].register.id = 2;
    assert_eq!(other.broken(), ["P2"]);
    let mut unknown = Story::default().run(HERE, span(0, 10), 0);
    unknown.0.runs.clear();
    assert_eq!(unknown.broken(), ["P2"]);
    let early = Story::default()
        .run(HERE, span(50, 60), 0)
        .read(THERE, span(0, 40), 0, CacheStatus::Hit);
    assert_eq!(early.broken(), ["P2"], "the fill began later");
    let short = |read| {
        let mut story = Story::default()
            .run(HERE, span(0, 10), 0)
            .read(THERE, read, 0, CacheStatus::Stale);
        story.0.runs[0].register.kind = Kind::Short;
        story
            .0
            .reads
            .iter_mut()
            .for_each(|read| read.register.kind = Kind::Short);
        story
    };
    assert!(short(span(2000, 2001)).broken().is_empty());
    assert_eq!(short(span(9000, 9001)).broken(), ["P2"]);
}

#[test]
fn second_fill_without_an_eviction_or_a_fault_breaks_p4() {
    let twice = |by| Story::default().run(HERE, span(0, 10), 0).run(by, span(5, 15), 0);
    assert_eq!(twice(THERE).broken(), ["P4"]);
    assert_eq!(twice(HERE).broken(), ["P4"]);
    assert!(twice(THERE).trouble(1, span(3, 4)).broken().is_empty());
    assert_eq!(twice(THERE).trouble(2, span(3, 4)).broken(), ["P4"]);
    let evicted = twice(THERE).write(HERE, span(2, 3), Outcome::Evicted(0));
    assert!(evicted.broken().is_empty());
    // Requested before the eviction, and begun after a fill that was requested after the eviction.
    let mut overtaken = Story::default()
        .run(HERE, span(10, 20), 0)
        .run(THERE, span(12, 22), 0)
        .write(HERE, span(5, 6), Outcome::Evicted(0));
    overtaken.0.reads[1].span = span(2, 22);
    assert!(overtaken.broken().is_empty());
}

#[test]
fn request_without_a_right_answer_breaks_p1_unless_its_process_was_killed() {
    let lost = |death: Option<u64>| {
        let mut story = Story::default().write(HERE, span(0, 10), Outcome::Lost("reset".to_owned()));
        story.0.deaths.extend(death.map(|at| (HERE, span(at, at).began)));
        story
    };
    assert_eq!(lost(None).broken(), ["P1"]);
    assert!(lost(Some(5)).broken().is_empty());
    assert_eq!(lost(Some(50)).broken(), ["P1"], "it was alive then");
    let mut failed = Story::default().run(HERE, span(0, 10), 0);
    failed.0.reads[0].answer = Answer::Failed { run: 0 };
    assert_eq!(failed.broken(), ["P1"], "the fill did not fail");
    let slow = || Story::default().run(HERE, span(0, 30_000), 0);
    assert_eq!(slow().broken(), ["P1"]);
    assert_eq!(
        slow().trouble(0, span(0, 20_000)).broken(),
        ["P1"],
        "that takes no time"
    );
    let stopped = slow().fault(Fault::ReplicaFrozen, 0, span(5_000, 25_000));
    assert!(stopped.broken().is_empty());
    let silent = Story::default()
        .run(HERE, span(0, 10), 0)
        .read(HERE, span(20, 21), 0, CacheStatus::Unknown);
    assert_eq!(
        silent.broken(),
        ["P1"],
        "its headers must say whether it is a hit"
    );
}
