#!/usr/bin/env bash
# usage: run.sh TARGET CORPUS SECONDS [LIBFUZZER_OPTION…]   SECONDS: 0 for no limit; starts from the corpus, writes what it finds to a folder that it throws away
set -euo pipefail
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
cd "$found"
"$1" -max_total_time="$3" -max_len=70000 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 "${@:4}" "$found" "$2"
