#!/usr/bin/env bash
# Measures what each fault costs the requests meanwhile, and writes the table into docs/operations.md. Two minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --package cluster
table=$(cargo run --quiet --release --package cluster --bin faults | tee /dev/stderr)
./scripts/splice.sh docs/operations.md faults <<<"$table"
