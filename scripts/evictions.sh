#!/usr/bin/env bash
# Measures what evictions cost with few entries and with many, and prints a table. A few minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -ne 0 ]; then
    echo "evictions.sh takes no arguments" >&2
    exit 2
fi
./scripts/need.sh redis-server redis-server
cargo build --release --package cluster
cargo run --quiet --release --package cluster --bin evictions
