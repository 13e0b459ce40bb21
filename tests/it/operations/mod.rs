//! Settings, and what a cache reports about itself.

mod settings;
mod extremes;
mod requirements;
mod explain;
mod stats;
mod logs;
mod clocks;
mod suspension;
