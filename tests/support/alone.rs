//! A test in a process of its own: what it holds, and which handlers it knows, is nobody else's doing.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{env, process::Command};

const TASK: &str = "HANDLER_CACHE_TEST_TASK";

/// In a process that [`run`] started: what it is to do.
pub fn task() -> Option<String> {
    env::var(TASK).ok()
}

/// Runs one test of this binary again, in a process of its own, and returns what it prints. `module` is its `module_path!()`.
///
/// # Panics
///
/// It fails.
#[track_caller]
pub fn run(module: &str, test: &str, task: &str) -> String {
    let program = env::current_exe().expect("a test knows its file");
    let output = Command::new(program)
        .args(["--exact", &full_name(module, test), "--nocapture"])
        .env(TASK, task)
        .output()
        .expect("this very file runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{log}");
    assert!(told.contains("1 passed"), "no such test: {told}");
    told
}

/// The name by which the test harness knows a test: its path without the crate.
pub fn full_name(module: &str, test: &str) -> String {
    match module.split_once("::") {
        Some((_, inside)) => format!("{inside}::{test}"),
        None => test.to_owned(),
    }
}

/// The memory of this process that is in use, in bytes.
#[cfg(target_os = "linux")]
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.expect("a process has a size") * 1024
}
