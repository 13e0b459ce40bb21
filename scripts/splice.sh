#!/usr/bin/env bash
# splice.sh <file> <name>: puts standard input between the file's lines `<!-- name… -->` and `<!-- /name -->`.
set -euo pipefail

new=$(mktemp)
trap 'rm -f "$new"' EXIT
cat >"$new"
awk -v name="$2" -v new="$new" '
    index($0, "<!-- /" name " -->") { inside = 0 }
    !inside { print }
    index($0, "<!-- " name ":") { inside = 1; while ((getline line < new) > 0) print line }
' "$1" >"$new.whole"
cat "$new.whole" >"$1"
rm "$new.whole"
