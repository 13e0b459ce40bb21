//! A real Redis server for tests: a process on a free port, ended with the test.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use redis::{Client, Connection, ConnectionLike, RedisResult, Value};

/// The environment variable that names another server than the `redis-server` on the PATH, such as a `valkey-server`.
const PROGRAM: &str = "REDIS_SERVER";

/// The environment variable that, set to `memory`, forbids servers: the quick tier of CONTRIBUTING.md.
const STORES: &str = "TEST_STORES";

/// Longer than a start takes on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A server process, killed when this value is dropped.
///
/// It persists nothing: after [`restart`](Self::restart) it is empty. When the test panics, its log is printed.
#[derive(Debug)]
pub(crate) struct RedisServer {
    options: Options,
    port: u16,
    folder: PathBuf,
    process: Option<Child>,
}

/// Settings of a [`RedisServer`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// `requirepass`.
    pub(crate) password: Option<String>,
    /// Further arguments, such as `["--maxmemory", "1mb"]`.
    pub(crate) arguments: Vec<String>,
}

impl Options {
    /// Requires clients to log in with this password.
    pub(crate) fn password(mut self, password: &str) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Appends arguments to the server's command line.
    pub(crate) fn arguments<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(String::from));
        self
    }
}

impl RedisServer {
    /// Starts a server with default settings.
    pub(crate) fn start() -> Self {
        Self::with(Options::default())
    }

    /// Starts a server, and returns when it answers commands.
    ///
    /// # Panics
    ///
    /// The server does not start, or the tests run without servers.
    #[track_caller]
    pub(crate) fn with(options: Options) -> Self {
        assert!(
            !is_memory_only(),
            "{STORES}=memory, but this test starts a server: put `redis` into its name, which the quick tier skips"
        );
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Short: a socket's path may have 107 bytes.
        let folder = env::temp_dir().join(format!("hc-redis-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder for temporary files is writable");
        let mut server = Self {
            options,
            port: 0,
            folder,
            process: None,
        };
        // Another process may take the free port before the server listens on it.
        while server.process.is_none() {
            server.port = free_port();
            server.launch();
        }
        server
    }

    /// `redis://…` with database 0, and the password if there is one.
    pub(crate) fn url(&self) -> String {
        self.database(0)
    }

    /// `redis://…` with another database.
    pub(crate) fn database(&self, number: u8) -> String {
        let password = self.options.password.iter();
        let login: String = password.map(|password| format!(":{password}@")).collect();
        format!("redis://{login}127.0.0.1:{}/{number}", self.port)
    }

    /// `redis+unix://…`: the same server through its socket.
    pub(crate) fn socket_url(&self) -> String {
        let password = self.options.password.iter();
        let login: String = password.map(|password| format!("?pass={password}")).collect();
        format!("redis+unix://{}{login}", self.socket().display())
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Sends one command to database 0, such as `["SET", "key", "value"]`, and returns the reply.
    ///
    /// # Panics
    ///
    /// The server replies with an error, or not at all.
    #[track_caller]
    pub(crate) fn command<const N: usize>(&self, words: [impl AsRef<[u8]>; N]) -> Value {
        self.try_command(words).expect("the server executes the command")
    }

    /// As [`command`](Self::command), but returns the error.
    pub(crate) fn try_command<const N: usize>(&self, words: [impl AsRef<[u8]>; N]) -> RedisResult<Value> {
        let mut command = redis::Cmd::new();
        for word in &words {
            command.arg(word.as_ref());
        }
        command.query(&mut self.connect()?)
    }

    /// The value of a key as bytes; `None` when there is none.
    #[track_caller]
    pub(crate) fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.command(["GET", key]) {
            Value::BulkString(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether a key exists, of any type.
    #[track_caller]
    pub(crate) fn exists(&self, key: &str) -> bool {
        self.command(["EXISTS", key]) == Value::Int(1)
    }

    /// Whether any lease is held. Markers under a lease's name do not count.
    #[track_caller]
    pub(crate) fn is_being_filled(&self) -> bool {
        let Value::Array(leases) = self.command(["KEYS", "*:lease"]) else {
            panic!("KEYS replies with a list");
        };
        leases.iter().any(|lease| match lease {
            Value::BulkString(lease) => {
                self.command([b"GETRANGE".as_slice(), lease, b"0", b"0"]) == Value::BulkString(b"L".to_vec())
            }
            other => panic!("KEYS listed {other:?}"),
        })
    }

    /// How often the server has executed a command.
    #[track_caller]
    pub(crate) fn calls(&self, command: &str) -> u64 {
        let info = self.command(["INFO", "commandstats"]);
        let info: String = redis::from_redis_value(info).expect("INFO is text");
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.and_then(|line| line.split(',').next()?.parse().ok())
            .unwrap_or(0)
    }

    /// Makes the server full: sets `maxmemory` to half of what it uses now.
    #[track_caller]
    pub(crate) fn fill_up(&self) {
        let info = self.command(["INFO", "memory"]);
        let info: String = redis::from_redis_value(info).expect("INFO is text");
        let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        let used: u64 = used
            .and_then(|used| used.parse().ok())
            .expect("INFO has the line `used_memory`");
        self.command(["CONFIG", "SET", "maxmemory", &(used / 2).to_string()]);
    }

    /// The remaining TTL of a key in milliseconds; negative when it has none or does not exist.
    #[track_caller]
    pub(crate) fn pttl(&self, key: &str) -> i64 {
        match self.command(["PTTL", key]) {
            Value::Int(millis) => millis,
            other => panic!("PTTL replied {other:?}"),
        }
    }

    /// Kills the process.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // SIGKILL ends a frozen process too. An error means that the process has ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again, empty, on the same port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let deadline = Instant::now() + START_TIMEOUT;
        while self.process.is_none() {
            assert!(
                Instant::now() < deadline,
                "port {} is taken: {}",
                self.port,
                self.log()
            );
            self.launch();
        }
    }

    /// Suspends the process: connections stay open and get no replies.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Resumes the process after [`freeze`](Self::freeze).
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, text: &str) {
        signal(self.process.as_ref().expect("the server runs"), text);
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> RedisResult<Connection> {
        // Through the socket, whose path is unique: another process's server might listen on the port.
        Client::open(self.socket_url())?.get_connection_with_timeout(START_TIMEOUT)
    }

    /// Starts the process and waits until it answers. Leaves `process` empty if the port is taken.
    fn launch(&mut self) {
        let program = env::var_os(PROGRAM).unwrap_or_else(|| "redis-server".into());
        let mut command = Command::new(&program);
        command
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--daemonize",
                "no",
            ])
            .args(["--port", &self.port.to_string()])
            .arg("--dir")
            .arg(&self.folder)
            .arg("--logfile")
            .arg(self.folder.join("log"))
            .arg("--unixsocket")
            .arg(self.socket())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(password) = &self.options.password {
            command.args(["--requirepass", password]);
        }
        command.args(&self.options.arguments);
        let process = command.spawn().unwrap_or_else(|error| {
            panic!(
                "these tests need a Redis server, but {program:?} does not start ({error}); install it: \
                 `apt-get install redis-server`, `brew install redis`, or name a build of it in {PROGRAM}"
            )
        });
        self.process = Some(process);
        let deadline = Instant::now() + START_TIMEOUT;
        while !self.answers() {
            let process = self.process.as_mut().expect("just started");
            if let Some(status) = process.try_wait().expect("the server is our child") {
                let log = self.log();
                assert!(
                    log.contains("Address already in use"),
                    "the Redis server ended with {status}: {log}"
                );
                self.process = None;
                return;
            }
            assert!(
                Instant::now() < deadline,
                "the Redis server does not answer: {}",
                self.log()
            );
            // The server does not signal that it is ready.
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn answers(&self) -> bool {
        self.connect()
            .is_ok_and(|mut connection| connection.check_connection())
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    fn log(&self) -> String {
        let log: &Path = &self.folder.join("log");
        fs::read_to_string(log).unwrap_or_else(|error| format!("(no log: {error})"))
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!(
                "the log of the Redis server on port {}:\n{}",
                self.port,
                self.log()
            );
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Sends a signal, such as `-STOP`, to a process.
pub(crate) fn signal(process: &Child, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &process.id().to_string()])
        .status();
    assert!(status.expect("`kill` runs").success());
}

/// Whether tests run on memory alone, without servers.
pub(crate) fn is_memory_only() -> bool {
    env::var_os(STORES).is_some_and(|stores| stores == "memory")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}
