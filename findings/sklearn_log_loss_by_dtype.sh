#!/bin/sh
# A certain and wrong forecast (1.0 for what is false) costs 36.04 in scikit-learn 1.9.1's log_loss as float64 and 15.94 as float32: the
# clip is the machine epsilon of the array's type. Two tables of the same forecasts rank models differently by their dtype alone.
. "$(dirname "$0")/prepare"
python_with scikit-learn==1.9.1 numpy==2.4.6
"$python" - <<'PYTHON'
import numpy as np
import sklearn
from sklearn.metrics import log_loss

loss = {d: float(log_loss([0, 1], np.array([1.0, 1.0], dtype=d))) * 2 for d in ("float64", "float32")}
print("scikit-learn", sklearn.__version__, loss)
assert abs(loss["float64"] - 36.04) < 0.01 and abs(loss["float32"] - 15.94) < 0.01, loss
PYTHON
