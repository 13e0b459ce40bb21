//! The connection: made by [`Link::probe`] alone, shared by every call, dropped when it breaks.
//!
//! A call that finds no connection fails at once. If calls connected, all that miss during an outage would wait
//! for the same connect; so only the probe does, which the background sends each second.

use std::time::{Duration, Instant};

use redis::{
    AsyncConnectionConfig, Client, Cmd, Pipeline, RedisResult, Value, aio::MultiplexedConnection, cmd,
};

use super::error as fault;
use crate::{
    store::{StoreError, resilience},
    sync::{Mutex, MutexGuard, lock},
};

/// Long enough to connect across a region. Shorter than the guard waits, which would leave the dead connection in place.
const PROBE_TIMEOUT: Duration = Duration::from_millis(900);

/// How often a server that takes no writes is left for another.
const READ_ONLY_PAUSE: Duration = Duration::from_secs(60);

pub(super) struct Link {
    client: Client,
    /// Held for as long as it takes to clone or replace what is in it, never across an await.
    line: Mutex<State>,
}

struct State {
    line: Option<Line>,
    /// How many there have been, to tell one from the next.
    made: u64,
    /// When a server last said that it takes no writes.
    read_only: Option<Instant>,
}

/// One connection.
///
/// Its calls may be dropped at any time: the driver keeps a place in its queue for each command it sent and
/// discards the answer of one that nobody waits for, so that a later call never gets an earlier one's answer.
#[derive(Clone)]
pub(super) struct Line {
    connection: MultiplexedConnection,
    number: u64,
}

impl Link {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            line: Mutex::new(State {
                line: None,
                made: 0,
                read_only: None,
            }),
        }
    }

    /// The connection there is.
    pub(super) fn line(&self) -> Result<Line, StoreError> {
        let line = self.state().line.clone();
        line.ok_or_else(|| StoreError::unavailable("not connected"))
    }

    /// The answer to one command; an error of the server is one of its values.
    pub(super) async fn call(&self, command: Cmd) -> Result<Value, StoreError> {
        let mut line = self.line()?;
        let answer = line.connection.send_packed_command(&command).await;
        let answer = self.heard(&line, answer)?;
        self.heed(&line, &answer);
        Ok(answer)
    }

    /// The answers to several commands sent together over `line`, in their order.
    pub(super) async fn calls(&self, line: &Line, commands: Pipeline) -> Result<Vec<Value>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = line.connection.clone();
        let answers = connection
            .send_packed_commands(&commands, 0, commands.len())
            .await;
        let answers = self.heard(line, answers)?;
        for answer in &answers {
            self.heed(line, answer);
        }
        Ok(answers)
    }

    /// The server's time, over a new connection if there is none.
    pub(super) async fn probe(&self) -> Result<Value, StoreError> {
        let mut asked = self.line().ok();
        let answer = async {
            let line = match &mut asked {
                Some(line) => line,
                none => none.insert(self.connect().await.map_err(fault::of_connection)?),
            };
            let answer = line.connection.send_packed_command(&cmd("TIME")).await;
            let answer = self.heard(line, answer)?;
            self.heed(line, &answer);
            Ok(answer)
        };
        resilience::within(PROBE_TIMEOUT, answer)
            .await
            .unwrap_or_else(|| {
                // A peer that vanished never says so: without this the dead connection would stay.
                if let Some(line) = &asked {
                    self.drop_line(line);
                }
                Err(StoreError::unavailable(format!(
                    "no answer within {PROBE_TIMEOUT:?}"
                )))
            })
    }

    async fn connect(&self) -> RedisResult<Line> {
        // The caller's budget and the probe's own time-out bound each wait; the crate's would not cover them all.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut state = self.state();
        state.made += 1;
        let line = Line {
            connection,
            number: state.made,
        };
        // Of two probes at once the first to arrive wins, so that calls in flight keep their connection.
        Ok(state.line.get_or_insert(line).clone())
    }

    fn heard<T>(&self, line: &Line, answer: RedisResult<T>) -> Result<T, StoreError> {
        answer.map_err(|error| {
            // Errors of the server come as values; all that comes this way is the end of the connection.
            self.drop_line(line);
            fault::of_connection(error)
        })
    }

    fn heed(&self, line: &Line, answer: &Value) {
        let Value::ServerError(error) = answer else { return };
        if fault::is_logged_out(error) || (fault::is_read_only(error) && self.may_be_another()) {
            self.drop_line(line);
        }
    }

    /// A new connection may lead to the new master, where there is one. Where there is none, the reads that still work
    /// are not given up each time.
    fn may_be_another(&self) -> bool {
        let mut state = self.state();
        let due = state
            .read_only
            .is_none_or(|last| last.elapsed() >= READ_ONLY_PAUSE);
        if due {
            state.read_only = Some(Instant::now());
        }
        due
    }

    /// Forgets this connection, unless another took its place already.
    fn drop_line(&self, broken: &Line) {
        let mut state = self.state();
        if state
            .line
            .as_ref()
            .is_some_and(|line| line.number == broken.number)
        {
            state.line = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in there is ever half done.
        lock(&self.line)
    }
}

impl Line {
    /// Sends one command behind all that were sent before, and takes no interest in its answer.
    pub(super) async fn send(mut self, mut command: Cmd) {
        command.set_no_response(true);
        let _ = self.connection.send_packed_command(&command).await;
    }
}
