//! Client caching: what browsers may keep, and how they validate it.

mod client_max_age;
mod conditional;
mod validators;
