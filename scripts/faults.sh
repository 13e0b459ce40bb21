#!/usr/bin/env bash
# Measures what each fault costs the requests meanwhile, and prints a table. Two minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -ne 0 ]; then
    echo "faults.sh takes no arguments" >&2
    exit 2
fi
./scripts/need.sh redis-server redis-server
cargo build --release --package cluster
cargo run --quiet --release --package cluster --bin faults
