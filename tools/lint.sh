#!/usr/bin/env bash
# Looks at every language here: shellcheck; Ruff and mypy; Prettier and ESLint; clang-format, the sizes and clang-tidy.
#
# usage: tools/lint.sh all|changed   changed: clang-tidy only on sources that differ from HERETIX_LINT_BASE (HEAD~1)
#        tools/lint.sh shell|python|web|cpp   that language alone; cpp is all of C++
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-changed}

# need PROGRAM…: each can be run.
need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null && continue
    echo "lint: $program is not installed; run tools/setup.sh lint" >&2
    exit 4
  done
}

# place NAME: where tools/setup.sh keeps it.
place() { tools/setup.sh where | sed -n "s/^$1 //p"; }

# .shellcheckrc says what is sourced.
lint_shell() {
  need shellcheck
  local files
  mapfile -t files < <(git ls-files '*.sh' .ci/run findings/prepare)
  shellcheck "${files[@]}"
  echo "lint: ${#files[@]} shell scripts"
}

# ruff.toml says what is looked for, and python/pyproject.toml how strict the types of the module are.
lint_python() {
  local ruff files packages
  ruff=$(place ruff)
  need "$ruff"
  mapfile -t files < <(git ls-files '*.py' '*.pyi' '*.ipynb')
  "$ruff" check --quiet --no-cache "${files[@]}"
  packages=$(dirname "$(dirname "$ruff")")
  PYTHONPATH=$packages python3 -m mypy --config-file python/pyproject.toml --cache-dir build/lint-mypy --no-error-summary python/src/heretix
  echo "lint: ${#files[@]} Python files"
}

# web/.prettierrc.json and .prettierignore say how the page is formatted, web/eslint.config.js what is looked for.
lint_web() {
  local node modules prettier
  node=$(place node)
  modules=$(place web)
  need "$node" "$modules/.bin/prettier" "$modules/.bin/eslint"
  prettier=("$node" "$modules/prettier/bin/prettier.cjs" --ignore-path web/.prettierignore --log-level warn)
  if ! "${prettier[@]}" --check web; then
    echo "lint: to format the page: ${prettier[*]} --write web" >&2
    exit 1
  fi
  python3 tools/lint_web.py "$node" "$modules" . build/lint-web
  echo "lint: the page"
}

lint_cpp() {
  need clang-format-14 clang-tidy-16 cmake
  local files sources base changed
  mapfile -t files < <(git ls-files 'src/*.cpp' 'src/*.hpp' 'tests/*.cpp' 'bench/*.cpp' 'fuzz/*.cpp' 'python/*.cpp' 'python/*.hpp')
  clang-format-14 --dry-run --Werror "${files[@]}"
  python3 tools/check_size.py "${files[@]}"

  cmake --preset lint >/dev/null
  mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '^src/.*\.cpp$')
  if [ "$what" = changed ]; then
    # A continuous integration that knows its base says so in HERETIX_LINT_BASE; else the last commit is looked at.
    base=$(git rev-parse --verify --quiet "${HERETIX_LINT_BASE:-HEAD~1}" || true)
    changed=$(git diff --name-only "${base:-HEAD}" -- src | sort -u)
    mapfile -t sources < <(printf '%s\n' "${sources[@]}" | grep -F -x -f <(echo "${changed:-none}") || true)
  fi
  [ ${#sources[@]} -eq 0 ] || printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 2 clang-tidy-16 -p build/lint --quiet \
    --extra-arg=-Wno-error '--extra-arg=-DHERETIX_PROMPTS="p"' '--extra-arg=-DHERETIX_TEST_DATA="d"' 2>/dev/null
  echo "lint: ${#files[@]} files formatted, ${#sources[@]} checked by clang-tidy"
}

case $what in
  all | changed)
    lint_shell
    lint_python
    lint_web
    lint_cpp
    ;;
  shell | python | web | cpp) "lint_$what" ;;
  *) echo "lint: unknown part '$what'; use all, changed, shell, python, web or cpp" >&2; exit 2 ;;
esac
