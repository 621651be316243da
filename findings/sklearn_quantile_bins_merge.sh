#!/bin/sh
# calibration_curve of scikit-learn 1.9.1 with strategy="quantile" and n_bins=5, of nineteen forecasts of 0.9 and one of 0.1: one single bin, at
# their mean 0.86, which nobody forecast. Equal quantiles are dropped as bin edges without a word, and models answer in such lumps.
. "$(dirname "$0")/prepare"
python_with scikit-learn==1.9.1 numpy==2.4.6
"$python" - <<'PYTHON'
import sklearn
from sklearn.calibration import calibration_curve

happened, forecast = calibration_curve([0, 1] * 10, [0.9] * 19 + [0.1], n_bins=5, strategy="quantile")
print("scikit-learn", sklearn.__version__, "bins at", forecast, "with", happened)
assert len(forecast) == 1 and abs(forecast[0] - 0.86) < 1e-9, forecast
_, uniform = calibration_curve([0, 1] * 10, [0.9] * 19 + [0.1], n_bins=5, strategy="uniform")
assert len(uniform) == 2, uniform
PYTHON
