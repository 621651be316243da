#!/bin/sh
# Two judges give grades from 1 to 10, of which only some occur: scikit-learn 1.9.1 and statsmodels 0.15.0 weigh by the place among the grades that
# occurred, so that 3 and 9 are neighbours (kappa 0.74 with linear weights, 0.91 if all ten are named). iaa-kit 0.1.2 sorts the grades as text
# as well, which puts 10 before 2 (0.48).
. "$(dirname "$0")/prepare"
python_with scikit-learn==1.9.1 statsmodels==0.15.0 iaa-kit==0.1.2 numpy==2.4.6
"$python" - <<'PYTHON'
import iaa_kit
import numpy as np
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa, to_table

one, other = [2, 2, 3, 9, 9, 10], [2, 3, 3, 9, 10, 10]
found = {
    "scikit-learn": cohen_kappa_score(one, other, weights="linear"),
    "scikit-learn, all grades named": cohen_kappa_score(one, other, weights="linear", labels=range(1, 11)),
    "statsmodels": cohens_kappa(to_table(np.array([one, other]).T)[0], wt="linear").kappa,
    "iaa-kit": iaa_kit.weighted_kappa(one, other, "linear"),
}
found = {name: round(float(kappa), 3) for name, kappa in found.items()}
print(found)
assert found == {"scikit-learn": 0.739, "scikit-learn, all grades named": 0.912, "statsmodels": 0.739, "iaa-kit": 0.478}, found
PYTHON
