#!/usr/bin/env bash
# Runs every test. Installs what they need and is missing; fails, never skips, when it cannot.
#
# REDIS_SERVER names the server to test with, by its path: another version of Redis, or Valkey. Without it, that is the
# redis-server on the PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -z "${REDIS_SERVER:-}" ]; then
    ./scripts/need.sh redis-server redis-server "Fedora: redis, macOS: brew install redis"
fi
if [ "$(uname)" = Linux ]; then
    ./scripts/need.sh faketime faketime "Fedora: libfaketime"
fi

cargo test --workspace --all-targets --all-features
cargo test --workspace --doc --all-features

# The interleavings of flights and of the memory store, in a build of its own, which needs no store but memory. The runs
# take ten times as long without optimization.
CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_TEST_OPT_LEVEL=1 RUSTFLAGS="${RUSTFLAGS:-} --cfg shuttle" \
    cargo test --package handler-cache-runtime --lib --no-default-features --target-dir target/shuttle interleavings
