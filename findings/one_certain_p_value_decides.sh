#!/bin/sh
# combine_pvalues of SciPy 1.17.1 by Stouffer's method, of two p-values of 1e-12 and one of exactly 1: the result is 1, because 1 becomes minus infinity.
# A 0 and a 1 give NaN. Exact tests (Fisher's, the binomial, a permutation of equal answers) return exactly 1 quite often.
# mudholkar_george does the same; Fisher's method does not. Clip the p-values below 1, or use Fisher's method.
. "$(dirname "$0")/prepare"
python_with scipy==1.17.1 numpy==2.4.6
"$python" - <<'PYTHON'
import math
import scipy
from scipy.stats import binomtest, combine_pvalues

no_effect = float(binomtest(5, 10, 0.5).pvalue)
assert no_effect == 1
for method in ("stouffer", "mudholkar_george", "fisher"):
    exact = float(combine_pvalues([1e-12, 1e-12, no_effect], method=method).pvalue)
    near = float(combine_pvalues([1e-12, 1e-12, 0.999], method=method).pvalue)
    opposite = float(combine_pvalues([0, 1], method=method).pvalue)
    print(f"scipy {scipy.__version__} {method}: with 1 {exact:.3g}, with 0.999 {near:.3g}, of 0 and 1 {opposite:.3g}")
    assert near < 1e-6, near
    assert (exact == 1 and math.isnan(opposite)) if method != "fisher" else (exact < 1e-6 and opposite == 0)
PYTHON
