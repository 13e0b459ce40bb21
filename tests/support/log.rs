//! Captures log output for assertions.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::{Registry, fmt::format::FmtSpan, layer::SubscriberExt};

/// The captured output. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// A subscriber that writes here, from level debug up.
    pub fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        self.subscriber_with(FmtSpan::NONE)
    }

    /// As [`subscriber`](Self::subscriber), with lines for spans as well.
    pub fn subscriber_with(&self, spans: FmtSpan) -> impl tracing::Subscriber + Send + Sync + use<> {
        let log = self.clone();
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_span_events(spans)
            .with_writer(move || log.clone());
        Registry::default()
            .with(tracing_subscriber::filter::LevelFilter::DEBUG)
            .with(lines)
    }

    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
