#!/usr/bin/env bash
# Installs what the tests need, builds and runs every test, prints how long each part took and, last, the counts.
#
# usage: tools/test.sh [part…]   parts: lint check tsan fuzz release (default: all of them)
set -uo pipefail
cd "$(dirname "$0")/.." || exit
parts=("$@")
[ ${#parts[@]} -eq 0 ] && parts=(lint check tsan fuzz release)
results=$(mktemp -d)
behind= # the process group that builds behind the tests
trap '[ -z "$behind" ] || kill -- "-$behind"; rm -rf "$results"' EXIT
broken=0

timed() { # timed LABEL COMMAND…
  local label=$1 start=$SECONDS
  shift
  "$@"
  local status=$?
  printf '  %5d s  %s\n' $((SECONDS - start)) "$label" >>"$results/split"
  return $status
}

# A step that fails outside a test counts as one failed test.
fails() {
  echo "FAILED: $1"
  broken=$((broken + 1))
}
step() { timed "$@" || fails "$1"; }

# Sources are compiled a folder at once, which takes a third to three fifths of the time; only where a build of the release stands already, it
# stays as it is. Sanitizers name lines, which is all that -g1 keeps; more takes a tenth of the time of their builds.
build() {
  local more=()
  if [ "$1" = release ]; then
    [ -e build/release/build.ninja ] || more=(-DCMAKE_UNITY_BUILD=ON)
  else
    more=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_CXX_FLAGS_DEBUG=-g1 -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O2 -g1 -DNDEBUG')
    # Where an earlier build had another compiler, CMake would take the new one and forget the sanitizers.
    grep -qs '^CMAKE_CXX_COMPILER:.*clang++-16$' "build/$1/CMakeCache.txt" || more+=(--fresh)
  fi
  cmake --preset "$1" -DHERETIX_TESTS=ON "${more[@]}" >"$results/$1.log" &&
    cmake --build --preset "$1" >>"$results/$1.log" && return

  tail -60 "$results/$1.log"
  return 1
}
run_tests() { # run_tests PRESET JOBS
  # Failed tests are counted below, but a part that ran none is not.
  timed "test $1" ctest --preset "$1" --output-junit "$results/$1.xml" --timeout 900 -j "$2"
  grep -q '<testcase' "$results/$1.xml" 2>/dev/null || fails "$1 ran no test"
}

# Builds what is sanitized while the tests of the release wait for servers and clocks: it takes only the time that they leave.
build_behind() { # build_behind PRESET…
  chrt --idle --pid 0 $BASHPID
  for preset in "$@"; do
    timed "build $preset, behind the tests of release" build "$preset" && touch "$results/$preset.built"
  done
}

has() { [[ " ${parts[*]} " == *" $1 "* ]]; }

step "set-up and third-party builds" tools/setup.sh test || exit 70
has lint && step "lint" tools/lint.sh changed

sanitized=()
for preset in check tsan fuzz; do has $preset && sanitized+=("$preset"); done

if has release; then
  if timed "build release" build release; then
    set -m # a process group of its own, so that it can be ended as a whole
    build_behind "${sanitized[@]}" &
    behind=$!
    set +m
    run_tests release $((2 * $(nproc))) # many of them wait; what measures time runs alone
    timed "wait for the sanitized builds" wait "$behind"
    behind=
  else
    fails "build release"
  fi
fi

for preset in "${sanitized[@]}"; do
  if [ -e "$results/$preset.built" ] || timed "build $preset" build "$preset"; then
    run_tests "$preset" "$(nproc)"
  else
    fails "build $preset"
  fi
done

echo "time by part:"
cat "$results/split"
python3 tools/count_tests.py "$broken" "$results"
