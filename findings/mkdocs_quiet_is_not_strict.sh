#!/bin/sh
# MkDocs 1.6.1: --strict ends a build with an error where a page warns, for example of a link to a page that is not there. With --quiet beside it the
# same build succeeds, because strictness counts the warnings that are logged and --quiet logs none of them. A continuous integration that wants
# short logs loses the check without a word; sending the output elsewhere keeps it.
. "$(dirname "$0")/prepare"
python_with mkdocs==1.6.1
cd "$folder"
mkdir docs
printf 'site_name: Site\n' > mkdocs.yml
printf '# Home\n\n[A page](missing.md)\n' > docs/index.md
build() { "$folder/venv/bin/mkdocs" build "$@" >/dev/null 2>&1 && echo "succeeds" || echo "fails"; }
strict=$(build --strict)
both=$(build --strict --quiet)
echo "mkdocs $("$python" -c 'from importlib.metadata import version; print(version("mkdocs"))'): with --strict the build $strict, with --strict --quiet it $both"
[ "$strict" = "fails" ]
[ "$both" = "succeeds" ]
