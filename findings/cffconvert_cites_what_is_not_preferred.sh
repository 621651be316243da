#!/bin/sh
# cffconvert 2.0.0, of a CITATION.cff that it finds valid: preferred-citation is left out of every format, so that the software is cited where its
# authors ask for the paper, and two licences become the one address "https://spdx.org/licenses/['MIT', 'Apache-2.0']".
. "$(dirname "$0")/prepare"
python_with cffconvert==2.0.0
cd "$folder"
cat > CITATION.cff <<'CFF'
cff-version: 1.2.0
message: Please cite the paper.
title: Heron
authors:
  - family-names: Roe
    given-names: Ann
license: [MIT, Apache-2.0]
preferred-citation:
  type: article
  title: Measuring belief
  journal: Journal of Examples
  year: 2026
  authors:
    - family-names: Doe
      given-names: Bob
CFF
"$folder/venv/bin/cffconvert" --validate
for format in apalike bibtex endnote ris codemeta schema.org; do
  "$folder/venv/bin/cffconvert" --format "$format"
done > converted
echo "cffconvert 2.0.0: $(grep -c Heron converted) times the software, $(grep -c Measuring converted) times the paper; $(grep -m 1 licenses converted)"
[ "$(grep -c Heron converted)" = 6 ]
if grep -q -e Measuring -e Doe converted; then exit 1; fi
[ "$(grep -c -F "https://spdx.org/licenses/['MIT', 'Apache-2.0']" converted)" = 2 ]
