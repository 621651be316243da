#!/bin/sh
# fastparquet 2026.9.0 reads the folder model=3m as three minutes past midnight in the year 1, model=5d as five days, month=may as a time in
# the year 1, and month=2026-01 as the first day of that month. pyarrow 26.0.1 wrote these folders and gives the text back. Read such
# folders with another library, or keep the key as a column in the files under another name.
. "$(dirname "$0")/prepare"
python_with fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1
cd "$folder"
"$python" - <<'PYTHON'
import fastparquet
import pyarrow
import pyarrow.parquet


def keys(name, *wanted):
    table = pyarrow.table({"p": [0.5, 0.25], "key": wanted})
    pyarrow.parquet.write_to_dataset(table, name, partition_cols=["key"])
    assert sorted(pyarrow.parquet.read_table(name)["key"].to_pylist()) == sorted(wanted)
    return sorted(map(str, fastparquet.ParquetFile(name).to_pandas().key))


print("fastparquet", fastparquet.__version__)
found = [keys("sizes", "3m", "8b"), keys("levels", "5d", "7d"), keys("words", "may", "june"), keys("months", "2026-01", "2026-02")]
print(found)
assert found == [
    ["0001-01-01 00:03:00", "8b"],
    ["5 days 00:00:00", "7 days 00:00:00"],
    ["0001-05-01 00:00:00", "0001-06-01 00:00:00"],
    ["2026-01-01 00:00:00", "2026-02-01 00:00:00"],
], found
PYTHON
