#!/bin/sh
# Raters who agree on every item and always say yes: Cohen's kappa is NaN in scikit-learn 1.9.1 and statsmodels 0.15.0, Fleiss' kappa is NaN there, krippendorff
# 0.9.0 raises, and scikit-learn's matthews_corrcoef is 0.0, the value for guessing. The mean of kappas over questions is then lost or too low.
# Report the share of agreement beside the coefficient, and treat a single category as a case of its own.
. "$(dirname "$0")/prepare"
python_with scikit-learn==1.9.1 statsmodels==0.15.0 krippendorff==0.9.0 scipy==1.17.1 numpy==2.4.6
"$python" - <<'PYTHON'
import math
import warnings
import krippendorff
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

warnings.simplefilter("ignore")
yes = [1, 1, 1, 1]
found = {
    "cohen, scikit-learn": float(cohen_kappa_score(yes, yes)),
    "cohen, statsmodels": float(cohens_kappa([[4, 0], [0, 0]]).kappa),
    "fleiss, statsmodels": float(fleiss_kappa([[0, 2]] * 4)),
}
matthews = float(matthews_corrcoef(yes, yes))
print(found, "matthews", matthews)
assert all(map(math.isnan, found.values())) and matthews == 0, found
try:
    krippendorff.alpha([yes, yes], level_of_measurement="nominal")
    raise SystemExit("krippendorff gave a value")
except ValueError as error:
    print("krippendorff:", error)
PYTHON
