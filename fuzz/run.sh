#!/usr/bin/env bash
# usage: run.sh TARGET CORPUS SECONDS [LIBFUZZER_OPTION…]   SECONDS: 0 for no limit; starts from the corpus, writes what it finds to a folder that it throws away
#        HERETIX_FOUND names a folder that is kept instead
set -euo pipefail
if [ -n "${HERETIX_FOUND:-}" ]; then
  found=$HERETIX_FOUND
  mkdir -p "$found"
else
  found=$(mktemp -d)
  trap 'rm -rf "$found"' EXIT
fi

# What is checked stays as it is, in a third of the time: a report names only the line that allocated, and after each exception the address
# sanitizer clears a stack of its own, which is far larger than these targets need.
export ASAN_OPTIONS=malloc_context_size=1:quarantine_size_mb=16:max_uar_stack_size_log=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}
cd "$found"
"$1" -max_total_time="$3" -max_len=70000 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 "${@:4}" "$found" "$2"
