#!/bin/sh
# The same ten pairs as tenths and as whole numbers have different p-values in SciPy 1.17.1's wilcoxon, 0.17 and 0.11, and pingouin 0.7.0 repeats it:
# 0.3 - 0.2 and 0.6 - 0.5 differ in their last bit, so equal differences are ranked instead of tied. Answers of models are such round decimals.
# Round the differences before the test.
. "$(dirname "$0")/prepare"
python_with scipy==1.17.1 numpy==2.4.6 pingouin==0.7.0
"$python" - <<'PYTHON'
import numpy as np
import pingouin
import scipy
from scipy.stats import wilcoxon

before = np.array([2, 5, 8, 8, 3, 4, 7, 3, 8, 5])
after = np.array([3, 6, 9, 7, 4, 5, 8, 2, 9, 6])
found = {
    "whole numbers": wilcoxon(after, before).pvalue,
    "tenths": wilcoxon(after / 10, before / 10).pvalue,
    "tenths, rounded": wilcoxon(np.round(after / 10 - before / 10, 9)).pvalue,
    "pingouin, tenths": pingouin.wilcoxon(after / 10, before / 10).p_val.iloc[0],
}
print("scipy", scipy.__version__, {how: round(float(p), 6) for how, p in found.items()})
assert [round(float(p), 6) for p in found.values()] == [0.109375, 0.171875, 0.109375, 0.171875], found
PYTHON
