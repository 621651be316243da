#!/usr/bin/env bash
# Builds the documentation as a site (mkdocs.yml) into build/site, or into the folder given. Anything that MkDocs warns of ends it: a link or an anchor that
# leads nowhere, a page that the order of reading does not name.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=$(tools/setup.sh where | sed -n 's/^docs //p')
[ -d "$packages" ] || { echo "docs: what builds the site is not installed: run tools/setup.sh docs" >&2; exit 4; }
export NO_MKDOCS_2_WARNING=1 PYTHONDONTWRITEBYTECODE=1
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# With --quiet, MkDocs 1.6.1 counts no warnings, and --strict ends nothing.
PYTHONPATH=$packages python3 -m mkdocs build --strict --clean --site-dir "${1:-build/site}" >"$said" 2>&1 || { grep -v '^INFO' "$said" >&2; exit 1; }
