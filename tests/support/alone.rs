//! Runs a test in a process of its own, where no other test allocates memory or registers handlers.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{env, process::Command};

const TASK: &str = "HANDLER_CACHE_TEST_TASK";

/// The task that [`run`] passed to this process; `None` in the process of all tests.
pub fn task() -> Option<String> {
    env::var(TASK).ok()
}

/// Runs one test of this program again in a process of its own, and returns its output.
///
/// `module` is the `module_path!()` of the test.
///
/// # Panics
///
/// The test fails.
#[track_caller]
pub fn run(module: &str, test: &str, task: &str) -> String {
    let program = env::current_exe().expect("the path of a running program is known");
    let output = Command::new(program)
        .args(["--exact", &full_name(module, test), "--nocapture"])
        .env(TASK, task)
        .output()
        .expect("the program runs again");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{log}");
    assert!(printed.contains("1 passed"), "there is no such test: {printed}");
    printed
}

/// The name of a test in the test harness: its path without the crate.
pub fn full_name(module: &str, test: &str) -> String {
    match module.split_once("::") {
        Some((_, inside)) => format!("{inside}::{test}"),
        None => test.to_owned(),
    }
}

/// The resident memory of this process, in bytes.
#[cfg(target_os = "linux")]
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has this file");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.expect("the file has the line `VmRSS`") * 1024
}
