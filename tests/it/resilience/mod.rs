//! A Redis that is down, slow, full or read-only never fails or hangs a request.

mod budget;
mod outages;
mod read_only;
mod rejections;
mod runtimes;
