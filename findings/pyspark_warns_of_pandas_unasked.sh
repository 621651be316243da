#!/bin/sh
# PySpark 4.3.0: where pandas 3 is installed, making a SparkSession imports pandas and pyspark.testing, and warns that "PySpark does not yet fully
# support pandas >= 3.0.0", also in a job that has nothing to do with pandas. 4.1.4 imports both too, without a word. It needs Java 17.
. "$(dirname "$0")/prepare"
python_with wheel setuptools
for version in 4.1.4 4.3.0; do
  "$python" -m pip install --quiet --disable-pip-version-check --no-build-isolation "pyspark==$version" pandas==3.1.1
  PYTHONWARNINGS=default "$python" - >"$folder/said-$version" 2>&1 <<'PYTHON'
import sys

import pyspark
from pyspark.sql import SparkSession

before = sorted(name for name in ("pandas", "pyspark.testing") if name in sys.modules)
session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
after = sorted(name for name in ("pandas", "pyspark.testing") if name in sys.modules)
print(f"pyspark {pyspark.__version__}", before, after, session.sparkContext.parallelize([1, 2]).map(lambda x: x + 1).collect())
session.stop()
PYTHON
  grep -o -e 'pyspark 4.*' -e 'FutureWarning: .*' "$folder/said-$version"
done
for version in 4.1.4 4.3.0; do grep -q "pyspark $version \[\] \['pandas', 'pyspark.testing'\] \[2, 3\]" "$folder/said-$version"; done
grep -q 'does not yet fully support pandas >= 3.0.0' "$folder/said-4.3.0"
! grep -q 'fully support pandas' "$folder/said-4.1.4"
