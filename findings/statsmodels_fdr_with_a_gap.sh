#!/bin/sh
# One missing p-value among three empties all of them: multipletests of statsmodels 0.15.0 by Benjamini and Hochberg returns three NaN and rejects nothing,
# without an error (the first is still called rejected). SciPy 1.17.1 refuses the same input; R leaves the missing one out.
. "$(dirname "$0")/prepare"
python_with statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6
"$python" - <<'PYTHON'
import math
import scipy.stats
import statsmodels
from statsmodels.stats.multitest import multipletests

rejected, adjusted, *_ = multipletests([1e-9, math.nan, 0.04], method="fdr_bh")
print("statsmodels", statsmodels.__version__, rejected, adjusted)
assert rejected.tolist() == [True, False, False] and all(map(math.isnan, adjusted))
try:
    scipy.stats.false_discovery_control([1e-9, math.nan, 0.04])
    raise SystemExit("SciPy adjusted them")
except ValueError as error:
    print("scipy:", error)
PYTHON
