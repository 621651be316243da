#!/usr/bin/env bash
# Builds the optimised program in build/release, with what it needs.
#
# usage: tools/build.sh run     what measures: without the page and heretix-export, for which nothing is fetched either
#        tools/build.sh whole   all of it
#
# In a fresh folder the sources of a folder are compiled as one, which takes three fifths of the time. A folder that `cmake --preset release`
# has made stays as it is, with each source by itself, and one that holds the whole program stays whole.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-whole}
release=build/release

more=()
[ -e $release/build.ninja ] || more+=(-DCMAKE_UNITY_BUILD=ON)
case $purpose in
  run) ! grep -qs '^HERETIX_WHOLE:BOOL=ON' $release/CMakeCache.txt || purpose=whole ;;
  whole) ;;
  *) echo "build: '$purpose' is not known; use run or whole" >&2; exit 2 ;;
esac

if [ "$purpose" = whole ]; then
  tools/setup.sh build
  targets=(heretix heretix-export)
else
  tools/setup.sh run
  targets=(heretix)
  more+=(-DHERETIX_WHOLE=OFF)
fi
cmake --preset release "${more[@]}" >/dev/null
cmake --build --preset release --target "${targets[@]}" -j "${JOBS:-$(nproc)}"
