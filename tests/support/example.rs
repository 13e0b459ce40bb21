//! An example as its users run it: a process of its own, asked over HTTP.

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

/// Far beyond what anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running example, ended with the test.
#[derive(Debug)]
pub struct Example {
    process: Child,
    address: String,
    /// Kept open: the example prints more than its first line.
    stdout: BufReader<ChildStdout>,
}

/// A response, as text.
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

    /// What `x-cache` says.
    pub fn verdict(&self) -> Option<&str> {
        self.header("x-cache")
    }
}

/// The program of an example, built if it is not.
pub fn program(name: &str) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--all-features", "--example", name])
        .status();
    assert!(built.expect("cargo runs").success(), "the example builds");
    let tests = env::current_exe().expect("the test knows where it is");
    let target = tests
        .ancestors()
        .nth(2)
        .expect("tests stand in target/debug/deps");
    target.join("examples").join(name)
}

impl Example {
    pub fn start(name: &str, cache_url: &str) -> Self {
        Self::start_with(name, cache_url, [])
    }

    /// With more in its environment.
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
        let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("it says where it listens");
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once(','));
        let address = address.expect("it prints its URL").0.to_owned();
        Self {
            process,
            address,
            stdout,
        }
    }

    /// Where it listens: host and port.
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
            .expect("a time-out can be set");
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        for header in headers {
            request += &format!("{header}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("the response comes");
        let (head, body) = response.split_once("\r\n\r\n").expect("a response has a head");
        Answer {
            status: head[9..12].parse().expect("a status is a number"),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Asks until the answer is as it should be; every answer on the way is a 200.
    pub fn get_until(&self, path: &str, verdict: &str) {
        self.get_until_it(path, verdict, |answer| answer.verdict() == Some(verdict));
    }

    /// Asks until it holds of the answer, which is returned; every answer on the way is a 200.
    pub fn get_until_it(&self, path: &str, what: &str, holds: impl Fn(&Answer) -> bool) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get(path);
            assert_eq!(answer.status, 200, "{}", answer.head);
            if holds(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} does not come to {what}");
        }
    }

    /// The next line that it prints, with its end.
    ///
    /// # Panics
    ///
    /// It has ended.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let length = self.stdout.read_line(&mut line).expect("it prints text");
        assert!(length > 0, "it has ended");
        line
    }

    /// Ends it as Ctrl-C does, and returns what it printed since.
    ///
    /// # Panics
    ///
    /// It fails.
    #[track_caller]
    pub fn interrupt(mut self) -> String {
        signal(&self.process, "-INT");
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("it prints text");
        let status = self.process.wait().expect("it is our child");
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
