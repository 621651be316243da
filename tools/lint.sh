#!/usr/bin/env bash
# clang-format and clang-tidy.
#
# usage: tools/lint.sh all|changed   changed: clang-tidy only on sources that differ from HERETIX_LINT_BASE (HEAD~1)
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(git ls-files 'src/*.cpp' 'src/*.hpp' 'tests/*.cpp' 'bench/*.cpp' 'fuzz/*.cpp' 'python/*.cpp' 'python/*.hpp')
clang-format-14 --dry-run --Werror "${files[@]}"
python3 tools/check_size.py "${files[@]}"

cmake --preset lint >/dev/null
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '^src/.*\.cpp$')
if [ "${1:-changed}" = changed ]; then
  # A continuous integration that knows its base says so in HERETIX_LINT_BASE; else the last commit is looked at.
  base=$(git rev-parse --verify --quiet "${HERETIX_LINT_BASE:-HEAD~1}" || true)
  changed=$(git diff --name-only "${base:-HEAD}" -- src | sort -u)
  mapfile -t sources < <(printf '%s\n' "${sources[@]}" | grep -F -x -f <(echo "${changed:-none}") || true)
fi
[ ${#sources[@]} -eq 0 ] || printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 2 clang-tidy-16 -p build/lint --quiet \
  --extra-arg=-Wno-error '--extra-arg=-DHERETIX_PROMPTS="p"' '--extra-arg=-DHERETIX_TEST_DATA="d"' 2>/dev/null
echo "lint: ${#files[@]} files formatted, ${#sources[@]} looked at by clang-tidy"
