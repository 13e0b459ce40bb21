//! Runs an example as its users do: a process, called over HTTP.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use super::server::signal;

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running example, killed when this value is dropped.
#[derive(Debug)]
pub struct Example {
    process: Child,
    address: String,
    /// Kept open, since the example prints more than its first line.
    stdout: BufReader<ChildStdout>,
}

/// A response as text.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The value of `x-cache`.
    pub fn x_cache(&self) -> Option<&str> {
        self.header("x-cache")
    }
}

/// Builds an example and returns the path of its program.
pub fn program(name: &str) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--all-features", "--example", name])
        .status();
    assert!(built.expect("cargo runs").success(), "the example builds");
    let tests = env::current_exe().expect("the path of a running program is known");
    let target = tests.ancestors().nth(2).expect("tests are in target/debug/deps");
    target.join("examples").join(name)
}

impl Example {
    pub fn start(name: &str, cache_url: &str) -> Self {
        Self::start_with(name, cache_url, [])
    }

    /// As [`start`](Self::start), with more environment variables.
    pub fn start_with<const N: usize>(name: &str, cache_url: &str, variables: [(&str, &str); N]) -> Self {
        let mut process = Command::new(program(name))
            .env("CACHE_URL", cache_url)
            .env("PORT", "0")
            .env("RUST_LOG", "off")
            .env("NO_COLOR", "1")
            .envs(variables)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().expect("stdout is piped"));
        stdout.read_line(&mut line).expect("the first line is readable");
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once(','));
        let address = address.expect("the first line has the URL").0.to_owned();
        Self {
            process,
            address,
            stdout,
        }
    }

    /// The address on which it listens: host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout can be set");
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        for header in headers {
            request += &format!("{header}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut response = String::new();
        stream
            .read_to_string(&mut response)
            .expect("the response is complete");
        let (head, body) = response.split_once("\r\n\r\n").expect("a response has a head");
        Answer {
            status: head[9..12].parse().expect("a status is a number"),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Repeats a GET until `x-cache` has this value; asserts that each response is a 200.
    pub fn get_until(&self, path: &str, x_cache: &str) {
        self.get_until_it(path, x_cache, |answer| answer.x_cache() == Some(x_cache));
    }

    /// Repeats a GET until a condition holds for the response, and returns that; asserts that each response is a 200.
    pub fn get_until_it(&self, path: &str, what: &str, holds: impl Fn(&Answer) -> bool) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get(path);
            assert_eq!(answer.status, 200, "{}", answer.head);
            if holds(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} has not become {what}");
        }
    }

    /// Reads the next line of its output, with the line break.
    ///
    /// # Panics
    ///
    /// The example has ended.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let length = self.stdout.read_line(&mut line).expect("the output is text");
        assert!(length > 0, "the example has ended");
        line
    }

    /// Ends it as Ctrl-C does, and returns the rest of its output.
    ///
    /// # Panics
    ///
    /// The example exits with an error.
    #[track_caller]
    pub fn interrupt(mut self) -> String {
        signal(&self.process, "-INT");
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("the output is text");
        let status = self.process.wait().expect("the process is a child");
        assert!(status.success(), "{status}: {rest}");
        rest
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
