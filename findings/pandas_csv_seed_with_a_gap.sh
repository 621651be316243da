#!/bin/sh
# A column of 64-bit unsigned numbers in a CSV file: pandas 3.1.1 reads it as uint64 while every row has one, and as *text* as soon as one
# cell is empty; the empty cell is then '' and not missing. Numbers below 2**63 become float64 in the same case. polars 2.1.0 keeps numbers and null.
. "$(dirname "$0")/prepare"
python_with pandas==3.1.1 polars==2.1.0
"$python" - <<'PYTHON'
import io
import pandas
import polars

seed = 12811651131723241999
whole = pandas.read_csv(io.StringIO(f"seed,p\n{seed},0.5\n5,0.25\n")).seed
gap = pandas.read_csv(io.StringIO(f"seed,p\n{seed},0.5\n,0.25\n")).seed
small = pandas.read_csv(io.StringIO("seed,p\n7,0.5\n,0.25\n")).seed
print("pandas", pandas.__version__, whole.dtype, gap.tolist(), small.dtype)
assert whole.tolist() == [seed, 5] and gap.tolist() == [str(seed), ""] and not gap.isna().any() and small.dtype == "float64"
assert polars.read_csv(io.StringIO(f"seed,p\n{seed},0.5\n,0.25\n"))["seed"].to_list() == [seed, None]
PYTHON
