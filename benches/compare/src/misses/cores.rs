//! Who runs on which core: a server beside its client answers sooner than any that is elsewhere.

use std::{
    error::Error,
    process::{self, Command, Stdio},
    thread::available_parallelism,
};

/// Starts something on the second core, and keeps this thread to the first one for `with`.
///
/// # Errors
///
/// There is one core, or `taskset` fails.
pub(crate) fn apart<T, R>(
    start: impl FnOnce() -> T,
    with: impl FnOnce(&T) -> Result<R, Box<dyn Error>>,
) -> Result<R, Box<dyn Error>> {
    let cores = available_parallelism()?.get();
    if cores < 2 {
        return Err("client and server need a core each, and there is one core".into());
    }
    // What a thread starts may run where the thread may.
    keep_to("1")?;
    let started = start();
    keep_to("0")?;
    let result = with(&started);
    keep_to(&format!("0-{}", cores - 1))?;
    result
}

fn keep_to(cores: &str) -> Result<(), Box<dyn Error>> {
    let own = process::id().to_string();
    let status = Command::new("taskset")
        .args(["--cpu-list", "--pid", cores, &own])
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("`taskset` cannot keep this process to core {cores}: {status}").into());
    }
    Ok(())
}
