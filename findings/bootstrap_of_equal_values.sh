#!/bin/sh
# Eight answers that all say 0.7: SciPy 1.17.1's bootstrap gives the interval (nan, nan) by its default method BCa, with a warning and
# no error; arch 8.0.0 raises for BCa and gives (0.7, 0.7) by its own default. The interval that says most certainty is the one that is lost.
. "$(dirname "$0")/prepare"
python_with scipy==1.17.1 numpy==2.4.6 arch==8.0.0
"$python" - <<'PYTHON'
import math
import warnings
import numpy as np
import scipy.stats
from arch.bootstrap import IIDBootstrap

warnings.simplefilter("ignore")
answers = np.array([0.7] * 8)
interval = scipy.stats.bootstrap((answers,), np.mean, rng=1).confidence_interval
print("scipy", scipy.__version__, "BCa:", interval)
assert math.isnan(interval.low) and math.isnan(interval.high)
interval = scipy.stats.bootstrap((answers,), np.mean, rng=1, method="percentile").confidence_interval
assert math.isclose(interval.low, 0.7) and math.isclose(interval.high, 0.7), interval
try:
    IIDBootstrap(answers, seed=1).conf_int(np.mean, 500, method="bca")
    raise SystemExit("arch gave an interval")
except RuntimeError as error:
    print("arch BCa:", type(error).__name__)
low, high = IIDBootstrap(answers, seed=1).conf_int(np.mean, 500).ravel()
assert math.isclose(low, 0.7) and math.isclose(high, 0.7), (low, high)
PYTHON
