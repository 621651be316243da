#!/bin/sh
# log_score of scoringrules 0.10.0 (the newest for Python 3.11) computes log|p + y - 1|, so that a small probability of what happened is lost in the 1:
# at 1e-15 the score is off by a tenth, and from 1e-16 on it is infinite, where -log p is 36.8. Language models state such probabilities of tokens.
. "$(dirname "$0")/prepare"
python_with scoringrules==0.10.0 numpy==2.4.6
"$python" - <<'PYTHON'
import importlib.metadata
import math
import warnings

import scoringrules

warnings.simplefilter("ignore")
found = {p: (float(scoringrules.log_score(1, p)), -math.log(p)) for p in (1e-5, 1e-15, 1e-16)}
print("scoringrules", importlib.metadata.version("scoringrules"), found)
assert abs(found[1e-5][0] - found[1e-5][1]) < 1e-9
assert 0.1 < found[1e-15][1] - found[1e-15][0] < 0.11, found
assert math.isinf(found[1e-16][0]), found
PYTHON
