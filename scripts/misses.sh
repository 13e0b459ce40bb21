#!/usr/bin/env bash
# Measures what a miss costs, and a thousand requests at once on a cold key; writes a page with the tables.
#
# misses.sh [directory, docs/performance]
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 1 ]; then
    echo "usage: misses.sh [directory]" >&2
    exit 2
fi
directory=${1:-docs/performance}

# need <command> <Debian package>
need() {
    command -v "$1" >/dev/null && return
    echo "misses.sh needs $1; install it (Debian: $2) and run this again" >&2
    exit 1
}

need redis-server redis-server
need taskset util-linux
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
