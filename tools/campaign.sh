#!/usr/bin/env bash
# What the tests do to the program in minutes, at the counts of docs/reliability.md, which takes hours. Prints a row for each part.
#
# usage: tools/campaign.sh [part…]   parts: store power command service workers fuzz systemone (default: all of them)
#        build/release must be built with the tests, and for `fuzz` build/fuzz too (make campaign builds both)
set -euo pipefail
cd "$(dirname "$0")/.."
parts=("$@")
[ ${#parts[@]} -eq 0 ] && parts=(store power command service workers fuzz systemone)
logs=build/campaign
mkdir -p "$logs"
failed=0

# The fixtures that start and stop Postgres are the only other tests that a pattern brings.
tests() { # tests PART TIMES PATTERN
  HERETIX_CAMPAIGN=$2 ctest --test-dir build/release --no-tests=error --timeout 36000 -V -R "$3" >>"$logs/$1.log" 2>&1
}

# Each round kills at least 12 times and starts with an empty database.
service() {
  local round
  for ((round = 0; round < 80; ++round)); do tests service 1 'service.Nodes.test_killing' || return; done
}

fuzz() {
  local target
  for target in build/fuzz/fuzz/fuzz_*; do
    [ -x "$target" ] || continue
    local name=${target##*fuzz_}
    bash fuzz/run.sh "$PWD/$target" "$PWD/fuzz/corpus/$name" 0 -runs=10000000 >"$logs/fuzz_$name.log" 2>&1 || return
    echo "fuzz_$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/fuzz_$name.log") executions, nothing found" >>"$logs/fuzz.log"
  done
}

run() {
  case $1 in
    store) tests store 50 'faults.Faults.test_kills_lose' ;;
    power) tests power 20 'faults.Faults.test_power_cuts_that' ;;
    command) tests command 5 'provider.Kills' ;;
    service) service ;;
    workers) tests workers 100 'service.KilledWorkers' ;;
    fuzz) fuzz ;;
    systemone) tests systemone 1 '^systemone' ;;
    *) echo "campaign: '$1' is no part; they are store, power, command, service, workers, fuzz and systemone" >&2 && exit 2 ;;
  esac
}

for part in "${parts[@]}"; do
  start=$SECONDS
  rm -f "$logs/$part.log"
  if run "$part"; then result=passed; else result="FAILED, see $logs/$part.log" failed=1; fi
  # What the tests say of themselves.
  sed -n 's/^[0-9]*: \([0-9].* nothing lost\)$/\1/p; s/^\(fuzz_.* nothing found\)$/\1/p' "$logs/$part.log" | sed "s/^/  /"
  echo "$part: $result, $(((SECONDS - start) / 60)) min"
done
exit $failed
