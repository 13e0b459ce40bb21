#!/usr/bin/env bash
# Runs every test. Installs what they need and is missing; fails, never skips, when it cannot.
set -euo pipefail
cd "$(dirname "$0")/.."

# need <command> <Debian package>
need() {
    command -v "$1" >/dev/null && return
    if command -v apt-get >/dev/null; then
        local sudo=""
        [ "$(id -u)" -eq 0 ] || sudo="sudo"
        echo "test.sh: installing $2" >&2
        $sudo apt-get update -qq
        # The server that the package would start is not wanted: each test starts its own.
        $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$2" >&2
    fi
    if ! command -v "$1" >/dev/null; then
        echo "test.sh: '$1' is missing; install it (Debian: $2, Fedora: redis, macOS: brew install redis) and run this again" >&2
        exit 1
    fi
}

need redis-server redis-server

cargo test --workspace --all-targets --all-features
cargo test --workspace --doc --all-features

# The interleavings of flights and of the memory store, in a build of its own, which needs no store but memory. The runs
# take ten times as long without optimization.
CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_TEST_OPT_LEVEL=1 RUSTFLAGS="${RUSTFLAGS:-} --cfg shuttle" \
    cargo test --package cache-runtime --lib --no-default-features --target-dir target/shuttle interleavings
