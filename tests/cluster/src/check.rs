//! What a history must not show.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::history::{Answer, History, Kind, Moment, Outcome, Register, Run, Span, Verdict, Write};

/// How long after a fault is mended a replica may still act on it: the probe comes each second.
pub const AFTERMATH: Duration = Duration::from_secs(3);

/// No request takes longer, but for the time that its process is stopped: a wait of 10 s, a run, and some store time.
const LONGEST: Duration = Duration::from_secs(15);

/// What a response, and the news of a run's end, may take on a busy machine.
const LAG: Duration = Duration::from_secs(1);

/// How old a page of [`Kind::Short`] may be: its life, the longest window, and as much again as its writing may take.
const OLDEST: Duration = Duration::from_millis(300 + 2000 + 4000);

/// A broken promise, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub promise: &'static str,
    pub told: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.told)
    }
}

/// Every broken promise.
pub fn check(history: &History) -> Vec<Violation> {
    let mut violations = strangers(history);
    if !violations.is_empty() {
        return violations;
    }
    violations.extend(failures(history));
    violations.extend(undone_evictions(history));
    violations.extend(repeated_runs(history));
    violations
}

/// Whether no promise is broken. Prints those that are, and leaves the history in a file.
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

/// P2: what a page shows was made for it, before it was shown, and within its life.
fn strangers(history: &History) -> Vec<Violation> {
    let mut violations = Vec::new();
    for read in &history.reads {
        let (Answer::Page { run, .. } | Answer::Failed { run }) = read.answer else {
            continue;
        };
        let told = match history.runs.get(run) {
            None => Some("there was no such run".to_owned()),
            Some(run) if run.register != read.register => Some(format!("{run:?} was for another")),
            Some(run) if run.span.began > read.span.ended => Some(format!("{run:?} came later")),
            Some(run) => {
                let age = read.span.began.saturating_sub(run.span.ended);
                let stopped = history.stopped(read.by.replica, read.span);
                (read.register.kind == Kind::Short && age > OLDEST + stopped)
                    .then(|| format!("{run:?} was over for {age:?}"))
            }
        };
        violations.extend(told.map(|told| Violation {
            promise: "P2",
            told: format!("{read:?}: {told}"),
        }));
    }
    violations
}

/// P1: every request is answered, as its run answered, and in time.
fn failures(history: &History) -> Vec<Violation> {
    let reads = history.reads.iter().map(|read| {
        let told = match &read.answer {
            Answer::Lost(error) => Some((true, error.clone())),
            Answer::Wrong(answer) => Some((false, answer.clone())),
            Answer::Failed { run } => {
                (!history.runs[*run].fails).then(|| (false, format!("run {run} did not fail")))
            }
            Answer::Page {
                verdict: Verdict::None,
                ..
            } if read.register.kind != Kind::Value => {
                Some((false, "it does not say how it came about".to_owned()))
            }
            Answer::Page { run, value, .. } => {
                let told = format!("value {value}, run {run} saw {}", history.runs[*run].value);
                (history.runs[*run].value != *value).then_some((false, told))
            }
        };
        (read.register, read.by, read.span, told)
    });
    let writes = history.writes.iter().map(|write| {
        let told = match &write.outcome {
            Outcome::Lost(error) => Some((true, error.clone())),
            Outcome::Wrong(answer) => Some((false, answer.clone())),
            Outcome::Evicted(_) | Outcome::Overdue(_) => None,
        };
        (write.register, write.by, write.span, told)
    });
    let mut violations = Vec::new();
    for (register, by, span, told) in reads.chain(writes) {
        match told {
            // Its process was killed under it.
            Some((true, _)) if history.died(by).is_some_and(|death| death <= span.ended) => {}
            Some((_, told)) => violations.push(Violation {
                promise: "P1",
                told: format!("{register} of {by} at {span:?}: {told}"),
            }),
            None if span.length() > LONGEST + history.stopped(by.replica, span) => {
                violations.push(Violation {
                    promise: "P1",
                    told: format!("{register} of {by} took {:?}", span.length()),
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
                    // Nobody else knows of it yet.
                    Outcome::Overdue(written) => written > value && write.by == read.by,
                    Outcome::Lost(_) | Outcome::Wrong(_) => false,
                }
        });
        if let Some(write) = undone.next_back() {
            violations.push(Violation {
                promise: "P3",
                told: format!("{read:?} shows {made:?} after {write:?}"),
            });
        }
    }
    violations
}

/// Trouble before this span may still be felt in it.
fn with_aftermath(span: Span) -> Span {
    Span {
        began: span.began.saturating_sub(AFTERMATH),
        ended: span.ended,
    }
}

/// P4: between two runs of one page, while all is well, something took the page away.
fn repeated_runs(history: &History) -> Vec<Violation> {
    let led = led(history);
    let mut violations = Vec::new();
    for (register, mut runs) in by_register(&led, |led| led.run.register) {
        if register.kind.is_short() {
            continue;
        }
        runs.sort_by_key(|led| led.run.span.began);
        let evictions: Vec<Span> = history
            .writes
            .iter()
            .filter(|write| takes_away(write.register, register))
            .map(|write| until_done(history, write))
            .collect();
        for (index, first) in runs.iter().enumerate() {
            if first.run.fails || !first.granted {
                continue;
            }
            for second in &runs[index + 1..] {
                let saw_failures = |led: &Led<'_>| {
                    let waited = Span {
                        began: led.asked.saturating_sub(LAG),
                        ended: led.run.span.began,
                    };
                    runs.iter()
                        .any(|other| other.run.fails && other.run.span.overlaps(waited))
                };
                let taken_away = |since| {
                    let between = Span {
                        began: since,
                        ended: second.run.span.began,
                    };
                    evictions.iter().any(|eviction| eviction.overlaps(between))
                };
                // So it is before all later ones.
                if taken_away(first.asked) {
                    break;
                }
                // It may have had its lease before the first, and only begun behind it.
                if taken_away(second.asked) {
                    continue;
                }
                // On a busy machine a store that is well may take longer than a short budget.
                if !second.granted && history.budget < LAG {
                    continue;
                }
                // A request that waited for runs that came to nothing is done with waiting: it runs for itself.
                if !second.granted && saw_failures(second) {
                    continue;
                }
                let between = Span {
                    began: first.asked,
                    ended: second.run.span.began,
                };
                let troubled = [first, second]
                    .iter()
                    .any(|led| history.is_troubled(led.run.by.replica, with_aftermath(between), |_| true));
                if !troubled {
                    violations.push(Violation {
                        promise: "P4",
                        told: format!("{second:?} though nothing took away {first:?}"),
                    });
                    break;
                }
            }
        }
    }
    violations
}

/// A run, and what is known of the request that led it.
#[derive(Debug)]
struct Led<'a> {
    run: &'a Run,
    /// When the request began: the lease is no older, and what was evicted since fences the run.
    asked: Moment,
    /// There was a lease.
    granted: bool,
}

fn led(history: &History) -> Vec<Led<'_>> {
    let runs = history.runs.iter();
    let mut led: Vec<Led<'_>> = runs
        .map(|run| Led {
            run,
            asked: run.span.began,
            granted: false,
        })
        .collect();
    for read in &history.reads {
        match read.answer {
            Answer::Page {
                run,
                verdict: verdict @ (Verdict::Stored | Verdict::Passed),
                ..
            } => {
                led[run].asked = read.span.began;
                led[run].granted = verdict == Verdict::Stored;
            }
            // It led, or it waited.
            Answer::Failed { run } => led[run].asked = led[run].asked.min(read.span.began),
            Answer::Page { .. } | Answer::Lost(_) | Answer::Wrong(_) => {}
        }
    }
    led
}

/// Whether evicting the one takes away the other, or keeps it from being stored.
fn takes_away(evicted: Register, other: Register) -> bool {
    match (evicted.kind, other.kind) {
        (Kind::Whole, Kind::Whole) => true,
        // An answer may turn out to bear any tag that was evicted while it was made.
        (Kind::Tagged | Kind::Named, Kind::Named) => true,
        _ => evicted == other,
    }
}

/// From the beginning of a write until its eviction is carried out, at the latest.
fn until_done(history: &History, write: &Write) -> Span {
    let ended = match write.outcome {
        Outcome::Evicted(_) => write.span.ended,
        // As long as one fault follows on another, its process may have had no chance.
        Outcome::Overdue(_) | Outcome::Lost(_) | Outcome::Wrong(_) => {
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
