#!/bin/sh
# aggregate_raters of statsmodels 0.15.0 counts NaN as one more category: three raters who never disagree, and each left something out, have a
# Fleiss' kappa of 0.47. Krippendorff's alpha of the same table, which leaves missing ratings out, is 1.
. "$(dirname "$0")/prepare"
python_with statsmodels==0.15.0 krippendorff==0.9.0 numpy==2.4.6
"$python" - <<'PYTHON'
import krippendorff
import numpy as np
import statsmodels
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

missing = np.nan
claims = np.array([[1, 1, missing], [0, missing, 0], [missing, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 0]])
counts, categories = aggregate_raters(claims)
kappa, alpha = fleiss_kappa(counts), krippendorff.alpha(reliability_data=claims.T, level_of_measurement="nominal")
print("statsmodels", statsmodels.__version__, "categories", categories, "kappa", kappa, "alpha", alpha)
assert len(categories) == 3 and np.isnan(categories[2]), categories
assert alpha == 1 and abs(kappa - 0.4653) < 1e-4, (alpha, kappa)
PYTHON
