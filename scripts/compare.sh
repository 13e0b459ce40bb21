#!/usr/bin/env bash
# Measures hits beside plain axum, beside other libraries, and by how much they grow, and misses; writes tables and a
# chart.
#
# compare.sh [-r rounds, 7] [-s seconds a run, 3] [-c connections, 128] [directory, docs/performance]
#
# In each round every server runs once. Ratios are taken within a round, so what slows the machine down for a while
# slows both sides. Nothing else should run meanwhile, all the same.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "compare.sh: $*" >&2
    exit 1
}
usage() {
    echo "usage: compare.sh [-r rounds, 7] [-s seconds a run, 3] [-c connections, 128] [directory, docs/performance]" >&2
    exit 2
}

rounds=7
seconds=3
connections=128
while getopts r:s:c: option; do
    [[ "${OPTARG:-}" =~ ^[1-9][0-9]{0,4}$ ]] || usage
    case $option in
    r) rounds=$OPTARG ;;
    s) seconds=$OPTARG ;;
    c) connections=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -le 1 ] || usage
directory=${1:-docs/performance}
sizes="1024 65536"

./scripts/need.sh wrk wrk
./scripts/need.sh redis-server redis-server
./scripts/need.sh redis-cli redis-tools
./scripts/need.sh curl curl
./scripts/need.sh taskset util-linux

# A core for the server alone. Redis has the third if there is one, else it shares that of the load.
cores=$(nproc)
[ "$cores" -ge 2 ] || fail "a server and its load need a core each, and there is one core"
server_core=0
load_core=1
redis_core=$((cores > 2 ? 2 : 1))

cargo build --quiet --release --manifest-path benches/compare/Cargo.toml
programs=${CARGO_TARGET_DIR:-benches/compare/target}/release

work=$(mktemp -d)
server="" redis=""
stop() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}
finish() {
    [ -z "$server" ] || stop "$server"
    [ -z "$redis" ] || stop "$redis"
    rm -rf "$work"
}
trap finish EXIT

start_redis() {
    # A port that is taken makes the server end at once; then another is tried.
    for port in $(shuf -i 20000-30000 -n 5); do
        taskset -c "$redis_core" redis-server --bind 127.0.0.1 --port "$port" --save "" --appendonly no \
            --dir "$work" >"$work/redis.log" &
        redis=$!
        while kill -0 "$redis" 2>/dev/null; do
            [ "$(redis-cli -p "$port" info server 2>/dev/null | sed -n 's/^process_id:\([0-9]*\).*/\1/p')" != "$redis" ] ||
                return 0
            sleep 0.1
        done
    done
    cat "$work/redis.log" >&2
    fail "redis-server does not start"
}

# start <variant> <bytes>: sets server, address
start() {
    exec {output}< <(exec taskset -c "$server_core" "$programs/serve" "$1" "$2" "redis://127.0.0.1:$port")
    server=$!
    read -r -t 30 -u "$output" address || fail "$1 does not start"
}

# asking <kind of request>: sets what curl and wrk need to ask that.
asking() {
    by_curl=() by_wrk=()
    case $1 in
    plain) ;;
    matching) by_curl=(-H "If-None-Match: *") ;;
    no-store) by_curl=(-H "Cache-Control: no-store") ;;
    post) by_curl=(-X POST) by_wrk=(-s "$work/post.lua") ;;
    *) fail "nobody knows how to ask '$1'" ;;
    esac
    [ "$1" = post ] || by_wrk=("${by_curl[@]}")
}
echo 'wrk.method = "POST"' >"$work/post.lua"

# check <variant> <caches|runs> <kind of request> <bytes>: it answers as plain axum does, from its entry if it has one.
check() {
    local page="$work/page.$4" answer expected="200 application/json $4"
    [ "$2 $3" != "caches matching" ] || expected="304  0"
    for _ in 1 2; do
        answer=$(curl -sS "${by_curl[@]}" -o "$work/body" -w '%{http_code} %{content_type} %{size_download}' \
            "http://$address/products/7")
        [ "$answer" = "$expected" ] || fail "$1 answers '$answer' to a request for $4 bytes"
        [ "$expected" != "304  0" ] || continue
        # The first that is checked says what all must answer.
        [ -e "$page" ] || cp "$work/body" "$page"
        cmp "$work/body" "$page" >&2 || fail "$1 has another body than plain axum"
    done
}

# made <variant> <caches|runs> <kind of request>: its handler ran once if it caches, and each time if it must not.
made() {
    local runs
    runs=$(curl -sS "http://$address/runs")
    case "$2 $3" in
    caches*) [ "$runs" = 1 ] || fail "$1 ran its handler $runs times" ;;
    "runs no-store" | "runs post") [ "$runs" -gt 1 ] || fail "$1 did not run its handler for each request" ;;
    esac
}

# The processor time that the server has used, in seconds.
processor() {
    awk -v hertz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hertz }' "/proc/$server/stat"
}

# measure <variant> <caches|runs> <kind of request> <bytes>: sets rate, in requests per second, and the share of its core
# the server had
measure() {
    local begin end used
    redis-cli -p "$port" flushall >/dev/null
    asking "$3"
    start "$1" "$4"
    check "$1" "$2" "$3" "$4"
    made "$1" "$2" "$3"
    used=$(processor)
    begin=$(date +%s.%N)
    taskset -c "$load_core" wrk -t 1 -c "$connections" -d "${seconds}s" "${by_wrk[@]}" "http://$address/products/7" \
        >"$work/wrk"
    end=$(date +%s.%N)
    share=$(awk "BEGIN { printf \"%.3f\", ($(processor) - $used) / ($end - $begin) }")
    ! grep -E 'Socket errors|Non-2xx' "$work/wrk" >&2 || fail "$1 did not answer every request"
    made "$1" "$2" "$3"
    stop "$server"
    server=""
    exec {output}<&-
    rate=$(awk '/^Requests\/sec:/ { print $2 }' "$work/wrk")
}

start_redis
{
    ./scripts/facts.sh '#'
    echo "# servers: one thread on a core of its own, Redis $(redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/')"
    echo "# load: $(wrk -v | sed -n 's/^\(wrk [^ ]*\).*/\1/p'), $connections connections, $rounds rounds of $seconds s"
} >"$work/compare.txt"

mapfile -t variants < <("$programs/serve")
for ((round = 1; round <= rounds; round++)); do
    for bytes in $sizes; do
        for ((turn = 0; turn < ${#variants[@]}; turn++)); do
            # Each round begins one further, so that none always follows the same one. Plain axum is checked first.
            at=$((round == 1 ? turn : (turn + round) % ${#variants[@]}))
            read -r variant _ caches asked <<<"${variants[at]}"
            measure "$variant" "$caches" "$asked" "$bytes"
            echo "$bytes $round $variant $rate $share" | tee -a "$work/compare.txt" >&2
        done
    done
done

mkdir -p "$directory"
"$programs/report" "$work/compare.txt" "$work"
{
    echo "# How hits in memory grow"
    echo
    echo "Written by \`scripts/compare.sh\`, in process, without a network."
    echo
    ./scripts/facts.sh -
    "$programs/growth"
} >"$work/growth.md"
cp "$work"/{compare.txt,compare.md,compare.svg,growth.md} "$directory"
cat "$directory/compare.md" "$directory/growth.md"
./scripts/misses.sh "$directory"
