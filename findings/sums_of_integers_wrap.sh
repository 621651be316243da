#!/bin/sh
# The largest 64-bit integer plus 1: the sums of pyarrow 26.0.1, pandas 3.1.1, polars 2.1.0, DataFusion 55.0.0 and chdb 4.4.0 are negative, without
# an error or a warning; only DuckDB 2.0.0 widens. polars widens 8 and 16 bits, but wraps 32-bit integers at 2**31. chdb's avg divides
# the wrapped sum: the average of four times 2**62 is 0. Cast to a decimal or to double before adding what can be large, such as ids and seeds.
. "$(dirname "$0")/prepare"
python_with pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 datafusion==55.0.0 chdb==4.4.0 duckdb==2.0.0
cd "$folder"
"$python" - <<'PYTHON'
import chdb
import datafusion
import duckdb
import pandas
import polars
import pyarrow
import pyarrow.compute
import pyarrow.parquet

numbers = [2**63 - 1, 1]
table = pyarrow.table({"n": numbers})
pyarrow.parquet.write_table(table, "numbers.parquet")
pyarrow.parquet.write_table(pyarrow.table({"n": [2**62] * 4}), "equal.parquet")
context = datafusion.SessionContext()
context.register_parquet("numbers", "numbers.parquet")

found = {
    "pyarrow": pyarrow.compute.sum(table["n"]).as_py(),
    "pandas": int(pandas.Series(numbers).sum()),
    "pandas Int64": int(pandas.Series(numbers, dtype="Int64").sum()),
    "polars": polars.Series(numbers).sum(),
    "datafusion": context.sql("SELECT sum(n) AS s FROM numbers").to_pydict()["s"][0],
    "chdb": int(str(chdb.query("SELECT sum(n) FROM file('numbers.parquet')"))),
    "duckdb": duckdb.sql("SELECT sum(n) FROM 'numbers.parquet'").fetchall()[0][0],
}
print(found)
assert found.pop("duckdb") == 2**63
assert set(found.values()) == {-(2**63)}, found

largest = {polars.Int8: 2**7 - 1, polars.Int16: 2**15 - 1, polars.Int32: 2**31 - 1}
narrow = [polars.Series([number] * 3, dtype=dtype).sum() for dtype, number in largest.items()]
print("polars, three times the largest number of 8, 16 and 32 bits:", narrow)
assert narrow == [3 * (2**7 - 1), 3 * (2**15 - 1), 2**31 - 3], narrow

average = float(str(chdb.query("SELECT avg(n) FROM file('equal.parquet')")))
print("chdb, the average of four times 2**62:", average)
assert average == 0 and polars.Series([2**62] * 4).mean() == 2.0**62 and pyarrow.compute.mean(pyarrow.array([2**62] * 4)).as_py() == 2.0**62
PYTHON
