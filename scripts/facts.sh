#!/usr/bin/env bash
# Prints the facts of a measurement: date, machine, commit, compiler.
#
# facts.sh <what each line begins with>
set -euo pipefail
cd "$(dirname "$0")/.."

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
memory=$(awk '/^MemTotal:/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)
echo "$1 date: $(date -u +%F)"
echo "$1 machine: ${model:-$(uname -m)}, $(nproc) cores, $memory GiB, Linux $(uname -r)"
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
# What measurements write themselves does not count.
[ -z "$(git status --porcelain -- . ':(exclude)docs/performance' 2>/dev/null)" ] || commit=$commit-dirty
echo "$1 commit: $commit"
echo "$1 built with: $(rustc --version)"
