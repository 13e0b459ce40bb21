//! The database of the handlers: registers that only grow, and a record of their reads.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    history::{Fill, Kind, Moment, Process, Register, Span},
    replica,
};

/// Serves one request for each TCP connection; a reader disconnects when its handler returns, or when its process is killed.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    books: Arc<Mutex<Books>>,
    began: Instant,
    port: u16,
}

#[derive(Debug)]
struct Books {
    values: BTreeMap<String, u64>,
    runs: Vec<Fill>,
    random: fastrand::Rng,
    manners: Manners,
}

/// Longer than a store may pause without the breaker.
const SLOW: Duration = Duration::from_millis(1500);

/// How long handlers take, and how often they fail.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// The shortest duration.
    pub shortest: Duration,
    /// The longest duration.
    pub longest: Duration,
    /// One in this many takes up to 1.5 s; none for 0.
    pub slow: u32,
    /// One in this many answers 500; none for 0.
    pub fails: u32,
}

impl Database {
    pub(crate) async fn start(began: Instant, seed: u64, manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let database = Self {
            books: Arc::new(Mutex::new(Books {
                values: BTreeMap::new(),
                runs: Vec::new(),
                random: fastrand::Rng::with_seed(seed),
                manners,
            })),
            began,
            port: listener.local_addr().expect("it is bound").port(),
        };
        let serving = database.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        database
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// All fills so far.
    pub(crate) fn runs(&self) -> Vec<Fill> {
        self.lock().runs.clone()
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let mut question = String::new();
        stream.read_line(&mut question).await.ok()?;
        let words: Vec<&str> = question.split_whitespace().collect();
        let (answer, run) = match *words.as_slice() {
            ["read", register, process] => {
                let (answer, run) = self.begin(register, process)?;
                (answer, Some(run))
            }
            ["add", register] => (self.add(register), None),
            _ => return None,
        };
        // The reader may have been killed; then its fill ends here.
        let _ = stream.write_all(format!("{answer}\n").as_bytes()).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
        if let Some(run) = run {
            let ended = self.now();
            self.lock().runs[run].span.ended = ended;
        }
        Some(())
    }

    fn begin(&self, register: &str, process: &str) -> Option<(String, usize)> {
        let now = self.now();
        let mut books = self.lock();
        let value = books.values.get(register).copied().unwrap_or(0);
        let Manners {
            shortest,
            longest,
            slow,
            fails,
        } = books.manners;
        let longest = match slow > 0 && books.random.u32(..slow) == 0 {
            true => SLOW,
            false => longest,
        };
        let takes = shortest + (longest - shortest).mul_f64(books.random.f64());
        let fails = fails > 0 && books.random.u32(..fails) == 0;
        let run = books.runs.len();
        books.runs.push(Fill {
            register: parse_register(register)?,
            by: parse_process(process)?,
            // Until the reader disconnects.
            span: Span {
                began: now,
                ended: Moment::MAX / 2,
            },
            value,
            fails,
        });
        let reply = replica::DatabaseReply {
            run,
            value,
            takes,
            fails,
        };
        Some((reply.to_string(), run))
    }

    fn add(&self, register: &str) -> String {
        let mut books = self.lock();
        let value = books.values.entry(register.to_owned()).or_default();
        *value += 1;
        value.to_string()
    }

    fn now(&self) -> Moment {
        self.began.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse_register(text: &str) -> Option<Register> {
    let (kind, id) = text.split_once('/')?;
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
    Some(Register {
        kind,
        id: id.parse().ok()?,
    })
}

fn parse_process(text: &str) -> Option<Process> {
    let (replica, restarts) = text.split_once('.')?;
    Some(Process {
        replica: replica.parse().ok()?,
        restarts: restarts.parse().ok()?,
    })
}
