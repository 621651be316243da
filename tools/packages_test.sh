#!/usr/bin/env bash
# Installs what `make packages` made in bare Debian 12 roots, does the README's main job there, and uninstalls it (tests/packages/bare).
# Prints sizes and times, and last the counts.
#
# usage: tools/packages_test.sh [debian|wheel|image…]   default: all three
set -uo pipefail
cd "$(dirname "$0")/../tests/packages/bare" || exit
parts=("$@")
[ ${#parts[@]} -eq 0 ] && parts=(debian wheel image)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
passed=0 failed=0

for part in "${parts[@]}"; do
  echo "$part"
  PYTHONDONTWRITEBYTECODE=1 python3 -m unittest --verbose "test_$part" 2>&1 | tee "$results/said"
  ok=$(grep -c '\.\.\. ok$' "$results/said")
  passed=$((passed + ok))
  if [ "$ok" -eq 0 ] || ! grep -q '^OK$' "$results/said"; then
    broken=$(grep -cE '^(FAIL|ERROR): ' "$results/said")
    failed=$((failed + (broken > 0 ? broken : 1)))
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
