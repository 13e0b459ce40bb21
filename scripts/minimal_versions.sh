#!/usr/bin/env bash
# Checks that the library compiles with the oldest dependencies that Cargo.toml admits. Needs a nightly compiler beside the
# stable one, for resolving them.
#
# minimal_versions.sh
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git archive HEAD Cargo.toml README.md docs src cache-macros cache-runtime | tar -x -C "$work"

# Development dependencies have bounds of their own, which would raise those of the library.
for manifest in Cargo.toml cache-macros/Cargo.toml cache-runtime/Cargo.toml; do
    awk '
        /^\[/ { skips = /^\[(dev-dependencies|target\..*dev-dependencies|\[(bench|example|test)\])\]/ }
        /^members = / { print "members = [\"cache-macros\", \"cache-runtime\"]"; next }
        !skips && !/^exclude = /
    ' "$manifest" >"$work/$manifest"
done

cd "$work"
cargo +nightly update -Z direct-minimal-versions
cargo check --workspace --all-features --locked
