//! The connection: made by the probe alone, shared by all calls, dropped when it breaks.
//!
//! A call that finds no connection fails at once. If calls connected, every miss during an outage would wait for the same
//! connection attempt.

use std::time::{Duration, Instant};

use redis::{
    AsyncConnectionConfig, Client, Cmd, Pipeline, RedisResult, Value, aio::MultiplexedConnection, cmd,
};

use super::error;
use crate::{
    store::{StoreError, resilience},
    sync::{Mutex, lock},
};

/// Long enough to connect across a region. Shorter than the timeout of the guard, which would leave a dead connection in
/// place.
const PROBE_TIMEOUT: Duration = Duration::from_millis(900);

/// How often a connection to a read-only server is replaced.
const READ_ONLY_INTERVAL: Duration = Duration::from_secs(60);

/// The connection that all calls share.
pub(super) struct SharedConnection {
    client: Client,
    /// Never held across an await.
    state: Mutex<State>,
}

struct State {
    connection: Option<Connection>,
    /// The number of the newest connection.
    last: u64,
    /// When a connection was last dropped because the server is read-only.
    read_only: Option<Instant>,
}

/// One connection.
///
/// # Cancel safety
///
/// Its calls may be dropped at any await point. The driver keeps a place in its queue for each command that it has sent,
/// and discards the reply of a dropped call, so that no later call receives it.
#[derive(Clone)]
pub(super) struct Connection {
    inner: MultiplexedConnection,
    number: u64,
}

impl SharedConnection {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            state: Mutex::new(State {
                connection: None,
                last: 0,
                read_only: None,
            }),
        }
    }

    /// # Errors
    /// There is no connection.
    pub(super) fn current(&self) -> Result<Connection, StoreError> {
        let connection = lock(&self.state).connection.clone();
        connection.ok_or_else(|| StoreError::unavailable("not connected"))
    }

    /// The reply to a command. An error of the server is a value.
    pub(super) async fn call(&self, command: Cmd) -> Result<Value, StoreError> {
        self.call_over(&mut self.current()?, &command).await
    }

    /// The replies to commands that are sent together, in their order.
    pub(super) async fn call_all(
        &self,
        connection: &Connection,
        commands: Pipeline,
    ) -> Result<Vec<Value>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let mut inner = connection.inner.clone();
        let replies = inner.send_packed_commands(&commands, 0, commands.len()).await;
        let replies = self.check_connection(connection, replies)?;
        for reply in &replies {
            self.check_reply(connection, reply);
        }
        Ok(replies)
    }

    /// The server's time, over a new connection if there is none.
    pub(super) async fn probe(&self) -> Result<Value, StoreError> {
        let mut connection = self.current().ok();
        let reply = async {
            let connection = match &mut connection {
                Some(connection) => connection,
                none => none.insert(self.connect().await.map_err(error::of_connection)?),
            };
            self.call_over(connection, &cmd("TIME")).await
        };
        resilience::within(PROBE_TIMEOUT, reply).await.unwrap_or_else(|| {
            // A peer that has vanished does not close the connection.
            if let Some(connection) = &connection {
                self.drop_connection(connection);
            }
            Err(StoreError::unavailable(format!(
                "no answer within {PROBE_TIMEOUT:?}"
            )))
        })
    }

    async fn call_over(&self, connection: &mut Connection, command: &Cmd) -> Result<Value, StoreError> {
        let reply = connection.inner.send_packed_command(command).await;
        let reply = self.check_connection(connection, reply)?;
        self.check_reply(connection, &reply);
        Ok(reply)
    }

    async fn connect(&self) -> RedisResult<Connection> {
        // The caller's budget and the timeout of the probe limit every wait, which the driver's own timeouts would not.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let inner = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut state = lock(&self.state);
        state.last += 1;
        let number = state.last;
        // The first of two concurrent probes wins, so that calls in flight keep their connection.
        let connection = state.connection.get_or_insert(Connection { inner, number });
        Ok(connection.clone())
    }

    /// Drops the connection if it has broken. Errors of the server come as values, so any other error means that.
    fn check_connection<T>(&self, connection: &Connection, reply: RedisResult<T>) -> Result<T, StoreError> {
        reply.map_err(|failure| {
            self.drop_connection(connection);
            error::of_connection(failure)
        })
    }

    /// Drops the connection if the server does not accept it any more, or if a new one may lead to another server.
    fn check_reply(&self, connection: &Connection, reply: &Value) {
        let Value::ServerError(failure) = reply else {
            return;
        };
        if error::is_logged_out(failure) || (error::is_read_only(failure) && self.acquire_read_only_drop()) {
            self.drop_connection(connection);
        }
    }

    /// Takes the permission to drop a connection to a read-only server, once per [`READ_ONLY_INTERVAL`]: after a failover a
    /// new connection leads to the new master, and otherwise the reads that still work are not interrupted again and again.
    fn acquire_read_only_drop(&self) -> bool {
        let mut state = lock(&self.state);
        let is_due = state
            .read_only
            .is_none_or(|last| last.elapsed() >= READ_ONLY_INTERVAL);
        if is_due {
            state.read_only = Some(Instant::now());
        }
        is_due
    }

    /// Drops this connection, unless another has replaced it already.
    fn drop_connection(&self, broken: &Connection) {
        let mut state = lock(&self.state);
        let current = state.connection.as_ref();
        if current.is_some_and(|current| current.number == broken.number) {
            state.connection = None;
        }
    }
}

impl Connection {
    /// Sends a command after all that were sent before, without waiting for its reply.
    pub(super) async fn send(mut self, mut command: Cmd) {
        command.set_no_response(true);
        let _ = self.inner.send_packed_command(&command).await;
    }
}
