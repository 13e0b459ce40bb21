#!/usr/bin/env bash
# Measures what a miss costs, and a thousand requests at once on a cold key; writes a page with the tables.
#
# misses.sh [directory, docs/performance]
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 1 ] || [[ "${1:-}" == -* ]]; then
    echo "usage: misses.sh [directory, docs/performance]" >&2
    exit 2
fi
directory=${1:-docs/performance}

./scripts/need.sh redis-server redis-server
./scripts/need.sh taskset util-linux
cargo build --quiet --release --manifest-path benches/compare/Cargo.toml --bin misses
programs=${CARGO_TARGET_DIR:-benches/compare/target}/release

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    echo "# What misses cost"
    echo
    echo "Written by \`scripts/misses.sh\`, in process, without a network but that to a Redis on the same machine."
    echo
    ./scripts/facts.sh -
    echo "- Redis: $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/')"
    "$programs/misses"
} >"$work/misses.md"
mkdir -p "$directory"
cp "$work/misses.md" "$directory"
cat "$directory/misses.md"
