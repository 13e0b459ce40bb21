#!/usr/bin/env bash
# Runs the fuzz targets one after another: fuzz.sh [minutes for each, default: 10] [target...]
# Fails, with the input that did it, when one breaks its property.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes="${1:-10}"
shift || true
if ! [[ "$minutes" =~ ^[1-9][0-9]*$ ]]; then
    echo "fuzz.sh: '$minutes' is not a number of minutes; usage: fuzz.sh [minutes] [target...]" >&2
    exit 2
fi

# need <what is missing> <how to install it> <command that shows it is there...>
need() {
    local missing="$1" install="$2"
    shift 2
    "$@" >/dev/null 2>&1 && return
    echo "fuzz.sh: $missing is missing; install it with '$install' and run this again" >&2
    exit 1
}

need "a nightly compiler" "rustup toolchain install nightly --profile minimal" cargo +nightly --version
need "cargo-fuzz" "cargo install cargo-fuzz --locked" cargo fuzz --version

known="$(cargo +nightly fuzz list)"
# No name holds a blank.
[ "$#" -gt 0 ] || set -- $known
for target in "$@"; do
    if ! grep -qxF -- "$target" <<<"$known"; then
        echo "fuzz.sh: there is no target '$target', only:" $known >&2
        exit 2
    fi
done
cargo +nightly fuzz build

# The sanitizer keeps each stack that ever allocated; values nest in endless ways, and an hour of whole stacks fills
# libFuzzer's 2 GB.
export ASAN_OPTIONS="${ASAN_OPTIONS:-malloc_context_size=4}"

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
summary=""
failed=0
for target in "$@"; do
    # What it learns is kept in the corpus, which comes first; the seeds are only read.
    mkdir -p "fuzz/corpus/$target"
    outcome="no counterexample"
    cargo +nightly fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time=$((minutes * 60)) -max_len=1024 -timeout=10 -print_final_stats=1 2>&1 | tee "$log" ||
        { outcome="FAILED, see fuzz/artifacts/$target"; failed=1; }
    runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    summary+="$(printf '%-16s %12s executions  %s' "$target" "${runs:-0}" "$outcome")"$'\n'
done
printf '\n%s' "$summary"
exit "$failed"
