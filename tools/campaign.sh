#!/usr/bin/env bash
# What the tests do to the program in minutes, at the counts of docs/reliability.md, which takes hours. Prints a row for each part.
#
# usage: tools/campaign.sh [part…]   parts: store power command service workers fuzz systemone (default: all of them)
#        build/release must be built with the tests, and for `fuzz` build/fuzz too (make campaign builds both)
#        HERETIX_AT_ONCE: how many rounds, or fuzzers, run at the same time (default: one for each core)
#        build/campaign has the logs. The fuzzers keep there what they found; where they were interrupted, they go on.
set -euo pipefail
cd "$(dirname "$0")/.."
parts=("$@")
[ ${#parts[@]} -eq 0 ] && parts=(store power command service workers fuzz systemone)
logs=build/campaign
most_at_once=${HERETIX_AT_ONCE:-$(nproc)}
inputs=10000000  # for each parser
mkdir -p "$logs"
failed=0

# The fixtures that start and stop Postgres are the only other tests that a pattern brings.
tests() { # tests PART TIMES PATTERN [CTEST_OPTION…]
  HERETIX_CAMPAIGN=$2 ctest --test-dir build/release --no-tests=error --timeout 36000 -V -R "$3" "${@:4}" >>"$logs/$1.log" 2>&1
}

# What runs in the background: `running` counts it, and `result` is 1 where something failed.
make_room() { if ((running == most_at_once)); then wait -n || result=1; else running=$((running + 1)); fi; }
wait_for_all() { for (( ; running > 0; --running)); do wait -n || result=1; done; }

# Each round has a seed and a database of its own. All of them share a Postgres, because they mostly wait: for the next kill, and for the end
# of the leases of a worker that was killed.
rounds() { # rounds PART COUNT TIMES PATTERN
  local round running=0 result=0
  tests postgres 1 '^postgres.server.starts$' || return
  for ((round = 1; round <= $2; ++round)); do
    make_room
    HERETIX_ROUND=$round tests "$1" "$3" "$4" -FA postgres &
  done
  wait_for_all
  tests postgres 1 '^postgres.server.stops$' || result=1
  return $result
}

executed() { awk '/^stat::number_of_executed_units:/ { n += $2 } END { print n + 0 }' "$logs/fuzz_$1.log"; }

# An interrupted fuzzer (SIGINT, SIGTERM) says too how many inputs it had tried, and its corpus is kept.
fuzz_target() {
  local name=${1##*fuzz_} longest=8192
  # The regular expression that SQLAlchemy has for addresses takes longer the longer they are; the limit of 8,192 bytes is a plain comparison.
  [ "$name" = address ] && longest=1024
  touch "$logs/fuzz_$name.log"
  if (($(executed "$name") < inputs)); then
    HERETIX_FOUND=$PWD/$logs/corpus/$name bash fuzz/run.sh "$PWD/$1" "$PWD/fuzz/corpus/$name" 0 -max_len="$longest" -timeout=300 \
      -runs=$((inputs - $(executed "$name"))) >>"$logs/fuzz_$name.log" 2>&1 || return
  fi
  echo "fuzz_$name: $(executed "$name") executions, nothing found" >>"$logs/fuzz.log"
}

fuzz() {
  local target running=0 result=0
  for target in build/fuzz/fuzz/fuzz_*; do
    [ -x "$target" ] || continue
    make_room
    fuzz_target "$target" &
  done
  wait_for_all
  return $result
}

run() {
  case $1 in
    store) tests store 50 'faults.Faults.test_kills_lose' ;;
    power) tests power 20 'faults.Faults.test_power_cuts_that' ;;
    command) tests command 5 'provider.Kills' ;;
    service) rounds service 80 1 'service.Nodes.test_killing' ;;  # each kills at least 12 times
    workers) rounds workers 10 10 'service.KilledWorkers' ;;  # each has 10,000 jobs and kills 50 times
    fuzz) fuzz ;;
    systemone) tests systemone 1 '^systemone' ;;
    *) echo "campaign: '$1' is no part; they are store, power, command, service, workers, fuzz and systemone" >&2 && exit 2 ;;
  esac
}

for part in "${parts[@]}"; do
  start=$SECONDS
  : >"$logs/$part.log"
  if run "$part"; then result=passed; else result="FAILED, see $logs/$part.log" failed=1; fi
  # What the tests say of themselves.
  sed -n 's/^[0-9]*: \([0-9].* nothing lost\)$/\1/p; s/^\(fuzz_.* nothing found\)$/\1/p' "$logs/$part.log" | sed "s/^/  /"
  echo "$part: $result, $(((SECONDS - start) / 60)) min"
done
exit $failed
