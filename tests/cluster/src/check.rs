//! Checks a history for broken promises.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::history::{Answer, CacheStatus, Fill, History, Kind, Moment, Outcome, Register, Span, Write};

/// How long after the end of a fault a replica may still be affected: the probe comes each second.
pub const AFTERMATH: Duration = Duration::from_secs(3);

/// The longest request, apart from the time that its process is suspended: 10 s of waiting, one fill, and some store time.
const LONGEST: Duration = Duration::from_secs(15);

/// How late a response, and the notice that a handler has returned, may arrive on a busy machine.
const LAG: Duration = Duration::from_secs(1);

/// How old a page of [`Kind::Short`] may be: its TTL, the longest window, and the time that writing it may take.
const OLDEST: Duration = Duration::from_millis(300 + 2000 + 4000);

/// A broken promise, and the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub promise: &'static str,
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.detail)
    }
}

/// All broken promises.
pub fn check(history: &History) -> Vec<Violation> {
    let mut violations = strangers(history);
    if !violations.is_empty() {
        return violations;
    }
    violations.extend(failures(history));
    violations.extend(undone_evictions(history));
    violations.extend(repeated_fills(history));
    violations
}

/// Whether no promise is broken. Prints the broken ones, and writes the history to a file.
pub fn holds(history: &History, seed: u64) -> bool {
    let violations = check(history);
    for violation in &violations {
        println!("{violation}");
    }
    if !violations.is_empty() {
        let file = std::env::temp_dir().join(format!("history-{seed}.txt"));
        match std::fs::write(&file, history.to_string()) {
            Ok(()) => println!("seed {seed}; what happened is in {}", file.display()),
            Err(error) => println!("seed {seed}; {error}\n{history}"),
        }
    }
    violations.is_empty()
}

/// P2: the content of a page was made for it, before it was shown, and within its TTL.
fn strangers(history: &History) -> Vec<Violation> {
    let mut violations = Vec::new();
    for read in &history.reads {
        let (Answer::Page { run, .. } | Answer::Failed { run }) = read.answer else {
            continue;
        };
        let detail = match history.runs.get(run) {
            None => Some("no handler returned this page".to_owned()),
            Some(run) if run.register != read.register => Some(format!("{run:?} was for another")),
            Some(run) if run.span.began > read.span.ended => Some(format!("{run:?} came later")),
            Some(run) => {
                let age = read.span.began.saturating_sub(run.span.ended);
                let stopped = history.stopped(read.by.replica, read.span);
                (read.register.kind == Kind::Short && age > OLDEST + stopped)
                    .then(|| format!("{run:?} was over for {age:?}"))
            }
        };
        violations.extend(detail.map(|detail| Violation {
            promise: "P2",
            detail: format!("{read:?}: {detail}"),
        }));
    }
    violations
}

/// P1: every request gets the response of its fill, in time.
fn failures(history: &History) -> Vec<Violation> {
    let reads = history.reads.iter().map(|read| {
        let detail = match &read.answer {
            Answer::Lost(error) => Some((true, error.clone())),
            Answer::Wrong(answer) => Some((false, answer.clone())),
            Answer::Failed { run } => {
                (!history.runs[*run].fails).then(|| (false, format!("fill {run} did not fail")))
            }
            Answer::Page {
                cache_status: CacheStatus::Unknown,
                ..
            } if read.register.kind != Kind::Value => {
                Some((false, "its headers do not say whether it is a hit".to_owned()))
            }
            Answer::Page { run, value, .. } => {
                let detail = format!("value {value}, fill {run} read {}", history.runs[*run].value);
                (history.runs[*run].value != *value).then_some((false, detail))
            }
        };
        (read.register, read.by, read.span, detail)
    });
    let writes = history.writes.iter().map(|write| {
        let detail = match &write.outcome {
            Outcome::Lost(error) => Some((true, error.clone())),
            Outcome::Wrong(answer) => Some((false, answer.clone())),
            Outcome::Evicted(_) | Outcome::Retrying(_) => None,
        };
        (write.register, write.by, write.span, detail)
    });
    let mut violations = Vec::new();
    for (register, by, span, detail) in reads.chain(writes) {
        match detail {
            // Its process was killed while the request was in progress.
            Some((true, _)) if history.died(by).is_some_and(|death| death <= span.ended) => {}
            Some((_, detail)) => violations.push(Violation {
                promise: "P1",
                detail: format!("{register} of {by} at {span:?}: {detail}"),
            }),
            None if span.length() > LONGEST + history.stopped(by.replica, span) => {
                violations.push(Violation {
                    promise: "P1",
                    detail: format!("{register} of {by} took {:?}", span.length()),
                });
            }
            None => {}
        }
    }
    violations
}

/// P3: no read shows a value from before the last write whose eviction had returned when the read began.
fn undone_evictions(history: &History) -> Vec<Violation> {
    let writes = by_register(&history.writes, |write| write.register);
    let mut violations = Vec::new();
    for read in &history.reads {
        let Answer::Page { run, value, .. } = read.answer else {
            continue;
        };
        let made = &history.runs[run];
        let mut undone = writes.get(&read.register).into_iter().flatten().filter(|write| {
            write.span.ended < read.span.began
                && match write.outcome {
                    Outcome::Evicted(written) => written > value,
                    // No other process knows of it yet.
                    Outcome::Retrying(written) => written > value && write.by == read.by,
                    Outcome::Lost(_) | Outcome::Wrong(_) => false,
                }
        });
        if let Some(write) = undone.next_back() {
            violations.push(Violation {
                promise: "P3",
                detail: format!("{read:?} shows {made:?} after {write:?}"),
            });
        }
    }
    violations
}

/// The span, extended by the time in which earlier faults may still have effects.
fn with_aftermath(span: Span) -> Span {
    Span {
        began: span.began.saturating_sub(AFTERMATH),
        ended: span.ended,
    }
}

/// P4: a page is filled twice only if it was evicted in between, or a fault occurred.
fn repeated_fills(history: &History) -> Vec<Violation> {
    let led = led(history);
    let mut violations = Vec::new();
    for (register, mut runs) in by_register(&led, |led| led.fill.register) {
        if register.kind.is_short() {
            continue;
        }
        runs.sort_by_key(|led| led.fill.span.began);
        let evictions: Vec<Span> = history
            .writes
            .iter()
            .filter(|write| removes(write.register, register))
            .map(|write| until_done(history, write))
            .collect();
        for (index, first) in runs.iter().enumerate() {
            if first.fill.fails || !first.granted {
                continue;
            }
            for second in &runs[index + 1..] {
                let saw_failures = |led: &Led<'_>| {
                    let waited = Span {
                        began: led.asked.saturating_sub(LAG),
                        ended: led.fill.span.began,
                    };
                    runs.iter()
                        .any(|other| other.fill.fails && other.fill.span.overlaps(waited))
                };
                let removed = |since| {
                    let between = Span {
                        began: since,
                        ended: second.fill.span.began,
                    };
                    evictions.iter().any(|eviction| eviction.overlaps(between))
                };
                // Then it was removed before all later fills as well.
                if removed(first.asked) {
                    break;
                }
                // It may have had its lease before the first, and have begun only after it.
                if removed(second.asked) {
                    continue;
                }
                // On a busy machine a working server may take longer than a short budget.
                if !second.granted && history.budget < LAG {
                    continue;
                }
                // A waiter whose leaders all failed stops waiting and runs the handler itself.
                if !second.granted && saw_failures(second) {
                    continue;
                }
                let between = Span {
                    began: first.asked,
                    ended: second.fill.span.began,
                };
                let troubled = [first, second]
                    .iter()
                    .any(|led| history.is_troubled(led.fill.by.replica, with_aftermath(between), |_| true));
                if !troubled {
                    violations.push(Violation {
                        promise: "P4",
                        detail: format!("{second:?} though nothing removed {first:?}"),
                    });
                    break;
                }
            }
        }
    }
    violations
}

/// A fill, and when its leader requested the page, if that is known.
#[derive(Debug)]
struct Led<'a> {
    fill: &'a Fill,
    /// When the request began: the lease is not older, and later evictions fence the fill.
    asked: Moment,
    /// Whether the fill had a lease.
    granted: bool,
}

fn led(history: &History) -> Vec<Led<'_>> {
    let runs = history.runs.iter();
    let mut led: Vec<Led<'_>> = runs
        .map(|run| Led {
            fill: run,
            asked: run.span.began,
            granted: false,
        })
        .collect();
    for read in &history.reads {
        match read.answer {
            Answer::Page {
                run,
                cache_status: cache_status @ (CacheStatus::Stored | CacheStatus::NotStored),
                ..
            } => {
                led[run].asked = read.span.began;
                led[run].granted = cache_status == CacheStatus::Stored;
            }
            // The leader, or a waiter.
            Answer::Failed { run } => led[run].asked = led[run].asked.min(read.span.began),
            Answer::Page { .. } | Answer::Lost(_) | Answer::Wrong(_) => {}
        }
    }
    led
}

/// Whether evicting one page removes the other, or prevents that it is stored.
fn removes(evicted: Register, other: Register) -> bool {
    match (evicted.kind, other.kind) {
        (Kind::Whole, Kind::Whole) => true,
        // A response may have any tag that was evicted while it was made.
        (Kind::Tagged | Kind::Named, Kind::Named) => true,
        _ => evicted == other,
    }
}

/// From the beginning of a write until its eviction has happened at the latest.
fn until_done(history: &History, write: &Write) -> Span {
    let ended = match write.outcome {
        Outcome::Evicted(_) => write.span.ended,
        // While one fault follows another, its process may have been unable to retry.
        Outcome::Retrying(_) | Outcome::Lost(_) | Outcome::Wrong(_) => {
            let troubles = history.troubles.iter();
            troubles
                .filter(|trouble| trouble.concerns(write.by.replica))
                .fold(write.span.ended + AFTERMATH, |done, trouble| {
                    if trouble.span.began <= done {
                        done.max(trouble.span.ended + AFTERMATH)
                    } else {
                        done
                    }
                })
        }
    };
    Span {
        began: write.span.began,
        ended,
    }
}

fn by_register<T>(items: &[T], register: impl Fn(&T) -> Register) -> BTreeMap<Register, Vec<&T>> {
    let mut sorted: BTreeMap<Register, Vec<&T>> = BTreeMap::new();
    for item in items {
        sorted.entry(register(item)).or_default().push(item);
    }
    sorted
}

#[cfg(test)]
mod tests;
