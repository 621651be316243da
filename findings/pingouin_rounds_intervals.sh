#!/bin/sh
# pingouin 0.7.0 rounds the ends of its bootstrap interval to two decimals unless it is told otherwise: for a mean near 0.002 it is [0, 0], which
# does not hold the mean. The interval of a correlation is rounded too, while its coefficient is not.
. "$(dirname "$0")/prepare"
python_with pingouin==0.7.0 numpy==2.4.6
"$python" - <<'PYTHON'
import numpy as np
import pingouin

rare = np.array([0.001, 0.002, 0.004, 0.003, 0.001, 0.002])
rounded = pingouin.compute_bootci(rare, func="mean", seed=1)
whole = pingouin.compute_bootci(rare, func="mean", seed=1, decimals=6)
correlation = pingouin.corr([0.1, 0.2, 0.3, 0.5, 0.6], [0.2, 0.1, 0.4, 0.6, 0.5])
print("pingouin", pingouin.__version__, "mean", rare.mean(), "in", rounded, "by default, in", whole, "with six decimals;", correlation[["r", "CI95"]].values.tolist())
assert rounded.tolist() == [0, 0], rounded
assert whole[0] < rare.mean() < whole[1], whole
assert all(round(end, 2) == end for end in correlation["CI95"].iloc[0]) and round(correlation["r"].iloc[0], 2) != correlation["r"].iloc[0]
PYTHON
