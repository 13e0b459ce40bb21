//! Where the source does not keep a rule yet. A line that no longer applies fails its test: delete it then. Nothing is added.

/// Files in `engine/` and `store/` that name `http` or `axum`.
pub(super) const NAMES_HTTP: &[&str] = &[
    "cache-runtime/src/engine/body/buffer.rs",
    "cache-runtime/src/engine/body/tee.rs",
    "cache-runtime/src/engine/course.rs",
    "cache-runtime/src/engine/delivery.rs",
    "cache-runtime/src/engine/explain.rs",
    "cache-runtime/src/engine/fill.rs",
    "cache-runtime/src/engine/hit_for_miss.rs",
    "cache-runtime/src/engine/judge.rs",
    "cache-runtime/src/engine/local.rs",
    "cache-runtime/src/engine/mod.rs",
    "cache-runtime/src/engine/names.rs",
    "cache-runtime/src/engine/refresh.rs",
    "cache-runtime/src/engine/serve.rs",
    "cache-runtime/src/engine/values.rs",
    "cache-runtime/src/engine/variants.rs",
    "cache-runtime/src/store/contract/mod.rs",
];

/// Modules of one folder that name each other in a circle: `folder: module, module`.
pub(super) const CIRCLES: &[&str] = &[
    "cache-runtime/src/engine: course, local, serve, variants",
    "cache-runtime/src/engine/body: buffer, tee",
    "cache-runtime/src/key: compound, serializer",
    "cache-runtime/src/key: part, writer",
];

/// Files with more than 400 lines.
pub(super) const LONG_FILES: &[&str] = &[
    "cache-runtime/src/engine/flight.rs",
    "cache-runtime/src/engine/serve.rs",
    "cache-runtime/src/entry/lines.rs",
    "cache-runtime/src/store/redis/mod.rs",
];

/// Folders whose median file has 150 lines or more.
pub(super) const LONG_MEDIANS: &[&str] = &[];

/// Modules that name one that comes later in lib.rs: `module: later module`.
pub(super) const LATER_MODULES: &[&str] = &[];
