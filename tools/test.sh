#!/usr/bin/env bash
# Installs what the tests need, builds and runs every test, prints how long each part took and, last, the counts.
#
# usage: tools/test.sh [part…]   parts: lint check tsan fuzz release (default: all of them)
set -uo pipefail
cd "$(dirname "$0")/.." || exit
parts=("$@")
[ ${#parts[@]} -eq 0 ] && parts=(lint check tsan fuzz release)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
split=()
broken=0

timed() { # timed LABEL COMMAND…
  local label=$1 start=$SECONDS
  shift
  "$@"
  local status=$?
  split+=("$(printf '%5d s  %s' $((SECONDS - start)) "$label")")
  return $status
}

# A step that fails outside a test counts as one failed test.
step() {
  timed "$@" || { echo "FAILED: $1"; broken=$((broken + 1)); }
}

# Sanitizers name lines, which is all that -g1 keeps; more takes a tenth of the time of their builds. They are compiled a
# folder at once, which takes a third of the time; the release build has each source alone.
build() {
  local more=()
  if [ "$1" != release ]; then
    more=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_CXX_FLAGS_DEBUG=-g1 -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O2 -g1 -DNDEBUG')
    # Where an earlier build had another compiler, CMake would take the new one and forget the sanitizers.
    grep -qs '^CMAKE_CXX_COMPILER:.*clang++-16$' "build/$1/CMakeCache.txt" || more+=(--fresh)
  fi
  cmake --preset "$1" -DHERETIX_TESTS=ON "${more[@]}" >"$results/$1.log" &&
    cmake --build --preset "$1" >>"$results/$1.log" && return

  tail -60 "$results/$1.log"
  return 1
}
run_tests() { ctest --preset "$1" --output-junit "$results/$1.xml" --timeout 900 -j "$2"; }

has() { [[ " ${parts[*]} " == *" $1 "* ]]; }

step "set-up and third-party builds" tools/setup.sh test || exit 70
has lint && step "lint" tools/lint.sh changed
for preset in check tsan fuzz release; do
  has $preset || continue
  jobs=$(nproc)
  [ $preset = release ] && jobs=$((jobs + 1)) # many of them wait for a server or a clock; what measures time runs alone
  if timed "build $preset" build $preset; then
    timed "test $preset" run_tests $preset "$jobs" || true # failed tests are counted below, but a part that ran none is not
    grep -q '<testcase' "$results/$preset.xml" 2>/dev/null || { echo "FAILED: $preset ran no test"; broken=$((broken + 1)); }
  else
    echo "FAILED: build $preset"
    broken=$((broken + 1))
  fi
done
echo "time by part:"
printf '  %s\n' "${split[@]}"
exec python3 tools/count_tests.py "$broken" "$results"
