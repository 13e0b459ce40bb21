#!/usr/bin/env bash
# Counts what one request costs, in instructions (callgrind) and in heap allocations (memcheck), and prints a table.
#
# Each scenario runs twice, a thousand requests apart, so that starting up and the first miss cancel out.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
    echo "usage: instructions.sh" >&2
    exit 2
fi
./scripts/need.sh valgrind valgrind
cargo build --quiet --release --package cost
cost=${CARGO_TARGET_DIR:-target}/release/cost

# At least as many as there are entries in the scenarios of hits.
few=200
many=1200

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$cost" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

allocations() {
    valgrind "$cost" "$1" "$2" 2>&1 |
        sed -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' | tr -d ,
}

per_request() {
    local first second
    first=$("$1" "$2" $few)
    second=$("$1" "$2" $many)
    echo $(((second - first) / (many - few)))
}

./scripts/facts.sh -
echo
echo "| request | instructions | allocations |"
echo "|---|---|---|"
for scenario in $("$cost"); do
    echo "| $scenario | $(per_request instructions "$scenario") | $(per_request allocations "$scenario") |"
done
