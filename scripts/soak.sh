#!/usr/bin/env bash
# soak.sh <minutes> [seed]: runs the checker for long, and writes what it came to into docs/operations.md.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --package cluster
told=$(cargo run --quiet --release --package cluster --bin soak -- "$@" | tee /dev/stderr)
tail -n 1 <<<"$told" | ./scripts/splice.sh docs/operations.md soak
