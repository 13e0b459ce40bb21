#!/usr/bin/env bash
# words.sh [path...]: finds words that this project does not use, in Markdown, Rust and scripts, with the ones to use instead.
#
# Paths are files or folders; without any, everything that git knows. Exits with 1 if it finds a word. The field has a term
# for nearly everything here: see the glossary in ARCHITECTURE.md.
set -euo pipefail
cd "$(dirname "$0")/.."

# An extended regular expression, a tab, and what to write instead. Case does not matter.
phrases() {
    grep -v '^$' <<'END'
\btold\b	receives, sees, knows; is configured
\bstands?\b|\bstood\b|\bstanding\b	is; replaces; is valid
\bails?\b|\bailing\b	fails, is unavailable
\b(go|goes|went|going|gone) past\b|\bpast the cache\b	bypasses
\bpast (its|their|the) (life|lives|ttl|minute|day|end)\b	stale, after its TTL
\blife\b|\blives\b	TTL
\bof which\b|\bthat which\b	two sentences
\b(is|are|was|were) to be\b	must be
\bso many\b	the number
\bbecomes? of\b	happens to, is decided
\bthose (that|who|which|whose)\b|\bwhoever\b	the noun
\bwho(ever)? (asks?|asked|waits?)\b	the client, the waiter
\bas (it comes|they come)\b	as it arrives
\bmade up for\b|\bmake up for\b	retried
([^e]|[^r]e|[^e]re) (is|are) no (number|path|port|route|duration|error|list|name|part|guard|hit)s?\b	is not a
\bthat (is|are) none\b	the name of it, such as NaN
\bknows? no\b	does not support
\b(a|an|the|this|another|each|every|its|other|others'|second|whose|such|per|waiting) run\b	fill, or the verb
\bone run (of|for|behind|that|renews?|shared|to)\b|\b(of|other|others'|their|two|these|for|failed) runs\b	fill, or the verb
\bbehind (the|a|an|its|their|your|his) (response|answer|request|caller|client|server|run|fill)s?\b|\bgoes? on behind\b	in the background, after
\brenewals? (behind|of (the |an )?entr)|\brenew(s|ed|ing)? (it\b|the entr|an entr|entries|stale|what)	refresh
\boverdue\b	being retried
\binsists?\b|\bcomplaints?\b|\bwishes\b|\brefusals?\b	see the glossary
\b(takes?|took|taken|taking) (it|them|nothing|every entry|the entry|the stored response) ?away\b	evicts, removes
\bbears?\b|\bborne\b	has
\bbut for\b	except
\bhas nothing of its life\b|\bleft of its life\b	the remaining TTL
END
}

# The same for names in Rust, where case matters.
names() {
    grep -v '^$' <<'END'
\b(Course|Gathered|Relay|Wishes|Verdict|Refusal|AsTheLast|Seat|Complaint|Itself|Steering|Standing|EntryFacts)\b	see the glossary
\b(laid_out|is_ailing|store_ailing|overdue_evicted|as_the_last)\b	see the glossary
END
}

# Lines that may have them, as `file:line:text`.
exceptions() {
    grep -v '^$' <<'END'
^scripts/words\.sh:
^(benches/|scripts/compare\.sh:).*\bruns?\b
END
}

patterns=$(mktemp)
files=$(mktemp)
hits=$(mktemp)
trap 'rm -f "$patterns" "$files" "$hits"' EXIT
exceptions >"$patterns"

# Generated files and the texts of licences are not ours to word; snapshots are generated code.
git ls-files --cached --others --exclude-standard -- "$@" |
    grep -E '\.(md|rs|sh|yml)$|^\.ci/run$' |
    grep -vE '^(docs/performance/|cache-macros/snapshots/|tests/ui/)' |
    while read -r file; do [ ! -f "$file" ] || echo "$file"; done >"$files"

# search <option of grep> <files>: reads patterns, writes hits.
search() {
    while IFS=$'\t' read -r pattern instead; do
        xargs grep -HnE "$1" -e "$pattern" <"$2" |
            { grep -vE -f "$patterns" || true; } |
            while read -r line; do echo "$line    [$instead]"; done
    done
}

{
    phrases | search -i "$files"
    names | search --no-ignore-case <(grep '\.rs$' "$files")
} | sort -u -t: -k1,1 -k2,2n >"$hits" || true

cat "$hits"
[ ! -s "$hits" ] || {
    echo "$(wc -l <"$hits") lines with words that the glossary replaces" >&2
    exit 1
}
