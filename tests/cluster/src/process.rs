//! A replica as a process of its own.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{history::Process, replica, server::signal};

/// The settings of a replica's process.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The program; its package knows where it was built.
    pub(crate) program: PathBuf,
    pub(crate) redis: String,
    pub(crate) database: u16,
    /// Seconds that its machine's clock is ahead.
    pub(crate) ahead: i64,
    pub(crate) budget: Duration,
}

/// Killed with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    log: Log,
}

/// Its log lines and their times.
type Log = Arc<Mutex<Vec<(Instant, String)>>>;

impl Server {
    /// Starts the process, and returns when it listens.
    pub(crate) fn start(setup: &Setup, process: Process) -> Self {
        let program: &Path = &setup.program;
        let mut child = Command::new(program)
            .env(replica::REDIS, &setup.redis)
            .env(replica::DATABASE, setup.database.to_string())
            .env(replica::PROCESS, process.to_string())
            .env(replica::AHEAD, setup.ahead.to_string())
            .env(replica::BUDGET, setup.budget.as_millis().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the replica was built with this test");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let log = Log::default();
        let (sender, receiver) = mpsc::channel();
        let writing = Arc::clone(&log);
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(port) = line.strip_prefix("port ") {
                    let _ = sender.send(port.parse());
                }
                let mut log = writing.lock().unwrap_or_else(PoisonError::into_inner);
                log.push((Instant::now(), line));
            }
        });
        let port = receiver.recv().expect("a replica says where it listens");
        Self {
            child,
            port: port.expect("a port is a number"),
            log,
        }
    }

    /// When it first logged this since then.
    pub(crate) fn said(&self, text: &str, since: Instant) -> Option<Instant> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let said = log.iter().find(|(at, line)| *at >= since && line.contains(text));
        said.map(|(at, _)| *at)
    }

    pub(crate) fn freeze(&self) {
        signal(&self.child, "-STOP");
    }

    pub(crate) fn thaw(&self) {
        signal(&self.child, "-CONT");
    }

    /// Kills the process.
    pub(crate) fn kill(&mut self) {
        // An error means that the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
