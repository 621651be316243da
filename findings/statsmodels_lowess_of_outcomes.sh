#!/bin/sh
# Calibration curves by lowess of statsmodels 0.15.0 go wrong in two ways. Of thirty forecasts of 0.9 half came true, and the curve is 0 or 1 there, by the
# first of them alone: where equal forecasts fill the window, its width is 0, and lowess falls back to one outcome with a NumPy warning at most.
# Where two of twenty came true the curve is 0 from end to end, because it=3, the default, gives the rarer outcome no weight as an outlier.
# Pass it=0 for outcomes of 0 and 1, and average the outcomes of equal forecasts first or take a window wider than the largest lump.
. "$(dirname "$0")/prepare"
python_with statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6
"$python" - <<'PYTHON'
import numpy as np
import statsmodels
from statsmodels.nonparametric.smoothers_lowess import lowess


def curve(outcome, forecast, **options):
    return lowess(outcome, forecast, return_sorted=False, **options)


forecast = np.array([0.9] * 30 + [0.1] * 3 + [0.5] * 3)
outcome = np.arange(36) % 2
assert outcome[:30].mean() == 0.5
found = [float(curve(outcomes, forecast, it=0)[0]) for outcomes in (outcome, 1 - outcome)]
wide = float(curve(outcome, forecast, it=0, frac=0.9)[0])
print("statsmodels", statsmodels.__version__, "at 0.9, where half came true:", found, "and in a wide window", wide)
assert found == [0, 1] and abs(wide - 0.5) < 1e-6

forecast = np.linspace(0, 1, 20)
outcome = np.array([0] * 18 + [1] * 2)
by_default, not_robust = (float(curve(outcome, forecast, **options).max()) for options in ({}, {"it": 0}))
print("the highest point where two of twenty came true:", by_default, "and with it=0", not_robust)
assert by_default == 0 and abs(not_robust - 0.7) < 0.01
PYTHON
