#!/usr/bin/env bash
# soak.sh <minutes> [seed]: runs the checker for long, with faults in an order that the seed gives.
set -euo pipefail
cd "$(dirname "$0")/.."

for number in "$@"; do
    if ! [[ "$number" =~ ^[1-9][0-9]{0,5}$ ]]; then
        echo "soak.sh: '$number' is not a number from 1 to 999999" >&2
        exit 2
    fi
done
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: soak.sh <minutes> [seed]" >&2
    exit 2
fi
./scripts/need.sh redis-server redis-server
cargo build --release --package cluster
cargo run --quiet --release --package cluster --bin soak -- "$@"
