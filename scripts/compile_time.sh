#!/usr/bin/env bash
# Measures what the library adds to a build: crates beyond axum's own tree, and time for 200 cached handlers beside that
# for the same 200 uncached. Prints Markdown.
#
# compile_time.sh [-r rounds, 5] [-n handlers, 200] [profile..., dev release]
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    echo "usage: compile_time.sh [-r rounds, 5] [-n handlers, 200] [profile..., dev release]" >&2
    exit 2
}

rounds=5
handlers=200
while getopts r:n: option; do
    [[ "${OPTARG:-}" =~ ^[1-9][0-9]{0,4}$ ]] || usage
    case $option in
    r) rounds=$OPTARG ;;
    n) handlers=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
profiles=("$@")
[ $# -gt 0 ] || profiles=(dev release)

library=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
axum=$(sed -n 's/^axum = { version = "\([^"]*\)".*/\1/p' Cargo.toml)

# package <name> <attribute of each handler> [dependency]
package() {
    mkdir -p "$work/$1/src"
    cat >"$work/$1/Cargo.toml" <<TOML
[package]
name = "$1"
edition = "2024"

[dependencies]
axum = "$axum"
${3:-}
TOML
    {
        echo 'use axum::{Json, Router, extract::Path, routing::get};'
        [ -z "${3:-}" ] || echo 'use handler_cache::cache;'
        for ((n = 1; n <= handlers; n++)); do
            echo "$2"
            echo "async fn handler_$n(Path(id): Path<u64>) -> Json<(u64, String)> {"
            echo "    Json((id, format!(\"product {id} of $n\")))"
            echo '}'
        done
        echo 'pub fn router() -> Router {'
        echo '    Router::new()'
        for ((n = 1; n <= handlers; n++)); do
            echo "        .route(\"/$n/{id}\", get(handler_$n))"
        done
        echo '}'
    } >"$work/$1/src/lib.rs"
}

package uncached ""
package cached '#[cache(expire = "1m")]' "handler-cache = { path = \"$library\" }"
printf '[workspace]\nmembers = ["cached", "uncached"]\nresolver = "3"\n' >"$work/Cargo.toml"
# The versions that the library is tested with.
cp Cargo.lock "$work"
cd "$work"
export CARGO_TARGET_DIR="$work/target"
# As a build from nothing, which is what a continuous integration does.
export CARGO_INCREMENTAL=0

# crates <package>: what it is built from, a line for each version.
crates() {
    cargo tree --quiet --edges normal --prefix none --package "$1" | cut -d ' ' -f 1,2 | grep -v "^$1 " | sort -u
}

# milliseconds <profile> <package>: of that package alone, what it depends on being there.
milliseconds() {
    local begin
    touch "$2/src/lib.rs"
    begin=$(date +%s%N)
    cargo build --quiet --profile "$1" --package "$2" >&2
    echo $((($(date +%s%N) - begin) / 1000000))
}

# median <numbers, one a line>
median() {
    sort -n | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

# each <what to print of a pair "uncached cached">: its median, a cell for each profile.
each() {
    for profile in "${profiles[@]}"; do
        printf ' %s |' "$(awk "$1" "milliseconds.$profile" | median)"
    done
    echo
}

for profile in "${profiles[@]}"; do
    # Each as it is measured: what they depend on is built with other features for both together.
    for package in uncached cached; do
        cargo build --quiet --profile "$profile" --package "$package"
    done
    for ((round = 1; round <= rounds; round++)); do
        echo "$(milliseconds "$profile" uncached) $(milliseconds "$profile" cached)"
    done >"milliseconds.$profile"
done

echo "# What the library adds to a build"
echo
echo "Written by \`scripts/compile_time.sh\`. The medians of $rounds rounds."
echo
"$library/scripts/facts.sh" -
echo
echo "Crates beyond axum's own tree: $(comm -13 <(crates uncached) <(crates cached) | wc -l)."
echo
printf '| |'
printf ' %s |' "${profiles[@]}"
printf '\n|---|'
printf -- '---|%.0s' "${profiles[@]}"
echo
printf '| seconds for %s handlers uncached |' "$handlers"
each '{ print $1 / 1000 }'
printf '| seconds for %s handlers cached |' "$handlers"
each '{ print $2 / 1000 }'
printf '| the latter over the former, in the same round |'
each '{ printf "%.3f\n", $2 / $1 }'
