#!/usr/bin/env bash
# Runs the tests that need no server and little time. Arguments go to cargo, such as `--quiet`.
set -euo pipefail
cd "$(dirname "$0")/.."

TEST_STORES=memory cargo test \
    --package handler-cache --package handler-cache-macros --package handler-cache-runtime \
    --all-features --lib --test it "$@" -- \
    --skip redis --skip replica --skip stores:: --skip resilience:: --skip examples:: --skip resident:: --skip faketime
